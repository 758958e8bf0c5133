"""Runs of a study as lines of a list: state, settings, progress, figures."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from workbench.render.format import duration
from workbench.render.text import printable
from workbench.runs.job_words import job_words
from workbench.runs.run import LIVE
from workbench.runs.summary import UNREADABLE
from workbench.studies import metrics
from workbench.studies.study import Member
from workbench.tui.studies.results import StudyResults, cut
from workbench.tui.widgets.listing import Column, Row, StyledText
from workbench.tui.widgets.run_details import run_figures
from workbench.tui.widgets.status import badge, word_style

_BAR, _SHORT_BAR = 8, 3  # cells of a bar
_ROOM = 60  # cells of a line with a whole bar
_LEAST_LABEL = 18  # cells of a run's settings, however little room there is
_GAP = 2


def run_lines(members: Sequence[Member], results: StudyResults | None, room: int) -> tuple[list[Column], list[Row]]:
    """Return the columns and the lines of the list of runs, their settings cut to what ``room`` cells leave them."""
    if not members:
        return [Column("", 0)], []
    figure = metrics.present(results.table.metric, results.of).title if results else ""
    columns = [
        Column("state", 1),
        Column("run", 0),
        Column("progress", 2),
        Column(printable(figure), 3, right=True),
        Column("left", 4, right=True),
        Column("id", 5),
    ]
    lines = [_texts(member, results, _BAR if room >= _ROOM else _SHORT_BAR) for member in members]
    widths = [max(map(cell_len, [columns[at].name, *(line[at][0] for line in lines)])) for at in range(4)]
    most, least = room, min(widths[1], _LEAST_LABEL)
    for width in (widths[0], widths[2], widths[3]):  # the columns that are kept the longest
        if most - width - _GAP < least:
            break
        most -= width + _GAP
    rows = []
    for member, (state, label, *others) in zip(members, lines, strict=True):
        rows.append(Row(str(member.number), (state, (cut(label[0], most), label[1]), *others)))
    return columns, rows


def _texts(member: Member, results: StudyResults | None, bar: int) -> list[StyledText]:
    style = word_style(member.state)
    left = member.summary.eta_s if member.summary else None
    return [
        (member.state, style),
        (printable(member.planned.label), ""),
        (progress(member, bar), style if member.state in LIVE else "$foreground-muted"),
        (_figure(member, results) if results else "", ""),
        (duration(left) if left is not None else "", ""),
        (printable(member.run.id), "$foreground-muted"),
    ]


def _figure(member: Member, results: StudyResults) -> str:
    """Return a run's figure; where it has not been tested that of its best evaluation, which says so."""
    split, _, name = results.table.metric.partition(".")
    value = metrics.figure(member, results.table.metric)
    if value is None and split == "test" and (value := metrics.figure(member, f"val.{name}")) is not None:
        return f"val {metrics.formatted(f'val.{name}', value, results.of)}"
    return metrics.formatted(results.table.metric, value, results.of)


def progress(member: Member, width: int) -> str:
    """Return a bar and a share of a run that trains, the share of one that was broken off, else nothing.

    Args:
        width: of the bar.
    """
    summary = member.summary
    if summary is None or not summary.total or member.state == "finished":
        return ""
    share = min(1.0, summary.step / summary.total)
    full = round(share * width)
    return f"{'━' * full}{'─' * (width - full)} {share:4.0%}" if member.state in LIVE else f"at {share:.0%}"


def member_details(member: Member) -> Content:
    """Return the lines about a run below the list: state, settings, id; why it failed; its figures."""
    summary = member.summary
    name = (f"  {printable(member.run.id)}", "$foreground-muted")
    lines = [Content.assemble(badge(member.state), "  ", (printable(member.planned.label), "bold"), name)]
    if summary is None:
        lines.append(Content("It has not begun."))
    elif member.state in ("failed", "lost", UNREADABLE):
        lines.append(Content.styled(printable(summary.message), "$text-error"))
    if summary and (job := job_words(summary.status, summary.job)):
        lines.append(Content(job))
    if summary and (figures := run_figures(summary)):
        lines.append(Content(figures))
    return Content("\n").join(lines)
