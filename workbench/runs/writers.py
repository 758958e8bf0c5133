"""Runs whose networks write poems. No torch."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from workbench.config.fields import Field, describe
from workbench.runs import store
from workbench.runs.folder import RunError
from workbench.runs.run import Run, task_state
from workbench.runs.store import NoSuchRun
from workbench.runs.summary import UNREADABLE, RunSummary, higher_is_better, read_summary


def learns_to_write(run: Run) -> bool:
    """Return whether a run's task writes poems; false where its description cannot be read."""
    try:
        return bool(run.spec.settings.writes and run.spec.settings.poetry)
    except (RunError, OSError):
        return False


def can_write(run: Run) -> bool:
    """Return whether a run's network can write now: its task writes poems, and it has weights."""
    return run.best_file.exists() and learns_to_write(run)


def listing(folder: Path) -> list[Run]:
    """Return the runs of a folder that can write, the newest first, then the pretrained models."""
    return [run for run in (*store.listing(folder), *store.pretrained(folder)) if can_write(run)]


class Choice(NamedTuple):
    """A run that was chosen to write, and the reason in a sentence."""

    run: Run
    reason: str


def preferred(folder: Path) -> Choice:
    """Choose among the finished runs that can write, or else among all that can.

    It is the one with the best validation figure among those that are comparable with the newest: of the same task, by
    the same metric, over the same vocabulary.

    Raises:
        NoSuchRun: there is none.
    """
    runs = [summary for summary in map(read_summary, listing(folder)) if summary.status != UNREADABLE]
    if not runs:
        raise NoSuchRun(
            f"No run in {folder} can write yet: `workbench train poems --headless` trains one; it can be asked after "
            "its first evaluation."
        )
    newest, *others = [summary for summary in runs if summary.status == "finished"] or runs
    comparable = [newest, *(other for other in others if _comparable(newest, other))]
    best = min(comparable, key=_rank)
    figure, another = f"validation {best.standing}", "another: `workbench poem RUN`"
    if len(comparable) > 1:
        second = f", {newest.run.id}'s {newest.standing}" if best is not newest else ""
        return Choice(best.run, f"writes, the best of {len(comparable)} runs ({figure}{second}); {another}.")
    if others:
        beside = f"not comparable with {others[0].run.id}"
        return Choice(newest.run, f"writes, the newest run that can ({figure}; {beside}); {another}.")
    return Choice(newest.run, f"writes, the only run that can ({figure}).")


def _comparable(one: RunSummary, other: RunSummary) -> bool:
    """Return whether two runs' validation figures mean the same."""
    if one.best is None or other.best is None or (one.task, one.metric) != (other.task, other.metric):
        return False
    try:
        return _vocabulary(one.run) == _vocabulary(other.run)
    except (RunError, OSError):
        return False


def _vocabulary(run: Run) -> object:
    return task_state(run).get("vocabulary")


def _rank(summary: RunSummary) -> float:
    """Return a number that is the lower, the better a run's validation is."""
    if summary.figure is None or not math.isfinite(summary.figure):
        return math.inf
    return -summary.figure if higher_is_better(summary, summary.metric) else summary.figure


def constraint_fields(constraints: type[msgspec.Struct] | None) -> dict[str, Field]:
    """Describe the constraints that a writer offers, by name; the beginning of a text is no constraint.

    Args:
        constraints: its ``Settings.constraints``; none: it writes freely.
    """
    fields = describe("", constraints) if constraints is not None else []
    named = {field.key.removeprefix("."): field for field in fields}
    return {name: field._replace(key=name) for name, field in named.items() if name != "start"}


def not_offered(names: Iterable[str], offered: Collection[str]) -> str:
    """Refuse constraints that a writer does not offer, in a sentence."""
    if not offered:
        return f"This network writes freely: it knows no {', '.join(names)}."
    return f"This network knows no {', '.join(names)}: its constraints are {', '.join(offered)}."
