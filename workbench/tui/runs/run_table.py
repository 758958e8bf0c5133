"""Run summaries on the Runs screen: the columns of the list and its orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from workbench.render.format import age, number
from workbench.render.text import printable
from workbench.runs.job_words import state_words
from workbench.runs.summary import RunSummary, higher_is_better
from workbench.tui.widgets.status import word_style

_STATES = ("queued", "starting", "running", "stopping", "finished", "stopped", "failed", "lost", "unreadable")
_LONGEST = 32  # characters of a name in the list: what 80 columns have room for beside the state and the figure


class RunColumn(NamedTuple):
    """Column of the list.

    Args:
        drop_order: the higher, the sooner the column is dropped where room is short.
        text: what stands in it.
        sort_key: runs for which it is ``None`` come last.
        order_words: the order in words when sorted by the column, and when reversed.
        descending: the highest first.
    """

    name: str
    drop_order: int
    text: Callable[[RunSummary], str]
    sort_key: Callable[[RunSummary], Any]
    order_words: tuple[str, str]
    style: Callable[[RunSummary], str] = lambda summary: ""
    right: bool = False
    descending: bool = False


def _quality(summary: RunSummary) -> float | None:
    """Return the best figure, negated where lower is better."""
    if summary.figure is None:
        return None
    return summary.figure if higher_is_better(summary, summary.metric) else -summary.figure


_COLUMNS = (
    RunColumn(
        "status",
        1,
        lambda summary: state_words(summary.status, summary.job),
        lambda summary: _STATES.index(summary.status),
        ("those in training first", "those in training last"),
        style=lambda summary: word_style(summary.status),
    ),
    RunColumn(
        "task",
        5,
        lambda summary: printable(summary.task),
        lambda summary: summary.task,
        ("task from a to z", "task from z to a"),
    ),
    RunColumn(
        "cell",
        4,
        lambda summary: printable(summary.cell),
        lambda summary: summary.cell,
        ("cell from a to z", "cell from z to a"),
    ),
    RunColumn(
        "step",
        6,
        lambda summary: summary.progress,
        lambda summary: summary.step,
        ("most steps first", "fewest steps first"),
        right=True,
        descending=True,
    ),
    RunColumn(
        "epochs",
        9,
        lambda summary: number(summary.epochs, 1),
        lambda summary: summary.epochs,
        ("most epochs first", "fewest epochs first"),
        right=True,
        descending=True,
    ),
    RunColumn(
        "loss",
        10,
        lambda summary: number(summary.loss),
        lambda summary: summary.loss,
        ("lowest training loss first", "highest training loss first"),
        right=True,
    ),
    RunColumn(
        "best",
        2,
        lambda summary: summary.standing,
        _quality,
        ("best of each task first", "worst of each task first"),
        style=lambda summary: "bold",
        descending=True,
    ),
    RunColumn(
        "age",
        7,
        lambda summary: age(summary.run.created),
        lambda summary: summary.run.created,
        ("newest first", "oldest first"),
        right=True,
        descending=True,
    ),
)
NEWEST = next(column for column in _COLUMNS if column.name == "age")


def columns(runs: Iterable[RunSummary]) -> tuple[RunColumn, ...]:
    """Return the columns of a list: ids stand last, names, where a run has one, after the state."""
    if any(summary.metadata.label for summary in runs):
        return _COLUMNS[0], _NAMES, *_COLUMNS[1:]
    return *_COLUMNS, _IDS


def _name(summary: RunSummary) -> str:
    """Return a run's name, after that of its study where there is room for both, else its id."""
    label = summary.label if len(summary.label) <= _LONGEST else summary.metadata.name or summary.run.id
    return printable(label, _LONGEST)


_BY_RUN = ("run from a to z", "run from z to a")
_IDS = RunColumn("run", 8, lambda summary: printable(summary.run.id), lambda summary: summary.run.id, _BY_RUN)
_NAMES = RunColumn(
    "run", 3, _name, lambda summary: summary.label, _BY_RUN, style=lambda summary: "bold" * bool(summary.metadata.label)
)


def sorted_runs(runs: Iterable[RunSummary], column: RunColumn, *, reverse: bool) -> list[RunSummary]:
    """Return runs sorted by a column; those without a value in it come last."""
    with_value: list[RunSummary] = []
    without_value: list[RunSummary] = []
    for summary in runs:
        (without_value if column.sort_key(summary) is None else with_value).append(summary)
    with_value.sort(key=column.sort_key, reverse=column.descending != reverse)
    if column.name == "best":  # figures of different tasks are not compared
        with_value.sort(key=lambda summary: (summary.task, summary.metric))
    return with_value + without_value
