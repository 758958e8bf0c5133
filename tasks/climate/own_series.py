"""A series of one's own, described in sentences: its columns, its windows, and what is left out of it.

Shapes: R readings, F features.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from tasks.climate import guesses, sample
from tasks.climate.csv_table import ENCODING_CURE
from tasks.climate.sample import Sample
from tasks.climate.settings import Settings
from tasks.climate.wording import format_span
from tasks.shared.datasets import encodings

_GUESSED = {
    "time_column": "The times are in",
    "target": "The target is",
    "features": "The features are",
    "history": "Readings of history:",
    "horizon": "Readings to forecast:",
    "stride": "Readings from one window to the next:",
    "patch_length": "Readings in a step of the network:",
}
_LISTED = 20  # columns that a sentence lists


def columns(settings: Settings) -> list[str]:
    """Return sentences on the columns that are read, and the settings that name others."""
    times = f"its times are in {settings.time_column} (task.time_column)" if settings.time_column else "it has no times"
    return [
        f"{Path(settings.csv).name}: {settings.target} is forecast (task.target) from {_listed(settings.columns)} "
        f"(task.features), {times}."
    ]


def encoding(settings: Settings) -> list[str]:
    """Return a sentence on an encoding that no mark tells, and that is not UTF-8."""
    path = Path(settings.csv)
    taken = sample.take(path)
    if taken is None or taken.encoding not in encodings.UNMARKED:
        return []
    return [f"{path.name} is read as {encodings.title(taken.encoding)}: {ENCODING_CURE} if names look wrong."]


def windows(settings: Settings, step: int) -> list[str]:
    """Return a sentence on the lengths of the windows, and the settings that change them.

    Args:
        step: seconds between readings.
    """
    read, ahead = (f"{count:,} ({format_span(count * step)})" for count in (settings.history, settings.horizon))
    return [
        f"There is a reading every {format_span(step)}: {read} are read and the next {ahead} forecast (task.history, "
        "task.horizon)."
    ]


def left_out(settings: Settings) -> list[str]:
    """Return a sentence on the columns that are not read, each with its reason."""
    taken = sample.take(Path(settings.csv))
    if taken is None:
        return []
    found = guesses.look(taken, msgspec.structs.asdict(settings))
    read = {*found.times, *settings.columns, settings.target}
    reasons = [
        f"{name or 'a column without a name'} ({found.others.get(name, 'not named in task.features')})"
        for name in dict.fromkeys(taken.heads)
        if name not in read
    ]
    return [f"Columns that are left out: {_listed(reasons)}."] if reasons else []


def guessed(settings: Settings) -> list[str]:
    """Return a sentence on each setting that the file gave; one of another value was set by somebody."""
    shape = {name: getattr(settings, name) for name in ("csv", "date_format", "missing", "decimal", "step", "patch")}
    usual = Settings.guess({name: value for name, value in shape.items() if value})
    return encoding(settings) + [
        f"{words} {value} (task.{name})."
        for name, words in _GUESSED.items()
        if (value := usual.get(name)) not in (None, "") and getattr(settings, name) == value
    ]


def first_rows(settings: Settings, count: int = 5) -> tuple[list[str], list[list[str]]]:
    """Return the column names of a file and its first rows as they stand there, the times and the target in front."""
    taken = sample.take(Path(settings.csv))
    if taken is None:
        return [], []
    places = _in_front(taken, settings)
    return [taken.heads[at] for at in places], [[row[at].strip() for at in places] for row in taken.first[:count]]


def _in_front(taken: Sample, settings: Settings) -> list[int]:
    found = guesses.look(taken, msgspec.structs.asdict(settings))
    first = [*found.times, settings.target, *settings.columns]
    order = {name: place for place, name in reversed(list(enumerate(first)))}
    named = [place for place, name in enumerate(taken.heads) if name]
    return sorted(named, key=lambda place: (order.get(taken.heads[place], len(first)), place))


def _listed(names: list[str] | tuple[str, ...]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more:,} more" if more > 0 else "")
