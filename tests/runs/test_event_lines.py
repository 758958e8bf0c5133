"""An event and its line in ``events.jsonl``."""

from __future__ import annotations

import json
import math
from typing import Any

import event_makers as make
import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as budget

from workbench.runs.events import Event, Started, Step, decode, encode


def finite(value: Any) -> Any:
    """A value as a file holds it: ``None`` for each number that is not finite."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {k: finite(v) for k, v in value.items()}
        case list() | tuple():
            return [finite(v) for v in value]
    return value


@budget(deadline=None, max_examples=200)
@given(make.ANY)
def test_an_event_comes_back_from_its_line(event: Event) -> None:
    again = decode(encode(event))
    assert type(again) is type(event)
    assert msgspec.to_builtins(again) == finite(msgspec.to_builtins(event))


@budget(deadline=None, max_examples=100)
@given(make.ANY)
def test_a_line_is_one_line_of_strict_json(event: Event) -> None:
    line = encode(event)
    assert line.index(b"\n") == len(line) - 1

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    assert json.loads(line, parse_constant=refuse)["event"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_finite_is_null(value: float) -> None:
    assert json.loads(encode(make.step(3, loss=value)))["loss"] is None
    assert json.loads(encode(make.evaluation(3, value)))["metrics"] == {"accuracy": None}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\0\0\0",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"event":"step"}',
        b'{"event":"applause","time":1.0}',
        b'{"time":1.0,"step":2}',
        encode(make.step(1))[:-10],
        encode(make.step(1))[:-1] * 2,
        b'{"event":"checkpoint","time":1.0,"step":"two"}',
    ],
)
def test_a_line_without_an_event_is_none(line: bytes) -> None:
    assert decode(line) is None


def test_what_a_newer_version_adds_to_an_event_is_passed_over() -> None:
    line = encode(make.step(4)).replace(b'"event"', b'"humidity":{"a":[1]},"event"', 1)
    assert decode(line) == make.step(4)
    assert isinstance(decode(line), Step)


def test_an_older_run_tells_no_kernel() -> None:
    line = encode(make.started())
    assert b"kernel" not in line
    older = decode(line)
    assert isinstance(older, Started)
    assert older.kernel_words == ""
