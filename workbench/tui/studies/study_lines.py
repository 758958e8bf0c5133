"""Studies as lines: in the list, and above their runs."""

from __future__ import annotations

from textual.content import Content

from workbench.render.format import age
from workbench.render.text import printable
from workbench.tui.studies.study_catalogue import StudySummary
from workbench.tui.widgets.listing import Column, Row
from workbench.tui.widgets.progress import Fragment, bar, fit_to_width
from workbench.tui.widgets.status import badge, word_style

_ROOMY = 50  # cells of a line in whole words
_ID = 40  # characters of a study's name at most
STUDY_COLUMNS = [
    Column("study", 0),
    Column("state", 1),
    Column("finished", 2, right=True),
    Column("kind", 3),
    Column("task", 4),
    Column("age", 5, right=True),
]


def study_row(summary: StudySummary) -> Row:
    """Return the line of a study."""
    finished = f"{summary.finished} of {summary.planned}" if summary.planned else "–"
    return Row(
        summary.id,
        (
            (printable(summary.id, _ID), "bold"),
            (summary.state, word_style(summary.state)),
            (finished, ""),
            (kind(summary), "$text-warning" if summary.quick else ""),
            (printable(summary.task), ""),
            (age(summary.study.created), "$foreground-muted"),
        ),
    )


def kind(summary: StudySummary) -> str:
    """Return ``lab NAME``, ``quick lab NAME``, ``search`` or ``study``."""
    if summary.lab:
        return f"{'quick ' * summary.quick}lab {printable(summary.lab)}"
    search = not summary.message and summary.study.search is not None
    return "search" if search else "study"


def study_line(summary: StudySummary, width: int) -> Content:
    """Return a study's line: its state, how many runs are finished, what it is."""
    roomy = width >= _ROOMY
    pieces: list[Fragment] = [badge(summary.state), (printable(summary.id, _ID), "bold")]
    if summary.planned:
        pieces.append((f"{summary.finished} of {summary.planned}{' finished' * roomy}", "bold"))
        others = [f"{count} {state}" for state, count in summary.counts.items() if state != "finished"]
        pieces += [(f"quick{' form' * roomy}", "bold $text-warning")] * summary.quick
        pieces += [", ".join(others)] if others else []
    pieces.append(f"lab {printable(summary.lab)}" if summary.lab else printable(summary.task))
    if summary.planned:
        pieces.append(bar(summary.finished / summary.planned, max(8, min(24, width - 60)), "running"))
    pieces += [(printable(summary.title), "$foreground-muted")] if summary.title else []
    return fit_to_width(pieces, width)
