"""Deleting and exporting runs from the list: the questions asked first, and the work itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from textual.app import App

from workbench.render.format import number
from workbench.runs import export, store
from workbench.runs.folder import RunError
from workbench.runs.summary import RunSummary
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.dialogs import Answer, QuestionDialog
from workbench.tui.widgets.messages import unbroken
from workbench.tui.widgets.status import live

DELETE, KEEP = "delete", "keep"
_NAMED = 6  # runs that a question names; the rest is counted


class Deletion(NamedTuple):
    """Run to be deleted, and the size of its folder."""

    summary: RunSummary
    bytes: int


async def delete_runs(app: App[object], chosen: Sequence[RunSummary], hidden: int) -> None:
    """Ask, then delete runs; notify of what was deleted, and of each run that could not be.

    Args:
        hidden: the number of them that the filter hides.
    """
    deletions = await run_in_thread(lambda: [Deletion(summary, folder_size(summary)) for summary in chosen])
    if await app.push_screen_wait(delete_question(deletions, hidden)) != DELETE:
        return
    deleted = []
    for deletion in deletions:
        try:
            await run_in_thread(partial(store.remove, deletion.summary.run))
            deleted.append(deletion)
        except (RunError, OSError) as error:
            app.notify(str(error), severity="error", markup=False)
    if deleted:
        what = deleted[0].summary.run.id if len(deleted) == 1 else f"{len(deleted)} runs"
        freed = megabytes(sum(deletion.bytes for deletion in deleted))
        app.notify(f"Deleted {what}: {freed} are free.", markup=False)


async def export_runs(app: App[object], chosen: Sequence[RunSummary], what: str) -> None:
    """Ask for a format, then write runs to a new file in the current folder.

    Args:
        what: ``the marked`` or ``what is shown``.
    """
    try:
        folder = Path.cwd()
        kind = await app.push_screen_wait(export_question(len(chosen), what, folder))
        if kind in export.KINDS:
            path = await run_in_thread(partial(export.write, chosen, kind, folder))
            app.notify(f"Written to {unbroken(path)}.", markup=False)
    except OSError as error:
        where = error.filename or "the current folder"
        app.notify(f"Nothing could be written to {unbroken(where)}: {error.strerror}.", severity="error", markup=False)


def folder_size(summary: RunSummary) -> int:
    """Return the size of a run's folder in bytes; files that vanish meanwhile are not counted."""
    total = 0
    for file in summary.run.path.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:
            continue
    return total


def deletion_refusal(chosen: Sequence[RunSummary]) -> str:
    """Return the reason for not deleting these runs, in one sentence; empty where they can be deleted."""
    training = [summary.run.id for summary in chosen if live(summary.status)]
    if not training:
        return ""
    if len(chosen) == 1:
        return f"{training[0]} is training: stop it first, then delete it."
    return f"{len(training)} of these {len(chosen)} runs are training ({_some(training)}): stop them first."


def delete_question(deletions: Sequence[Deletion], hidden: int) -> QuestionDialog:
    """Return the question before runs are deleted.

    Args:
        hidden: the number of them that the filter hides.
    """
    lines = [
        f"{summary.run.id}: " * (len(deletions) > 1)
        + f"{number(summary.epochs, 1)} epochs, best {summary.standing}, {megabytes(size)}"
        for summary, size in deletions[:_NAMED]
    ]
    if len(deletions) > _NAMED:
        lines.append(f"and {len(deletions) - _NAMED} more")
    if hidden:
        lines.append(f"({hidden} of them not shown: the filter hides what it does not mean)")
    size_of_all = megabytes(sum(deletion.bytes for deletion in deletions))
    head = f"Delete {deletions[0].summary.run.id}?" if len(deletions) == 1 else f"Delete {len(deletions)} runs?"
    it = "It is" if len(deletions) == 1 else "They are"
    return QuestionDialog(
        "\n".join([head, *lines]),
        [
            Answer(DELETE, "Delete", f"{it} gone for good: weights, figures, curves ({size_of_all})."),
            Answer(KEEP, "Keep", "Nothing changes."),
        ],
        marked=1,
    )


def export_question(count: int, what: str, folder: Path) -> QuestionDialog:
    """Return the question for the format of an exported file."""
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
    """Format bytes as kilobytes or megabytes."""
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + ", …" * (len(names) > 3)
