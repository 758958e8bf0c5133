"""Settings by their dotted keys: what is accepted, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest
from plain_sentences import is_plain

from workbench.config import spec
from workbench.config.fields import Field
from workbench.config.spec import SpecError, make

FIELDS = spec.fields("names")


def outside(field: Field) -> list[Any]:
    """A value just past each bound of a field."""
    tiny = 1 if field.kind == "int" else 1e-9
    past = ((field.at_least, -tiny), (field.above, 0), (field.at_most, tiny), (field.below, 0))
    return [bound + by * max(1, abs(bound)) for bound, by in past if bound is not None]


def inside(field: Field) -> list[Any]:
    """The outermost values that a field takes."""
    step = 1 if field.kind == "int" else 1e-9
    past = ((field.at_least, 0), (field.above, step), (field.at_most, 0), (field.below, -step))
    return [bound + by for bound, by in past if bound is not None]


@pytest.mark.parametrize(("field", "value"), [(f, v) for f in FIELDS for v in outside(f)], ids=str)
@pytest.mark.parametrize("typed", [False, True])
def test_a_value_past_a_bound_is_refused_in_a_sentence(field: Field, value: Any, typed: bool) -> None:
    given = repr(value) if typed else value
    with pytest.raises(SpecError) as error:
        make("names", "lstm", {field.key: given})
    assert is_plain(str(error.value))
    assert str(error.value).startswith(f"{field.key} cannot be {value}: it must be ")
    assert str(error.value).endswith(f" {field.bounds}.")


@pytest.mark.parametrize(("field", "value"), [(f, v) for f in FIELDS for v in inside(f)], ids=str)
@pytest.mark.parametrize("typed", [False, True])
def test_a_bound_itself_is_taken(field: Field, value: Any, typed: bool) -> None:
    read = field.read(repr(value) if typed else value)
    assert read == value
    assert type(read) is {"int": int, "float": float}[field.kind]


@pytest.mark.parametrize("field", [f for f in FIELDS if f.choices], ids=lambda f: f.key)
def test_a_choice_takes_its_own_and_names_them(field: Field) -> None:
    assert [field.read(choice) for choice in field.choices] == list(field.choices)
    with pytest.raises(SpecError) as error:
        make("names", "lstm", {field.key: "neither"})
    assert is_plain(str(error.value))
    assert all(choice in str(error.value) for choice in field.choices)


@pytest.mark.parametrize("value", ["much", "", None, "nan", float("nan"), "inf", [1], True])
@pytest.mark.parametrize("key", ["train.lr", "cell.hidden", "train.seed"])
def test_what_is_no_number_is_refused(key: str, value: Any) -> None:
    with pytest.raises(SpecError) as error:
        make("names", "lstm", {key: value})
    assert is_plain(str(error.value))
    assert key in str(error.value)


@pytest.mark.parametrize("value", ["auto", "cpu", "cuda", "cuda:0", "cuda:12"])
def test_devices(value: str) -> None:
    assert make("names", "lstm", {"device": value}).train.device == value


@pytest.mark.parametrize("value", ["gpu", "cuda:", "cuda:x", "cpu:0", "", "mps", "cuda:1 "])
def test_what_is_no_device_is_refused_with_examples(value: str) -> None:
    with pytest.raises(SpecError, match="cuda:1") as error:
        make("names", "lstm", {"device": value})
    assert is_plain(str(error.value))


@pytest.mark.parametrize(
    ("short", "full"),
    [("lr", "train.lr"), ("hidden", "cell.hidden"), ("input", "task.input"), ("epochs", "train.epochs")],
)
def test_a_keys_last_part_is_enough(short: str, full: str) -> None:
    value = {"input": "one-hot"}.get(short, "7")
    assert make("names", "lstm", {short: value}) == make("names", "lstm", {full: value})
    assert make("names", "lstm", {short: value}) != make("names", "lstm")


@pytest.mark.parametrize("ambiguous", ["dropout"])
def test_a_last_part_that_two_settings_share_is_not_guessed(ambiguous: str) -> None:
    with pytest.raises(SpecError, match=r"There is no setting 'dropout'.*(cell|task)\.dropout"):
        make("names", "lstm", {ambiguous: 0.1})


@pytest.mark.parametrize(
    ("task", "cell", "values", "preset", "sentence"),
    [
        ("name", "lstm", {}, "", "There is no task 'name': did you mean 'names'?"),
        ("names", "lstn", {}, "", "There is no cell 'lstn': did you mean 'lstm'?"),
        ("names", "gru_textbook", {}, "", "There is no cell 'gru_textbook': did you mean 'gru-textbook'?"),
        ("names", "lstm", {}, "tutorail", "There is no preset 'tutorail': did you mean 'tutorial'?"),
        ("names", "lstm", {"hiden": 1}, "", "There is no setting 'hiden': did you mean 'cell.hidden'?"),
        ("names", "lstm", {"task.lr": 1}, "", "There is no setting 'task.lr': did you mean 'train.lr'?"),
        ("names", "lstm", {"train.hidden": 1}, "", "There is no setting 'train.hidden': did you mean 'cell.hidden'?"),
        ("toy", "lstm", {}, "zzz", "There is no preset 'zzz': choose one of tiny."),
    ],
)
def test_an_unknown_name_gets_the_nearest_one(task: str, cell: str, values: Any, preset: str, sentence: str) -> None:
    with pytest.raises(SpecError) as error:
        make(task, cell, values, preset=preset)
    assert str(error.value) == sentence


def test_a_name_that_is_like_none_gets_them_all() -> None:
    with pytest.raises(SpecError) as error:
        make("names", "zzzzzz")
    assert "choose one of bilstm, co-rnn, " in str(error.value)


def test_a_run_without_an_end_is_refused() -> None:
    with pytest.raises(SpecError, match=r"never end.*train\.epochs.*train\.max_steps") as error:
        make("names", "lstm", {"epochs": 0})
    assert is_plain(str(error.value))
    assert make("names", "lstm", {"epochs": 0, "max_steps": 1}).train.max_steps == 1


def test_settings_that_do_not_fit_together_are_refused_in_the_tasks_words(monkeypatch: pytest.MonkeyPatch) -> None:
    import tasks

    def check(self: Any) -> None:
        raise ValueError("Neither goes with the other.")

    monkeypatch.setattr(tasks.settings("toy"), "check", check)
    with pytest.raises(SpecError, match=r"^Neither goes with the other\.$"):
        make("toy", "lstm")


@pytest.mark.parametrize(
    ("cell", "values"),
    [("bilstm", {}), ("lstm", {"bidirectional": True}), ("torch-gru", {"cell.bidirectional": "true"})],
)
def test_a_causal_task_refuses_a_network_that_reads_both_ways(
    monkeypatch: pytest.MonkeyPatch, cell: str, values: Any
) -> None:
    import tasks

    make("toy", cell, values)  # a task that is not causal takes it
    monkeypatch.setattr(tasks.settings("toy"), "causal", True)
    with pytest.raises(SpecError, match="left to right") as error:
        make("toy", cell, values)
    assert is_plain(str(error.value))
    assert make("toy", "lstm").cell == "lstm"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("~nobody-here/own.csv", r"^task\.csv: ~nobody-here/own\.csv names the home folder of nobody here: "),
        ("x" * 300, None),
    ],
)
def test_a_path_that_leads_nowhere_is_answered_not_raised(path: str, sentence: str | None) -> None:
    values = {"task.csv": path, "task.target": "t", "task.features": "t"}
    if sentence is None:
        assert spec.make("climate", "lstm", values).settings.csv.endswith(path)
        with pytest.raises(SpecError, match=r"is missing: name a file of word vectors"):
            spec.make("imdb", "lstm", {"task.vectors": path})
    else:
        with pytest.raises(SpecError, match=sentence):
            spec.make("climate", "lstm", values)


def test_languages_drawn_alike_are_not_weighed_again() -> None:
    with pytest.raises(SpecError, match=r"set task\.imbalance=none"):
        spec.make("names", "lstm", {"task.draw": "languages", "task.imbalance": "weights"})
