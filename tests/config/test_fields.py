"""Fields of the settings, for a form, a help text and a typed value."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from workbench.config.fields import Field, describe


class Everything(msgspec.Struct, frozen=True, kw_only=True):
    whole: Annotated[int, Meta(ge=1, le=2000, description="a count")] = 3
    share: Annotated[float, Meta(gt=0, lt=1, description="a share")] = 0.5
    flag: Annotated[bool, Meta(description="a switch")] = False
    pick: Annotated[Literal["left", "right"], Meta(description="a side")] = "left"
    bare_pick: Literal["up", "down"] = "up"
    text: Annotated[str, Meta(pattern="^[a-c]+$", description="letters a to c")] = "abc"
    bare: int = 0


FIELDS = {field.key: field for field in describe("s", Everything)}


def test_fields_keep_their_order_help_and_defaults() -> None:
    assert [(f.key, f.kind, f.default, f.help) for f in describe("s", Everything)] == [
        ("s.whole", "int", 3, "a count"),
        ("s.share", "float", 0.5, "a share"),
        ("s.flag", "bool", False, "a switch"),
        ("s.pick", "choice", "left", "a side"),
        ("s.bare_pick", "choice", "up", ""),
        ("s.text", "text", "abc", "letters a to c"),
        ("s.bare", "int", 0, ""),
    ]


@pytest.mark.parametrize(
    ("key", "bounds"),
    [
        ("s.whole", "≥ 1, ≤ 2,000"),
        ("s.share", "> 0, < 1"),
        ("s.flag", ""),
        ("s.pick", "left | right"),
        ("s.bare_pick", "up | down"),
        ("s.text", ""),
        ("s.bare", ""),
    ],
)
def test_bounds_as_a_person_reads_them(key: str, bounds: str) -> None:
    assert FIELDS[key].bounds == bounds


@pytest.mark.parametrize(
    ("key", "given", "read"),
    [
        ("s.whole", "12", 12),
        ("s.whole", 12, 12),
        ("s.share", "0.25", 0.25),
        ("s.share", "1e-3", 0.001),
        ("s.flag", "true", True),
        ("s.flag", "False", False),
        ("s.flag", "1", True),
        ("s.flag", "0", False),
        ("s.flag", True, True),
        ("s.pick", "right", "right"),
        ("s.text", "cab", "cab"),
        ("s.bare", "-7", -7),
    ],
)
def test_a_value_is_read_as_its_type(key: str, given: Any, read: Any) -> None:
    found = FIELDS[key].read(given)
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize(
    ("key", "given", "sentence"),
    [
        ("s.whole", "0", "s.whole cannot be 0: it must be a whole number ≥ 1, ≤ 2,000."),
        ("s.whole", "", "s.whole cannot be empty: it must be a whole number ≥ 1, ≤ 2,000."),
        ("s.whole", "1.5", "s.whole cannot be 1.5: it must be a whole number ≥ 1, ≤ 2,000."),
        ("s.share", "1", "s.share cannot be 1: it must be a number > 0, < 1."),
        ("s.flag", "maybe", "s.flag cannot be maybe: it must be yes or no."),
        ("s.pick", "up", "s.pick cannot be up: it must be one of left | right."),
        ("s.text", "d", "s.text cannot be d: it must be letters a to c."),
        ("s.bare", "x", "s.bare cannot be x: it must be a whole number."),
    ],
)
def test_what_cannot_be_read_gets_one_sentence(key: str, given: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="cannot be") as error:
        FIELDS[key].read(given)
    assert str(error.value) == sentence
    assert error.value.__suppress_context__


def test_a_default_is_a_value_that_its_field_takes() -> None:
    from workbench.config import spec

    described: list[Field] = [field for task in ("names", "toy") for field in spec.fields(task)]
    assert [f.read(f.default) for f in described] == [f.default for f in described]
    assert all(f.help for f in described)


@pytest.mark.parametrize(("text", "number"), [(".5", 0.5), ("0.", 0.0), ("1e-3", 1e-3), ("0.25", 0.25), (".", None)])
def test_a_number_may_be_typed_as_people_type_it(text: str, number: float | None) -> None:
    from workbench.config import spec

    dropout = next(field for field in spec.fields("toy") if field.key == "cell.dropout")
    if number is None:
        with pytest.raises(ValueError, match=r"cell\.dropout cannot be"):
            dropout.read(text)
    else:
        assert dropout.read(text) == number
