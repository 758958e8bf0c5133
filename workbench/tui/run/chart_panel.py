"""Panel of a run's charts: they grow by its events and share one view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple, cast

from textual.app import ComposeResult
from textual.containers import Vertical

from tasks.base import Settings
from workbench.render.curve import Curve, Smoothed
from workbench.render.metrics import presentation
from workbench.runs.events import Eval, Event, Started, Step
from workbench.runs.figures import best_baseline
from workbench.runs.history import History
from workbench.runs.timeline import Timeline
from workbench.tui.widgets.chart import Chart
from workbench.tui.widgets.view_range import VIEW_ACTIONS, ViewRange


class _MetricCurves(NamedTuple):
    """A metric on the training sample and on validation, and on validation in the run that this was branched from."""

    train: Curve
    validation: Curve
    parent: Curve


class ChartPanel(Vertical):
    """Chart of the loss, and one of another metric: at first the task's main one."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(id="charts")
        self._settings = settings
        self.timeline = Timeline()
        self.view = ViewRange()
        self.raw = Curve("raw", "primary", faint=True)
        self.train = Smoothed("train", "primary", of=self.raw)
        self.validation = Curve("validation", "accent", brief="val")
        self.metric = "" if settings.metric == "loss" else settings.metric  # that is drawn; empty: the loss alone
        self._metrics: dict[str, _MetricCurves] = {}
        self._inherited: Sequence[Started | Step | Eval] = ()  # of the run's ancestors, up to where it begins
        self._parent_raw = Curve("raw", "secondary", faint=True)
        self._parent_validation = Curve("validation", "secondary", faint=True)
        self._metric_chart = Chart("", [], timeline=self.timeline, id="metric")

    def compose(self) -> ComposeResult:
        yield Chart("loss", [self.raw, self.train, self.validation], timeline=self.timeline, id="loss")
        yield self._metric_chart

    def on_mount(self) -> None:
        self._show_metric()

    @property
    def charts(self) -> list[Chart]:
        """The charts in use: the metric's is not where the loss is all that is measured or chosen."""
        return [chart for chart in self.query(Chart) if chart.id == "loss" or self.metric]

    @property
    def metrics(self) -> list[str]:
        """Measured metrics, which can be drawn beside the loss, the task's main one first."""
        main = self._settings.metric
        measured = [name for name, curves in self._metrics.items() if curves.validation.ends]
        return sorted(measured, key=lambda name: name != main)

    def next_metric(self, history: History) -> None:
        """Draw the next metric, with its own baseline; after the last one the first."""
        names = self.metrics
        if names:
            at = names.index(self.metric) if self.metric in names else -1
            self.metric = names[(at + 1) % len(names)]
            self._show_metric()
            self._set_level(history)

    def _show_metric(self) -> None:
        """Give the metric's chart its curves: the training sample's too, where it was measured."""
        chart, settings = self._metric_chart, self._settings  # a screen that is left as it opens has no children
        chart.display = bool(self.metric)
        if not self.metric:
            return
        metric, curves = presentation(self.metric, settings), self._curves_of(self.metric)
        shown = [curves.train, curves.validation] if curves.train.ends else [curves.validation]
        shown += [curves.parent] if curves.parent.ends else []
        higher = settings.higher_is_better if self.metric == settings.metric else metric.higher_is_better
        if (chart.title, chart.curves) != (metric.title, shown):
            chart.show_curves(metric.title, shown, digits=metric.digits, logs=not higher)

    def _set_level(self, history: History) -> None:
        chart = self._metric_chart
        level = best_baseline(history, self._settings, metric=self.metric) if self.metric else None
        if level != chart.level:
            chart.level = level
            chart.changed()

    def _curves_of(self, metric: str) -> _MetricCurves:
        if metric not in self._metrics:
            validation = Curve("validation", "accent", brief="val")
            self._metrics[metric] = _MetricCurves(Curve("train", "primary"), validation, Curve("parent", "secondary"))
        return self._metrics[metric]

    def clear(self) -> None:
        """Forget all events."""
        self.timeline.clear()
        inherited = [self._parent_raw, self._parent_validation, *(curves.parent for curves in self._metrics.values())]
        for curve in (*self._curves, *inherited):
            curve.clear()
        self._draw_inherited()

    def inherit(self, events: Sequence[Started | Step | Eval]) -> None:
        """Draw what the run's ancestors trained, paler, up to the step at which this run begins; before any of its own.

        Args:
            events: in their order; the evaluations' views are not needed.
        """
        self._inherited = events
        if events:
            parent = Smoothed("parent", "secondary", of=self._parent_raw)
            curves = [self.raw, self.train, self.validation, self._parent_raw, parent, self._parent_validation]
            self.query_one("#loss", Chart).show_curves("loss", curves, digits=4, logs=True)
        self._draw_inherited()
        self._show_metric()

    def _draw_inherited(self) -> None:
        for event in self._inherited:
            if isinstance(event, Started):
                self.timeline.begin(event.from_step, event.time)
                continue
            self.timeline.extend([event])
            if isinstance(event, Step):
                self._parent_raw.add(event.step, event.loss)
                continue
            self._parent_validation.add(event.step, event.metrics.get("loss"))
            for name, value in event.metrics.items():
                if name != "loss" and name.isprintable():
                    self._curves_of(name).parent.add(event.step, value)

    def add_events(self, events: Iterable[Event], history: History) -> None:
        """Add events in their order and set the baseline's level; the charts are drawn again soon.

        Args:
            history: the run's, with these events.
        """
        grown = False
        for kind, group in groupby(events, type):
            if kind is Step:
                self._add_steps(cast("list[Step]", list(group)))
            elif kind is Eval:
                self._add_evals(cast("list[Eval]", list(group)))
            elif kind is Started:
                for event in group:
                    self._begin(cast("Started", event))
            else:
                continue
            grown = True
        self._show_metric()
        self._set_level(history)
        if grown:
            for chart in self.charts:  # also one without a new point: its axis grows with every step
                chart.changed()

    def draw_now(self) -> None:
        """Draw what was added, without waiting for the next moment at which charts are drawn."""
        for chart in self.charts:
            chart.refresh()

    def _begin(self, life: Started) -> None:
        """Drop what an earlier life did after the step that this one resumes from."""
        self.timeline.begin(life.from_step, life.time)
        for curve in self._curves:
            curve.cut(life.from_step)

    def _add_steps(self, steps: Sequence[Step]) -> None:
        self.timeline.extend(steps)
        self.raw.extend([step.step for step in steps], [step.loss for step in steps])

    def _add_evals(self, evals: Sequence[Eval]) -> None:
        self.timeline.extend(evals)
        steps = [event.step for event in evals]
        self.validation.extend(steps, [event.metrics.get("loss") for event in evals])
        for name in dict.fromkeys(name for event in evals for name in event.metrics):
            if name == "loss" or not name.isprintable():  # a stranger's run may hold any name
                continue
            curves = self._curves_of(name)
            curves.validation.extend(steps, [event.metrics.get(name) for event in evals])
            curves.train.extend(steps, [event.train.get(name) for event in evals])

    def change_view(self, action: str) -> None:
        """Change the view by one of ``VIEW_ACTIONS``, at once."""
        columns = max((chart.columns for chart in self.query(Chart) if chart.display), default=1)
        self._set_view(VIEW_ACTIONS[action](self.view, self.timeline, columns))

    def mark(self, step: float | None) -> None:
        """Mark the shown evaluation in the charts; ``None``: no mark."""
        self._set_view(self.view._replace(mark=step))

    def _set_view(self, view: ViewRange) -> None:
        if view != self.view:
            self.view = view
            for chart in self.query(Chart):
                chart.set_view(view)

    @property
    def _curves(self) -> list[Curve]:
        own = [curve for curves in self._metrics.values() for curve in (curves.train, curves.validation)]
        return [self.raw, self.validation, *own]
