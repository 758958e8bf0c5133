"""The columns of the list of runs: what stands in each, and how one sorts by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from workbench.render.format import age, number
from workbench.render.text import printable
from workbench.runs import summary
from workbench.runs.summary import RunSummary
from workbench.tui.widgets.status import COLOURS

_STATES = ("starting", "running", "stopping", "finished", "stopped", "failed", "lost", "unreadable")


class Column(NamedTuple):
    """A column.

    Args:
        rank: the higher, the sooner it gives way where room is short.
        key: what one sorts by; runs where it is ``None`` come last.
        words: how the list stands when sorted by it, and when turned round.
    """

    name: str
    rank: int
    cell: Callable[[RunSummary], str]
    key: Callable[[RunSummary], Any]
    words: tuple[str, str]
    style: Callable[[RunSummary], str] = lambda record: ""
    right: bool = False
    falling: bool = False  # the highest first


def _quality(record: RunSummary) -> float | None:
    if record.figure is None:
        return None
    return record.figure if summary.higher_is_better(record, record.metric) else -record.figure


COLUMNS = (
    Column(
        "status",
        1,
        lambda record: record.status,
        lambda record: _STATES.index(record.status),
        ("those in training first", "those in training last"),
        style=lambda record: f"bold $text-{COLOURS[record.status]}",
    ),
    Column("task", 4, lambda r: printable(r.task), lambda r: r.task, ("task from a to z", "task from z to a")),
    Column("cell", 2, lambda r: printable(r.cell), lambda r: r.cell, ("cell from a to z", "cell from z to a")),
    Column(
        "step",
        5,
        lambda r: r.progress,
        lambda r: r.step,
        ("most steps first", "fewest steps first"),
        right=True,
        falling=True,
    ),
    Column(
        "epochs",
        8,
        lambda r: number(r.epochs, 1),
        lambda r: r.epochs,
        ("most epochs first", "fewest epochs first"),
        right=True,
        falling=True,
    ),
    Column(
        "loss",
        9,
        lambda r: number(r.loss),
        lambda r: r.loss,
        ("lowest training loss first", "highest training loss first"),
        right=True,
    ),
    Column(
        "best",
        3,
        lambda r: r.standing,
        _quality,
        ("best of each task first", "worst of each task first"),
        style=lambda record: "bold",
        falling=True,
    ),
    Column(
        "age",
        6,
        lambda r: age(r.run.created),
        lambda r: r.run.created,
        ("newest first", "oldest first"),
        right=True,
        falling=True,
    ),
    Column("run", 7, lambda r: printable(r.run.id), lambda r: r.run.id, ("run from a to z", "run from z to a")),
)
NEWEST = next(index for index, column in enumerate(COLUMNS) if column.name == "age")


def arranged(every: Iterable[RunSummary], column: Column, *, turned: bool) -> list[RunSummary]:
    """The runs, sorted; those of which the column knows nothing come last."""
    known: list[RunSummary] = []
    unknown: list[RunSummary] = []
    for record in every:
        (unknown if column.key(record) is None else known).append(record)
    known.sort(key=column.key, reverse=column.falling != turned)
    if column.name == "best":  # figures of different tasks are not compared
        known.sort(key=lambda record: (record.task, record.metric))
    return known + unknown
