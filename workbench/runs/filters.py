"""Language of the filters of a list of runs. No torch.

Words are searched in a run's id, name, study, tags, notes, task, cell and status; conditions are ``task:names``,
``cell=lstm``, ``acc>0.8``, ``hidden>=128``, ``tag:draft``, ``age<2h``. All must hold; a minus before one negates it.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import NamedTuple, get_args

import cells
import tasks
from tasks.base import Metric
from workbench.config import spec
from workbench.config.fields import Field, describe
from workbench.config.options import CellOptions, TrainOptions
from workbench.config.suggestions import did_you_mean
from workbench.runs.run import Status
from workbench.runs.summary import UNREADABLE, RunSummary

_Comparable = str | float | tuple[str, ...]
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
    "task": lambda summary: summary.task,
    "cell": lambda summary: summary.cell,
    "status": lambda summary: summary.status,
    "preset": lambda summary: summary.spec.preset if summary.spec else "",
    "data": lambda summary: summary.spec.data if summary.spec else "",
    "study": lambda summary: summary.metadata.study,
}
_PASSAGES: dict[str, Callable[[RunSummary], str]] = {
    "id": lambda summary: summary.run.id,
    "name": lambda summary: summary.metadata.name,
    "note": lambda summary: " ".join((summary.metadata.note, summary.message, *summary.notes)),
    "device": lambda summary: summary.device,
}
_TAGS: dict[str, Callable[[RunSummary], str]] = {"tag": lambda summary: " ".join(summary.metadata.tags)}
_TEXTS = _WORDS | _PASSAGES | _TAGS
_COUNTS: dict[str, Callable[[RunSummary], float | None]] = {
    "step": lambda summary: summary.step,
    "epochs": lambda summary: summary.epochs,
    "age": lambda summary: time.time() - summary.run.created,
}
_ALSO = {"run": "id", "steps": "step", "epoch": "epochs", "notes": "note", "state": "status", "tags": "tag"}


class FilterError(ValueError):
    """The text is not a filter. The message is one plain sentence."""


class Word(NamedTuple):
    """A text that occurs in a run's id, name, tags, notes, task, cell, status…"""

    text: str
    negated: bool = False

    def holds(self, summary: RunSummary) -> bool:
        sought = self.text.casefold()
        return any(sought in read(summary).casefold() for read in _TEXTS.values())


class Condition(NamedTuple):
    """Comparison of a run's value.

    Args:
        keys: facts, metrics or settings; the first of them that a run has is compared.
        values: alternatives.
    """

    keys: tuple[str, ...]
    sign: str
    values: tuple[str | float, ...]
    negated: bool = False

    def holds(self, summary: RunSummary) -> bool:
        value = next((known for key in self.keys if (known := _value(summary, key)) is not None), None)
        if value is None:
            return False
        if self.sign in _ORDER:
            return any(
                isinstance(value, float) and isinstance(target, float) and _ORDER[self.sign](value, target)
                for target in self.values
            )
        return any(self._same(value, target) for target in self.values) != (self.sign == "!=")

    def _same(self, value: _Comparable, target: str | float) -> bool:
        if isinstance(value, tuple):
            return any(self._same(one, target) for one in value)
        if isinstance(value, float):
            return isinstance(target, float) and math.isclose(value, target, rel_tol=1e-9)
        value, text = value.casefold(), str(target).casefold()
        if self.sign != ":":
            return value == text
        return text in value if self.keys[0] in _PASSAGES else value.startswith(text)


class Filter(NamedTuple):
    """Conjunction of words and conditions; empty: every run matches."""

    parts: tuple[Word | Condition, ...] = ()

    def matches(self, summary: RunSummary) -> bool:
        return all(part.holds(summary) != part.negated for part in self.parts)


def parse(text: str, measured: Collection[str] = ()) -> Filter:
    """Parse a filter.

    Args:
        measured: names of the metrics that the runs have, besides the known ones.

    Raises:
        FilterError: it is not a filter.
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
    match = None if token.startswith('"') else _CONDITION.fullmatch(bare)
    if not match:
        return Word(bare, negated)
    name, sign, values = match.groups()
    keys = _keys(name.lower(), measured)
    return Condition(keys, sign, _values(name, keys[0], sign, values), negated)


def _keys(name: str, measured: frozenset[str]) -> tuple[str, ...]:
    """Resolve a name: a fact of a run, a metric or the beginning of one, a setting."""
    name = _ALSO.get(name, name)
    if name in _TEXTS or name in _COUNTS:
        return (name,)
    metrics = sorted({*_metrics(), *measured})
    named = tuple(filter(None, [name * (name in metrics), *_abbreviations().get(name, ())]))
    if named:
        return named
    settings = _settings()
    if name in settings:
        return (settings[name].key,)
    completions = [metric for metric in metrics if metric.startswith(name)]
    if len(completions) == 1:
        return (completions[0],)
    if completions:
        raise FilterError(f"{name} could be {', '.join(completions[:-1])} or {completions[-1]}: type more of it.")
    every = [*_TEXTS, *_COUNTS, *_abbreviations(), *metrics, *settings]
    if difflib.get_close_matches(name, every, n=1, cutoff=0.6):
        raise FilterError(f"There is no {name!r} to filter by{did_you_mean(name, every)}")
    facts = ", ".join((*_TEXTS, *_COUNTS))
    raise FilterError(f"There is no {name!r} to filter by: ask for {facts}, a metric or a setting.")


def _values(name: str, key: str, sign: str, typed: str) -> tuple[str | float, ...]:
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
def _metrics() -> Mapping[str, Metric]:
    """Return the metrics that the tasks declare."""
    return {name: metric for task in tasks.available() for name, metric in tasks.settings(task).metrics.items()}


@cache
def _abbreviations() -> Mapping[str, Sequence[str]]:
    """Return the names of the metrics that have each abbreviation."""
    names: dict[str, list[str]] = {}
    for name, metric in _metrics().items():
        if metric.abbreviation:
            names.setdefault(metric.abbreviation, []).append(name)
    return names


@cache
def _settings() -> dict[str, Field]:
    """Return the settings by their keys: those of every run also by their short names, a task's by the dotted key."""
    shared = [*describe("cell", CellOptions), *describe("train", TrainOptions)]
    own = [field for task in tasks.available() for field in describe("task", tasks.settings(task))]
    structs = filter(None, map(cells.options, cells.available()))
    own += [field for struct in structs for field in describe("cell", struct)]
    return {field.key.partition(".")[2]: field for field in reversed(shared)} | {f.key: f for f in (*own, *shared)}


def _value(summary: RunSummary, key: str) -> _Comparable | None:
    if key in _TAGS:
        return summary.metadata.tags
    if key in _TEXTS:
        return _TEXTS[key](summary)
    if key in _COUNTS:
        count = _COUNTS[key](summary)
        return None if count is None else float(count)
    if "." not in key:
        return summary.val.get(key)
    try:
        value = spec.value(summary.spec, key) if summary.spec else None
    except AttributeError:  # another task's
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return float(value) if isinstance(value, int | float) else value
