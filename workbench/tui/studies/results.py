"""Results of a study as the screen shows them: the table by chosen rows and columns, and notes on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from tasks.base import PlainError, Settings
from workbench.render.text import printable
from workbench.runs.comparison import BEST
from workbench.studies import overview, table
from workbench.studies.metrics import RUN_METRICS, SPLITS
from workbench.studies.plan import RUN, TRAINING_LOSS
from workbench.studies.study import Member
from workbench.studies.table import Pivot
from workbench.tui.studies.study_catalogue import StudySummary
from workbench.tui.widgets.listing import Column, Row

_GAP = 2
_LEAST_LABEL = 8  # cells of a row's head, however long the figures are


class TableChoice(NamedTuple):
    """Figure, rows and columns that the user chose for a study's table; empty: the study's own."""

    metric: str = ""
    rows: str = ""
    columns: str = ""


class StudyResults(NamedTuple):
    """A study's table, and what can be chosen for it."""

    of: Settings
    metrics: list[str]  # that can be shown, the study's own first
    varying: list[str]  # settings that can be in rows or columns
    table: Pivot
    notes: list[str]


def study_results(summary: StudySummary, choice: TableChoice) -> StudyResults | None:
    """Return the results of a study; ``None`` of one without runs.

    Raises:
        PlainError: its first run cannot be described, as where its task is missing.
    """
    members, plan = summary.members, summary.study.content.plan
    if not members:
        return None
    of = table.task_settings(summary.study)
    metrics, varying = measured(summary), varying_settings(members)
    metric = choice.metric if choice.metric in metrics else metrics[0]
    rows = [choice.rows] if choice.rows in varying else [key for key in plan.rows if key != choice.columns]
    columns = [choice.columns] if choice.columns in varying else [key for key in plan.columns if key not in rows]
    found, notes = _pivot(members, metric, of, rows, columns)
    if found.merged:
        notes.append(f"Each figure is a mean over {', '.join(map(short_name, found.merged))} too.")
    return StudyResults(of, metrics, varying, found, notes + overview.notes(summary.study, members))


def _pivot(
    members: Sequence[Member], metric: str, of: Settings, rows: Sequence[str], columns: Sequence[str]
) -> tuple[Pivot, list[str]]:
    """Return a table, and why it is another one than the study's plan asks for, where the plan asks for none."""
    problems: list[str] = []
    for asked in ((metric, rows, columns), (metric, (), ())):
        try:
            return table.pivot(members, asked[0], of, *asked[1:]), problems
        except PlainError as error:
            problems = [str(error)]
    return table.pivot(members, f"{SPLITS[0]}.{of.metric}", of), problems


def measured(summary: StudySummary) -> list[str]:
    """Return the metrics that can be shown: the study's own, then those that a run has reached."""
    main = table.main_metric(summary.study)
    names = table_metrics(summary.members, table.task_settings(summary.study))
    return list(dict.fromkeys([main if "." in main else f"{SPLITS[0]}.{main}", *names]))


def table_metrics(members: Sequence[Member], of: Settings) -> list[str]:
    """Return the metrics of which some run has a figure: of the test, of the validation, the training loss."""
    summaries = [member.summary for member in members if member.summary]
    found = []
    for split in SPLITS:
        names = {name for one in summaries for name in (one.test if split == "test" else one.val)}
        ordered = sorted(names, key=lambda name: (name != of.metric, name == "loss", name))
        found += [f"{split}.{name}" for name in ordered]
    found += [TRAINING_LOSS] * any(one.loss is not None for one in summaries)
    return found + [f"{RUN}.{name}" for name, (_, taken) in RUN_METRICS.items() if any(map(taken, summaries))]


def varying_settings(members: Sequence[Member]) -> list[str]:
    """Return the settings in which the runs differ, beside the seed and what their labels stand for."""
    every = table.settings(members)
    keys = dict.fromkeys(key for one in every for key in one.coordinates if key not in one.implied)
    return [key for key in keys if len({one.coordinates.get(key) for one in every}) > 1]


def short_name(key: str) -> str:
    """Return the last part of a setting's name, in words."""
    return printable(key.rpartition(".")[2].replace("_", " "))


def next_of(names: Sequence[str], now: str) -> str:
    """Return the name after ``now``, the first after the last; of no names ``now``."""
    if not names:
        return now
    return names[(names.index(now) + 1) % len(names)] if now in names else names[0]


class TableLines(NamedTuple):
    """Lines of a study's table for a list, and the runs of each by its key."""

    columns: list[Column]
    rows: list[Row]
    members: dict[str, list[Member]]


def table_lines(found: Pivot, room: int) -> TableLines:
    """Return a table as lines of ``room`` cells; where its columns have no room, each cell is a line of its own."""
    heads = [printable(head) for head in found.heads]
    texts = [[f"{one.text} {BEST}" if one.best else one.text for one in row[1:]] for row in found.rows]
    firsts = [printable(row[0].text) for row in found.rows]
    bold = [["bold" if one.best else "" for one in row[1:]] for row in found.rows]
    widths = [max(map(cell_len, [head, *(row[at] for row in texts)])) for at, head in enumerate(heads[1:])]
    label = max(map(cell_len, [heads[0], *firsts]))
    if sum(widths) + _GAP * len(widths) + min(label, _LEAST_LABEL * 2) <= room:
        label = min(label, room - sum(widths) - _GAP * len(widths))
        rows = [
            Row(str(at), ((cut(first, label), ""), *zip(figures, styles, strict=True)))
            for at, (first, figures, styles) in enumerate(zip(firsts, texts, bold, strict=True))
        ]
        members = {str(at): [one for cell in row for one in cell] for at, row in enumerate(found.members)}
        columns = [Column(cut(heads[0], label), 0), *(Column(head, 0, right=True) for head in heads[1:])]
        return TableLines(columns, rows, members)
    return _flat(found, firsts, heads, texts, bold, room)


def _flat(
    found: Pivot,
    firsts: Sequence[str],
    heads: Sequence[str],
    texts: Sequence[Sequence[str]],
    bold: Sequence[Sequence[str]],
    room: int,
) -> TableLines:
    """Return a table with a line for each of its cells."""
    places = [(y, x) for y, row in enumerate(found.members) for x, cell in enumerate(row) if cell]
    several = len(heads) > 2
    labels = {(y, x): ", ".join(filter(None, [firsts[y], heads[x + 1] * several])) for y, x in places}
    figures = max((cell_len(texts[y][x]) for y, x in places), default=1)
    label = max(_LEAST_LABEL, min(max(map(cell_len, labels.values()), default=1), room - figures - _GAP))
    rows = [Row(f"{y}/{x}", ((cut(labels[y, x], label), ""), (cut(texts[y][x], room), bold[y][x]))) for y, x in places]
    head = "" if several else heads[1]
    columns = [Column(cut(heads[0], label), 0), Column(cut(head, figures), 0, right=True)]
    return TableLines(columns, rows, {f"{y}/{x}": found.members[y][x] for y, x in places})


def cut(text: str, width: int) -> str:
    """Return a text of ``width`` cells at most, with an ellipsis where something is left out."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)).rstrip() + "…"
