"""Loss and metric curves of one run, of several over one another, or of the seeds of a setting as mean and band."""

from __future__ import annotations

import statistics
import textwrap
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tasks.base import Settings
from workbench.render.curve import DEFAULT_SMOOTHING, smooth, thin
from workbench.render.format import number
from workbench.render.metrics import formatted, heading
from workbench.render.plot import Point
from workbench.report.theme import Theme, color, legend_label, line_style, make_figure, panels, set_title
from workbench.report.words import Language, say
from workbench.runs.figures import best_baseline
from workbench.runs.history import History

_BESIDE = 12.0  # cm from which two panels stand beside one another
_HEIGHT, _ENTRY, _EDGE = 6.5, 0.45, 1.2  # cm: of a panel, a line of the legend, the numbers beside the curves
_LEGEND = 30  # characters of a line of the legend within a panel
_NEAR = 0.15  # of the axis: where words in the middle of a point leave the panel
_POINTS = 1_500  # columns to which a curve is thinned


class Drawn(NamedTuple):
    """Runs that are drawn as one curve: one run, or the seeds of a setting."""

    label: str
    histories: Sequence[History]
    settings: Settings


def curves(
    groups: Sequence[Drawn], remark: str, chosen: Theme, language: Language, width: float, metric: str = ""
) -> Figure:
    """Return the loss in one panel and a metric in the other; the loss alone where it is the metric.

    Args:
        groups: of one task.
        remark: what is to be known of all of them; empty: nothing.
        width: cm.
        metric: empty: the task's main one.
    """
    settings, alone = groups[0].settings, len(groups) == 1
    metric = metric or settings.metric
    count = 1 if metric == "loss" else 2
    beside = count == 2 and width >= _BESIDE
    figure = make_figure(width, _HEIGHT * (1 if beside else count) + (0 if alone else _ENTRY * (1 + len(groups) // 2)))
    each = width / (2 if beside else 1) - _EDGE
    loss, *rest = panels(figure, count, beside=beside)
    _panel(loss, ", ".join(filter(None, [say("loss", language), remark])), language, each)
    if not alone:
        loss.set_xlabel(f"{say('step', language)}  ({say('thick: validation, thin: training', language)})")
    for index, group in enumerate(groups):
        _draw_loss(loss, group, chosen, index, language, alone=alone)
    for axes in rest:
        title = say(heading(metric, settings), language)
        sampled = any(_training(history, metric) for group in groups for history in group.histories)
        _panel(axes, title if sampled else f"{say('validation', language)}: {title}", language, each)
        for index, group in enumerate(groups):
            _draw_metric(axes, group, metric, chosen, index, language, alone=alone)
        _draw_baseline(axes, groups, metric, chosen, language)
    for axes in (loss, *rest):
        axes.margins(x=0.02)
        if alone and axes.get_legend_handles_labels()[0]:
            axes.legend()
    if not alone:  # the colors are the same in all panels
        handles, labels = (rest or [loss])[-1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _panel(axes: Axes, title: str, language: Language, width: float) -> None:
    set_title(axes, title, width=width)
    axes.set_xlabel(say("step", language))
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _draw_loss(axes: Axes, group: Drawn, chosen: Theme, index: int, language: Language, *, alone: bool) -> None:
    """Draw the training loss, smoothed, and the validation loss; of a run that stands alone the raw one too."""
    raw = [_steps(history) for history in group.histories]
    main, style = color(chosen, index), line_style(chosen, index)
    if alone and len(raw) == 1:
        axes.plot(*_columns(thin(raw[0], _POINTS)), color=main, alpha=0.25, linewidth=0.6)
    _draw(axes, [*map(_smoothed, raw)], say("train", language) if alone else "", main, style, thick=alone)
    evals = [_evaluations(history, "loss") for history in group.histories]
    label = say("validation", language) if alone else group.label
    _draw(axes, evals, label, color(chosen, index + alone), style, thick=True)


def _draw_metric(
    axes: Axes, group: Drawn, metric: str, chosen: Theme, index: int, language: Language, *, alone: bool
) -> None:
    """Draw the metric on the training sample and on validation; mark the best evaluation of a run by itself."""
    sampled = [_training(history, metric) for history in group.histories]
    label = say("train", language) if alone else ""
    _draw(axes, sampled, label, color(chosen, index), line_style(chosen, index), thick=False)
    main = color(chosen, index + alone)
    points = [_evaluations(history, metric) for history in group.histories]
    label = say("validation", language) if alone else group.label
    _draw(axes, points, label, main, line_style(chosen, index), thick=True)
    history, *others = group.histories
    best = history.best if metric == group.settings.metric else None  # that of the task's own metric
    value = next((event.metrics.get(metric) for event in history.evals if best and event.step == best.step), None)
    if best and value is not None and not others:
        axes.plot([best.step], [value], marker="*", markersize=9, color=main, linestyle="none")
        if alone:
            words = f"{say('best', language)} {formatted(metric, value, group.settings)}"
            above = group.settings.higher_is_better  # where the curve is not
            place, side = (0, 5 if above else -5), "bottom" if above else "top"
            first, last = history.evals[0].step, history.evals[-1].step
            share = (best.step - first) / (last - first) if last > first else 0.5
            align = "left" if share < _NEAR else "right" if share > 1 - _NEAR else "center"
            axes.annotate(words, (best.step, value), place, textcoords="offset points", ha=align, va=side, fontsize=7)


def _draw_baseline(axes: Axes, groups: Sequence[Drawn], metric: str, chosen: Theme, language: Language) -> None:
    """Draw the strongest baseline on validation as a line, where all runs have the same."""
    levels = {
        best_baseline(history, group.settings, metric=metric)
        for group in groups
        for history in group.histories
        if history.baseline
    }
    if len(levels) == 1 and (level := levels.pop()) is not None:
        words = legend_label(f"{say(level.name, language)} {formatted(metric, level.value, groups[0].settings)}")
        label = textwrap.fill(words, _LEGEND)
        axes.axhline(level.value, color=chosen.muted, linestyle="--", linewidth=0.9, label=label)


def _draw(axes: Axes, many: Sequence[Sequence[Point]], label: str, shade: str, style: str, *, thick: bool) -> None:
    """Draw points as a curve; of several runs the mean, with a band of one standard deviation either side.

    Args:
        label: in the legend; empty: not there.
    """
    many = [points for points in many if points]
    if not many:
        return
    width, label = 1.4 if thick else 0.7, label or "_"
    marker = "o" if max(map(len, many)) == 1 else None
    if len(many) == 1:
        axes.plot(
            *_columns(thin(many[0], _POINTS)), color=shade, linestyle=style, linewidth=width, label=label, marker=marker
        )
        return
    xs, means, deviations = mean_and_deviation(many)
    axes.plot(xs, means, color=shade, linestyle=style, linewidth=width, label=label, marker=marker)
    lower, upper = ([m + sign * d for m, d in zip(means, deviations, strict=True)] for sign in (-1, 1))
    axes.fill_between(xs, lower, upper, color=shade, alpha=0.18, linewidth=0)


def mean_and_deviation(many: Sequence[Sequence[Point]]) -> tuple[list[float], list[float], list[float]]:
    """Return the steps that all curves reach, and the mean and standard deviation (n - 1) of their values there.

    Between two points of a curve the value is that of the earlier one.
    """
    first, last = max(points[0][0] for points in many), min(points[-1][0] for points in many)
    xs = sorted({x for points in many for x, _ in points if first <= x <= last})
    columns = [[x for x, _ in points] for points in many]
    values = [
        [points[bisect_right(column, x) - 1][1] for points, column in zip(many, columns, strict=True)] for x in xs
    ]
    return xs, [statistics.fmean(row) for row in values], [statistics.stdev(row) for row in values]


def _steps(history: History) -> list[Point]:
    return [(event.step, event.loss) for event in history.steps if event.loss is not None]


def _evaluations(history: History, metric: str) -> list[Point]:
    return [(event.step, value) for event in history.evals if (value := event.metrics.get(metric)) is not None]


def _training(history: History, metric: str) -> list[Point]:
    """Return a metric on the training sample; nothing where it was not measured."""
    return [(event.step, value) for event in history.evals if (value := event.train.get(metric)) is not None]


def _smoothed(points: Sequence[Point]) -> list[Point]:
    means = smooth((y for _, y in points), DEFAULT_SMOOTHING)
    return [(x, mean) for (x, _), mean in zip(points, means, strict=True)]


def _columns(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def mean_label(label: str, count: int, language: Language, *, seeds: bool) -> str:
    """Return the label of several runs' curve.

    Args:
        seeds: they differ by nothing but their seeds.
    """
    words = say("mean ± sd of {} seeds" if seeds else "mean ± sd of {} runs", language)
    return ", ".join(filter(None, [label, words.format(number(count, 0))]))
