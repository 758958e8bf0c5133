"""``spec.json``: what is written is what is read, and a file that is none says so."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

import cells
import tasks
from workbench.config import spec
from workbench.config.fields import Field
from workbench.config.options import TrainOptions
from workbench.config.spec import RunSpec, SpecError, from_json, make

FIELDS = {field.key: field for field in spec.fields("names")}


def values_of(field: Field) -> st.SearchStrategy[Any]:
    """Every value that a field takes."""
    if field.choices:
        return st.sampled_from(field.choices)
    match field.kind:
        case "bool":
            return st.booleans()
        case "int":
            return st.integers(field.at_least, field.at_most if field.below is None else field.below - 1)
        case "float":
            low, high = (field.above, field.below) if field.above is not None else (field.at_least, field.below)
            return st.floats(
                field.above if field.at_least is None else field.at_least,
                field.below if field.at_most is None else field.at_most,
                exclude_min=low is not None and field.at_least is None,
                exclude_max=high is not None,
            )
    if field.key == "task.folder":
        return st.sampled_from(["", "/own/names"])  # made absolute
    return st.sampled_from(["auto", "cpu", "cuda", "cuda:3"])


def fit_together(values: dict[str, Any]) -> bool:
    """True where a run of them has an end, and the languages are weighted at most once."""
    endless = not values.get("train.epochs", 1) and not values.get("train.max_steps", 0)
    twice = values.get("task.draw") == "languages" and values.get("task.imbalance") != "none"
    return not endless and not twice


VALUES = st.fixed_dictionaries({}, optional={key: values_of(field) for key, field in FIELDS.items()}).filter(
    fit_together
)


@budget(max_examples=100, deadline=None)
@given(VALUES, st.sampled_from(cells.available()), st.sampled_from(["full", "starter"]), st.text(max_size=8))
def test_json_gives_the_same_run_back(values: dict[str, Any], cell: str, data: Any, folder: str) -> None:
    run = make("names", cell, values, data=data, data_dir=folder)
    assert {key: spec.value(run, key) for key in values} == values
    again = from_json(run.to_json())
    assert again == run
    assert type(again.settings) is type(run.settings)


@budget(max_examples=50, deadline=None)
@given(VALUES)
def test_what_is_typed_is_read_as_what_is_meant(values: dict[str, Any]) -> None:
    typed = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in values.items()}
    assert make("names", "gru", typed) == make("names", "gru", values)


def raw(run: RunSpec, **changes: Any) -> bytes:
    return json.dumps({**json.loads(run.to_json()), **changes}).encode()


RUN = make("names", "lstm")
WHOLE = RUN.to_json()


@pytest.mark.parametrize(
    "text",
    [b"", b"\xff\xfe\x00", b"null", b"[]", b'"schema"', b"{}", WHOLE[: len(WHOLE) // 2], WHOLE + b"x"],
    ids=["empty", "binary", "null", "list", "string", "no schema", "cut off", "something after it"],
)
def test_a_damaged_file_says_so(text: bytes) -> None:
    with pytest.raises(SpecError, match="damaged"):
        from_json(text)


@pytest.mark.parametrize("schema", [2, 99, "1", None, 1.5])
def test_a_newer_schema_asks_for_an_update(schema: Any) -> None:
    with pytest.raises(SpecError, match=r"newer Workbench .*update Workbench"):
        from_json(raw(RUN, schema=schema, unheard_of=1))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"tusk": "names"}, "tusk"),
        ({"train": {"lrr": 1.0}}, "lrr"),
        ({"options": {"width": 3}}, "width"),
        ({"settings": {"colour": "red"}}, "colour"),
        ({"options": {"hidden": 0}}, "hidden"),
        ({"train": {"lr": None}}, "lr"),
        ({"settings": {"split_seed": -1}}, "split_seed"),
        ({"data": "half"}, "half"),
        ({"task": "nomes"}, "did you mean 'names'"),
    ],
)
def test_a_field_that_is_unknown_or_out_of_bounds_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(SpecError, match=named) as error:
        from_json(raw(RUN, **changes))
    assert "\n" not in str(error.value)
    assert str(error.value)[-1] in ".?"


def test_a_missing_field_has_its_default() -> None:
    assert from_json(raw(RUN, train={"lr": 0.5})).train == TrainOptions(lr=0.5)


def test_a_run_whose_cell_is_gone_can_still_be_read() -> None:
    assert from_json(raw(RUN, cell="mine")) == msgspec.structs.replace(RUN, cell="mine")


def test_a_file_nested_without_end_is_damaged() -> None:
    with pytest.raises(SpecError, match="damaged"):
        from_json(b"[" * 100_000)


def test_an_older_run_measures_as_many_training_examples_as_a_new_one() -> None:
    described = spec.make("climate", "gru", {"train.lr": 0.5})
    older = msgspec.json.decode(described.to_json())
    del older["train"]["eval_train"]
    read = spec.from_json(msgspec.json.encode(older))
    assert read == described
    assert read.train.eval_train == tasks.settings("climate").defaults["train.eval_train"]
    assert spec.changed(read) == {"train.lr": 0.5}


def test_an_older_run_has_no_kernel_of_its_own() -> None:
    described = spec.make("names", "lstm")
    older = msgspec.json.decode(described.to_json())
    del older["options"]["kernel"]
    read = spec.from_json(msgspec.json.encode(older))
    assert read == described
    assert read.options.kernel == "auto"
    assert spec.changed(read) == {}
