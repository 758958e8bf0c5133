"""The language in which a person says which runs to list. No torch.

Words are looked for in a run's id, task, cell, status and notes; conditions are ``task:names``, ``cell=lstm``,
``acc>0.8``, ``hidden>=128``, ``age<2h``. All must hold; a minus before one turns it round.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
import time
from collections.abc import Callable, Collection
from functools import cache
from typing import NamedTuple, get_args

import tasks
from workbench.config import spec
from workbench.config.fields import Field, describe
from workbench.config.suggestions import did_you_mean
from workbench.render import metrics
from workbench.runs.store import Status
from workbench.runs.summary import UNREADABLE, RunSummary

EXAMPLE = "lstm task:names acc>0.8 -status:failed age<2h"
_TOKEN = re.compile(r'(?:"[^"]*"|[^\s"])+')
_CONDITION = re.compile(r"([A-Za-z_][\w.]*)(>=|<=|!=|:|=|<|>)(.*)", re.DOTALL)
_ORDER: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_WORDS: dict[str, Callable[[RunSummary], str]] = {
    "task": lambda record: record.task,
    "cell": lambda record: record.cell,
    "status": lambda record: record.status,
    "preset": lambda record: record.spec.preset if record.spec else "",
    "data": lambda record: record.spec.data if record.spec else "",
}
_PASSAGES: dict[str, Callable[[RunSummary], str]] = {
    "id": lambda record: record.run.id,
    "note": lambda record: " ".join((record.message, *record.notes)),
    "device": lambda record: record.device,
}
_TEXTS = _WORDS | _PASSAGES
_COUNTS: dict[str, Callable[[RunSummary], float | None]] = {
    "step": lambda record: record.step,
    "epochs": lambda record: record.epochs,
    "age": lambda record: time.time() - record.run.created,
}
_ALSO = {"run": "id", "steps": "step", "epoch": "epochs", "notes": "note", "state": "status"}
_SHORT = {"acc": ("accuracy",), "f1": ("f1", "macro_f1"), "ppl": ("perplexity",)}


class FilterError(ValueError):
    """What was typed is no filter. The message is one plain sentence."""


class Word(NamedTuple):
    """A text that stands somewhere in what is known of a run."""

    text: str
    negated: bool = False

    def holds(self, record: RunSummary) -> bool:
        wanted = self.text.casefold()
        return any(wanted in read(record).casefold() for read in _TEXTS.values())


class Condition(NamedTuple):
    """A value of a run, compared.

    Args:
        keys: what is asked for; the first of them that a run knows counts.
        wanted: alternatives.
    """

    keys: tuple[str, ...]
    sign: str
    wanted: tuple[str | float, ...]
    negated: bool = False

    def holds(self, record: RunSummary) -> bool:
        value = next((found for key in self.keys if (found := _value(record, key)) is not None), None)
        if value is None:
            return False
        if self.sign in _ORDER:
            return any(
                isinstance(value, float) and isinstance(want, float) and _ORDER[self.sign](value, want)
                for want in self.wanted
            )
        return any(self._same(value, want) for want in self.wanted) != (self.sign == "!=")

    def _same(self, value: str | float, want: str | float) -> bool:
        if isinstance(value, float):
            return isinstance(want, float) and math.isclose(value, want, rel_tol=1e-9)
        value, text = value.casefold(), str(want).casefold()
        if self.sign != ":":
            return value == text
        return text in value if self.keys[0] in _PASSAGES else value.startswith(text)


class Filter(NamedTuple):
    """What must hold of a run; nothing: every run is meant."""

    parts: tuple[Word | Condition, ...] = ()

    def means(self, record: RunSummary) -> bool:
        return all(part.holds(record) != part.negated for part in self.parts)


def parse(text: str, measured: Collection[str] = ()) -> Filter:
    """Read a filter.

    Args:
        measured: metrics that some run has, beside those that every task may have.

    Raises:
        FilterError: a condition is not one.
    """
    if text.count('"') % 2:
        raise FilterError("A quotation mark is open: close it with another one.")
    return Filter(tuple(_part(token, frozenset(measured)) for token in _TOKEN.findall(text)))


def _part(token: str, measured: frozenset[str]) -> Word | Condition:
    typed, negated = token, token.startswith("-")
    token = token.removeprefix("-")
    bare = token.replace('"', "")
    if not bare:
        raise FilterError(f"{typed} is not finished: say what is wanted, or after a minus what is not.")
    found = None if token.startswith('"') else _CONDITION.fullmatch(bare)
    if not found:
        return Word(bare, negated)
    name, sign, wanted = found.groups()
    keys = _keys(name.lower(), measured)
    return Condition(keys, sign, _wanted(name, keys[0], sign, wanted), negated)


def _keys(name: str, measured: frozenset[str]) -> tuple[str, ...]:
    """What a name means: a fact of a run, a metric or the beginning of one, a setting."""
    name = _ALSO.get(name, name)
    if name in _TEXTS or name in _COUNTS:
        return (name,)
    known = sorted({*metrics.KNOWN, *measured})
    if name in _SHORT or name in known:
        return _SHORT.get(name, (name,))
    settings = _settings()
    if name in settings:
        return (settings[name].key,)
    begun = [metric for metric in known if metric.startswith(name)]
    if len(begun) == 1:
        return (begun[0],)
    if begun:
        raise FilterError(f"{name} could be {', '.join(begun[:-1])} or {begun[-1]}: type more of it.")
    every = [*_TEXTS, *_COUNTS, *_SHORT, *known, *settings]
    if difflib.get_close_matches(name, every, n=1, cutoff=0.6):
        raise FilterError(f"There is no {name!r} to filter by{did_you_mean(name, every)}")
    facts = ", ".join((*_TEXTS, *_COUNTS))
    raise FilterError(f"There is no {name!r} to filter by: ask for {facts}, a metric or a setting.")


def _wanted(name: str, key: str, sign: str, typed: str) -> tuple[str | float, ...]:
    if not typed:
        raise FilterError(f"{name}{sign} is not finished: say what, such as {_example(name, key)}.")
    field = _settings().get(key)
    words = key in _TEXTS or (field is not None and field.kind not in ("int", "float"))
    if words and sign in _ORDER:
        raise FilterError(f"{name} is no number: ask for it with a colon, such as {_example(name, key)}.")
    if words:
        texts = tuple(filter(None, typed.split(","))) or (typed,)
        if key == "status":
            _check_status(texts)
        return tuple(_yes_or_no(text) for text in texts) if field and field.kind == "bool" else texts
    numbers = [typed.replace(",", "")] if sign in _ORDER else list(filter(None, typed.split(","))) or [typed]
    return tuple(_number(name, key, number) for number in numbers)


def _example(name: str, key: str) -> str:
    examples = {"task": "names", "cell": "lstm", "status": "running", "data": "starter"}
    if key in _TEXTS:
        return f"{name}:{examples.get(key, 'word')}"
    field = _settings().get(key)
    if field and field.kind not in ("int", "float"):
        return f"{name}:{field.choices[0] if field.choices else 'yes' if field.kind == 'bool' else 'word'}"
    return f"{name}<2h" if key == "age" else f"{name}>{field.default if field else 3 if key in _COUNTS else 0.8}"


def _check_status(texts: tuple[str, ...]) -> None:
    every = (*get_args(Status), UNREADABLE)
    for text in texts:
        if not any(word.startswith(text.casefold()) for word in every):
            raise FilterError(f"There is no status {text!r}{did_you_mean(text, every)}")


def _number(name: str, key: str, typed: str) -> float:
    number, unit = re.fullmatch(r"([-+.\deE]*)\s*(.*)", typed, re.DOTALL).groups()  # type: ignore[union-attr]
    factors = _UNITS if key == "age" else {"": 1.0, "%": 0.01}
    try:
        value = float(number) * factors[unit.lower()]
    except (ValueError, KeyError):
        if key == "age":
            raise FilterError(f"{typed!r} is no age: say a number and a unit, such as 30s, 15min, 2h or 3d.") from None
        raise FilterError(f"{typed!r} is no number: write a condition such as {_example(name, key)}.") from None
    if not math.isfinite(value):
        raise FilterError(f"{typed!r} is too large a number to compare with.")
    return value


def _yes_or_no(text: str) -> str:
    return {"true": "yes", "1": "yes", "false": "no", "0": "no"}.get(text.casefold(), text)


@cache
def _settings() -> dict[str, Field]:
    """The settings that can be asked for: those of every run by their short names too, a task's by the dotted key."""
    shared = [*describe("cell", spec.CellOptions), *describe("train", spec.TrainOptions)]
    own = [field for task in tasks.available() for field in describe("task", tasks.settings(task))]
    return {field.key.partition(".")[2]: field for field in reversed(shared)} | {f.key: f for f in (*own, *shared)}


def _value(record: RunSummary, key: str) -> str | float | None:
    if key in _TEXTS:
        return _TEXTS[key](record)
    if key in _COUNTS:
        count = _COUNTS[key](record)
        return None if count is None else float(count)
    if "." not in key:
        return record.val.get(key)
    try:
        value = spec.value(record.spec, key) if record.spec else None
    except AttributeError:  # another task's
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return float(value) if isinstance(value, int | float) else value
