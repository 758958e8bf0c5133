"""A stranger's run folder with content that no Workbench wrote: deep JSON, numbers out of bounds, wrong types."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from chaos.commands import ALL, words
from chaos.programs import Program, plain
from chaos.tally import SEED, Tally, amount, some

from workbench.runs.run import Run

DEEP = b"[" * 200_000
DEEP_OBJECT = b'{"a":' * 200_000
WHOLE_DEEP = DEEP + b"]" * 200_000
LONG_NUMBER = b"9" * 100_000
JSON_FILES = ("spec.json", "task.json", "events.jsonl")
VALUES: dict[str, Any] = {
    "negative": -1,
    "huge": 10**400,
    "infinite": "1e999",  # as JSON's text
    "nan": "NaN",
    "text": '"\\ud800"',
    "null": "null",
    "list": "[[[]]]",
    "64 bits": 2**64,
    "63 bits": 2**63 - 1,
    "long text": json.dumps("x" * 1_000_000),
}


def contents(name: str, before: bytes) -> dict[str, bytes]:
    """Hostile contents of a file, by what is wrong with them."""
    line = b"\n" if name == "events.jsonl" else b""
    spliced = before.rstrip(b"\n}")
    return {
        "deep list": DEEP,
        "deep object": DEEP_OBJECT,
        "deep and whole": WHOLE_DEEP,
        "deep after what was there": before + line + WHOLE_DEEP + line,
        "deep inside": spliced + b',"deep":' + WHOLE_DEEP + b"}" + line,
        "deep key known": b'{"event":"started","settings":{"a":' + WHOLE_DEEP + b"}}" + line + before,
        "empty": b"",
        "zeros": b"\0" * 100_000,
        "not UTF-8": b'{"task":"\xff\xfe"}' + line,
        "a number of 100,000 digits": spliced + b',"cell":' + LONG_NUMBER + b"}" + line,
        "null": b"null" + line,
        "a text": b'"toy"' + line,
        "one line of 20 MB": b'{"x":"' + b"x" * 20_000_000 + b'"}' + line + before,
        "every key twice": before + before,
    }


def check(
    tally: Tally, program: Program, run: Run, good: Run, fault: str, what: str, commands: tuple[str, ...]
) -> None:
    """Try every command on a run."""
    for command, told in zip(commands, program.each([words(one, run) for one in commands]), strict=True):
        with tally.attempt(fault, f"{what}: {command}"):
            plain(told)
            if command == "runs":
                assert told.code == 0, str(told)
                assert good.id in told.out, str(told)


_NAMES = list(contents("spec.json", b"{}"))
CASES = [(name, what) for name in JSON_FILES for what in _NAMES]
FEW = [("events.jsonl", "deep inside")]


@pytest.mark.parametrize(("name", "what"), some(CASES, 0) or FEW)
def test_content_that_no_workbench_wrote(
    tally: Tally, program: Program, stopped: Run, good: Run, name: str, what: str
) -> None:
    file = stopped.path / name
    file.write_bytes(contents(name, file.read_bytes())[what])
    fault = "deep JSON" if "deep" in what else "damaged JSON"
    check(tally, program, stopped, good, fault, f"{name}, {what}", ALL)


def with_value(file: Path, key: str, text: str) -> None:
    """Write a value, given as JSON's text, at every place of a key."""
    mark = "@@@@"

    def marked(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: mark if name == key else marked(inner) for name, inner in value.items()}
        return [marked(inner) for inner in value] if isinstance(value, list) else value

    lines = [json.dumps(marked(value)) for value in values(file)]
    file.write_text("".join(line.replace(f'"{mark}"', text) + "\n" for line in lines))


def keys(file: Path) -> list[str]:
    found: set[str] = set()

    def look(value: Any) -> None:
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            look(inner)
        found.update(value if isinstance(value, dict) else ())

    for value in values(file):
        look(value)
    return sorted(found)


def values(file: Path) -> list[Any]:
    """Return the values of a file: one, or one a line."""
    text = file.read_text()
    return [json.loads(line) for line in text.splitlines()] if file.suffix == ".jsonl" else [json.loads(text)]


@pytest.mark.parametrize("value", some(list(VALUES), 1))
@pytest.mark.parametrize("name", some(["spec.json", "events.jsonl"], 1))
def test_values_out_of_bounds_at_every_key(
    tally: Tally, program: Program, stopped: Run, good: Run, name: str, value: str
) -> None:
    file = stopped.path / name
    sound = file.read_bytes()
    every = keys(file)
    for key in random.Random(f"{SEED}{value}").sample(every, min(len(every), amount(1, 3))):
        file.write_bytes(sound)
        with_value(file, key, str(VALUES[value]))
        fault = f"a value out of bounds in {name}"
        check(tally, program, stopped, good, fault, f"{key}: {value}", ("runs", "show", "watch"))
