"""All runs of a folder as rows of a table, looked at again only where something changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import tasks
from workbench import journal, runs, spec
from workbench.events import Failed, Finished
from workbench.metrics import standing
from workbench.runs import Run, RunError
from workbench.spec import RunSpec, SpecError
from workbench.tui.status import Seen

_Mark = tuple[object, ...]


class Row(NamedTuple):
    """A run as the list shows it."""

    run: Run
    status: Seen
    task: str
    cell: str
    step: str
    best: str
    created: float
    message: str  # why it failed or cannot be read; else what it is about


class Catalogue:
    """The runs of a folder, the newest first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows: dict[str, tuple[_Mark, Row]] = {}

    def scan(self) -> list[Row]:
        """The rows as they stand now; a run whose files have not changed is not read again."""
        found = {}
        for run in runs.listing(self.folder):
            mark = _mark(run)
            known = self._rows.get(run.id)
            found[run.id] = known if known and known[0] == mark else (mark, _row(run))
        self._rows = found
        return [row for _, row in found.values()]


def changed(described: RunSpec) -> dict[str, Any]:
    """The settings that differ from the task's defaults; none where its cell is no longer here to ask."""
    try:
        return spec.changed(described)
    except SpecError:
        return {}


def _mark(run: Run) -> _Mark:
    marks: list[object] = [run.alive(), run.stop_file.exists()]
    for file in (run.spec_file, run.events_file):
        try:
            stat = file.stat()
            marks += [stat.st_ino, stat.st_mtime_ns, stat.st_size]
        except OSError:
            marks.append(None)
    return tuple(marks)


def _row(run: Run) -> Row:
    try:
        described = run.spec
        recent = journal.recent(run.events_file)
        status: Seen = run.status(recent)
    except (RunError, OSError) as error:
        return Row(run, "unreadable", "?", "?", "–", "–", run.created, str(error))
    settings = tasks.settings(described.task)
    ended = recent.ended
    best = ended.best if isinstance(ended, Finished) else recent.evals[-1].best if recent.evals else None
    step, total = recent.step, recent.started.total_steps if recent.started else 0
    message = f"{settings.title} with {described.cell}"
    if isinstance(ended, Failed) and status == "failed":
        message = ended.message
    elif status == "lost":
        message = "The worker vanished before it could say why. Resume goes on from the last checkpoint."
    elif described.data == "starter":
        message += ", on the small starter data"
    return Row(
        run,
        status,
        described.task,
        described.cell,
        f"{step:,} / {total:,}" if total and step < total else f"{step:,}" if step else "–",
        standing(best, recent.evals, settings.metric) if best else "–",
        run.created,
        message,
    )
