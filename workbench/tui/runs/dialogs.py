"""The questions of the list of runs: what is deleted, what is written to a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from workbench.render.format import number
from workbench.runs.summary import RunSummary
from workbench.tui.widgets.dialogs import Answer, QuestionDialog
from workbench.tui.widgets.status import live

DELETE, KEEP = "delete", "keep"
_NAMED = 6  # runs that a question names; it counts the rest


class Loss(NamedTuple):
    """What goes with a run's folder."""

    record: RunSummary
    bytes: int


def size(record: RunSummary) -> int:
    """What a run's folder takes on the disk, in bytes; files that vanish meanwhile are not counted."""
    total = 0
    for file in record.run.path.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:
            continue
    return total


def refusal(chosen: Sequence[RunSummary]) -> str:
    """Why these runs are not deleted, in one sentence; empty where they can be."""
    training = [record.run.id for record in chosen if live(record.status)]
    if not training:
        return ""
    if len(chosen) == 1:
        return f"{training[0]} is training: stop it first, then delete it."
    return f"{len(training)} of these {len(chosen)} runs are training ({_some(training)}): stop them first."


def delete(losses: Sequence[Loss], hidden: int) -> QuestionDialog:
    """Whether these runs are to be lost.

    Args:
        hidden: how many of them the filter hides.
    """
    lines = [
        f"{loss.record.run.id}: " * (len(losses) > 1)
        + f"{number(loss.record.epochs, 1)} epochs, best {loss.record.standing}, {megabytes(loss.bytes)}"
        for loss in losses[:_NAMED]
    ]
    if len(losses) > _NAMED:
        lines.append(f"and {len(losses) - _NAMED} more")
    if hidden:
        lines.append(f"({hidden} of them not shown: the filter hides what it does not mean)")
    whole = megabytes(sum(loss.bytes for loss in losses))
    head = f"Delete {losses[0].record.run.id}?" if len(losses) == 1 else f"Delete {len(losses)} runs?"
    it = "It is" if len(losses) == 1 else "They are"
    return QuestionDialog(
        "\n".join([head, *lines]),
        [
            Answer(DELETE, "Delete", f"{it} gone for good: weights, figures, curves ({whole})."),
            Answer(KEEP, "Keep", "Nothing changes."),
        ],
        marked=1,
    )


def export(count: int, what: str, folder: Path) -> QuestionDialog:
    """As what the runs are to be written."""
    runs = "1 run" if count == 1 else f"{count} runs"
    return QuestionDialog(
        f"Write {what}, {runs}, to a new file in {folder}?",
        [
            Answer("csv", "Table (CSV)", "a line a run, a column for every figure and setting"),
            Answer("json", "JSON", "an object a run, as workbench runs --json prints it"),
            Answer(KEEP, "Cancel", "Nothing is written."),
        ],
    )


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + ", …" * (len(names) > 3)
