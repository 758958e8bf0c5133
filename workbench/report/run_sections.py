"""Blocks of one run: its settings, network, curves, figures, confusion matrix, forecast and samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tasks.base import Metrics
from tasks.views import Confusion, Series, Table, TableValue, Text, View
from workbench.config.fields import as_typed
from workbench.render.format import number
from workbench.render.metrics import formatted, heading
from workbench.render.text import printable
from workbench.report import commands, matrix, pictures
from workbench.report.document import Block, Code, Facts, Grid, Paragraph
from workbench.report.words import Language, headline, say
from workbench.report.writing import sentence
from workbench.runs.comparison import ResultFigure
from workbench.runs.events import Finished
from workbench.runs.figures import baseline_metrics, model_metrics
from workbench.runs.history import History
from workbench.runs.run import Run
from workbench.runs.summary import RunSummary
from workbench.studies.plan import Section as Shown

_MOST_CLASSES, _MOST_LINES, _WIDEST = 200, 400, 1_000  # of a table and of a printout; characters of a line
Draw = Callable[[str, Sequence[Run], pictures.Kind, str], Sequence[Block]]
Wanted = Callable[[Shown], bool]


class ReportedRun(NamedTuple):
    """A run as a report shows it."""

    run: Run
    history: History
    summary: RunSummary
    label: str

    @property
    def finished(self) -> Finished | None:
        """Its end, where it is finished."""
        return self.history.ended if isinstance(self.history.ended, Finished) else None

    @property
    def split(self) -> str:
        """The split that its figures are of."""
        return "test" if self.finished else "val"

    @property
    def views(self) -> Sequence[View]:
        """Views of the test, else of the last evaluation."""
        if self.finished and self.finished.views:
            return self.finished.views
        return self.history.evals[-1].views if self.history.evals else []


def run_section(one: ReportedRun, name: str, draw: Draw, wanted: Wanted, language: Language) -> list[Block]:
    """Return the blocks of a run.

    Args:
        name: beginning of its pictures' file names.
        draw: draws a picture of runs under a name, with a caption.
        wanted: whether a part is to be shown.
    """
    blocks: list[Block] = [_settings(one, language)]
    if one.history.steps or one.history.evals:
        if wanted("curves"):
            blocks += draw(f"{name}-curves", [one.run], "curves", _curves_caption(one, language))
        blocks += _figures(one, language)
    views = one.views
    if wanted("confusion"):
        for view in views:
            if isinstance(view, Confusion):
                blocks += draw(f"{name}-confusion", [one.run], "confusion", _confusion_caption(view, language))
                break
    table = matrix.class_table(views)
    if table is not None and wanted("classes"):
        blocks += draw(f"{name}-classes", [one.run], "classes", _classes_caption(table, language))
        blocks += _class_grid(table, language)
    if wanted("forecast") and any(isinstance(view, Series) for view in views):
        blocks += draw(f"{name}-forecast", [one.run], "forecast", sentence("forecast", language))
    if wanted("samples"):
        blocks += _samples(one, language)
    if wanted("network") and (printout := one.run.network()):
        blocks.append(Code(_excerpt(printout, language), headline("network", language)))
    return blocks


def _settings(one: ReportedRun, language: Language) -> Facts:
    described, started = one.run.spec, one.history.started
    changed = ", ".join(f"{key}={as_typed(value)}" for key, value in commands.differing(described).items())
    count = sentence("parameters", language, count=f"{started.parameters:,}") if started else ""
    return Facts(
        [
            (say("run", language), one.run.id),
            (say("status", language), say(one.summary.status, language)),
            (say("cell", language), described.cell),
            (say("preset", language), described.preset),
            (say("settings that differ", language), changed or say("the defaults", language)),
            (say("parameters", language), count),
            (say("epochs", language), number(one.summary.epochs, 1)),
            (say("protocol", language), say(started.protocol, language) if started else ""),
        ]
    )


def _curves_caption(one: ReportedRun, language: Language) -> str:
    settings, best = one.run.spec.settings, one.history.best
    if best is None:
        return say("loss", language)
    value = formatted(best.metric, best.value, settings)
    figures = {"best": value, "step": f"{best.step:,}", "metric": say(heading(best.metric, settings), language)}
    return sentence("curves", language, tested=one.finished is not None, **figures)


def _figures(one: ReportedRun, language: Language) -> list[Block]:
    """Return the metrics of the network beside the baselines'."""
    settings = one.run.spec.settings
    metrics: Metrics = model_metrics(one.history)
    baselines = baseline_metrics(one.history, one.split)
    methods = [(one.run.spec.cell, metrics), *((say(name, language), each) for name, each in baselines.items())]
    names = list(metrics)
    heads = [say("method", language), *(say(heading(name, settings), language) for name in names)]
    every = [metrics, *baselines.values()]
    rows = []
    for method, figures in methods:
        rows.append([ResultFigure(method), *(_marked(name, figures.get(name), every, one) for name in names)])
    return [Grid(heads, rows, headline("test" if one.finished else "validation", language))] if names else []


def _marked(name: str, value: float | None, methods: Sequence[Metrics], one: ReportedRun) -> ResultFigure:
    settings = one.run.spec.settings
    higher = settings.higher_is_better if name == settings.metric else settings.describe_metric(name).higher_is_better
    every = [each for figures in methods if (each := figures.get(name)) is not None]
    best = (max if higher else min)(every) if higher is not None and len(every) > 1 else None
    return ResultFigure(formatted(name, value, settings), value is not None and value == best)


def _confusion_caption(view: Confusion, language: Language) -> str:
    """Return the class that is recognised least, and what it is most often taken for."""
    rows = view.counts if matrix.is_whole(view) else []
    shares = [(row[at] / sum(row), at) for at, row in enumerate(rows) if sum(row) > 0]
    if not shares:
        return view.title
    share, at = min(shares)
    wrong = [(count, other) for other, count in enumerate(view.counts[at]) if other != at]
    most, other = max(wrong, key=lambda pair: pair[0], default=(0, at))
    mistaken = view.labels[other] if most else ""
    return sentence("confusion", language, hardest=view.labels[at], share=number(100 * share, 1), mistaken=mistaken)


def _classes_caption(table: Table, language: Language) -> str:
    column = table.columns.index("f1")
    figures = [(float(row[column] or 0), str(row[0])) for row in table.rows if isinstance(row[column], float | int)]
    if not figures:
        return table.title
    (low, worst), (high, best) = min(figures), max(figures)
    return sentence("classes", language, best=best, best_f1=number(high, 4), worst=worst, worst_f1=number(low, 4))


def _class_grid(table: Table, language: Language) -> list[Block]:
    def text(value: TableValue) -> str:
        if isinstance(value, float):
            return number(value, 4)
        return f"{value:,}" if isinstance(value, int) else str("–" if value is None else value)

    rows = [[ResultFigure(text(value)) for value in row] for row in table.rows[:_MOST_CLASSES]]
    heads = [headline(column, language) if column == "f1" else say(column, language) for column in table.columns]
    blocks: list[Block] = [Grid(heads, rows)]
    if left := table.rows[_MOST_CLASSES:]:
        blocks.append(Paragraph(sentence("more_rows", language, count=f"{len(left):,}")))
    return blocks


def _samples(one: ReportedRun, language: Language) -> list[Block]:
    """Return the last sample of each title."""
    last = {sample.view.title: sample for sample in one.history.samples}
    blocks: list[Block] = []
    for sample in last.values():
        if isinstance(sample.view, Text):
            caption = sentence("sampled", language, run=one.label, step=f"{sample.step:,}")
            blocks.append(Code(_excerpt(sample.view.text, language), f"{caption} {sample.view.note}".strip()))
    return blocks


def _excerpt(text: str, language: Language) -> str:
    """Return a text, cut where it is longer than a reader wants."""
    lines = text.rstrip().split("\n")
    shown = [printable(line, _WIDEST) for line in lines[:_MOST_LINES]]
    if left := lines[_MOST_LINES:]:
        shown.append(sentence("cut", language, lines=f"{len(left):,}"))
    return "\n".join(shown)
