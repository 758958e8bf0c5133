"""Panel of a run's charts: they grow by its events and share one view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import cast

from textual.app import ComposeResult
from textual.containers import Vertical

from tasks.base import Settings
from workbench.render.curve import Curve, Smoothed
from workbench.render.metrics import presentation
from workbench.runs.events import Eval, Event, Started, Step
from workbench.runs.figures import ReferenceLevel
from workbench.runs.timeline import Timeline
from workbench.tui.run.chart import Chart
from workbench.tui.run.view_range import VIEW_ACTIONS, ViewRange


class ChartPanel(Vertical):
    """Chart of the loss, and one of the task's main metric where it is another one."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(id="charts")
        self._settings = settings
        self.timeline = Timeline()
        self.view = ViewRange()
        self.raw = Curve("raw", "primary", faint=True)
        self.train = Smoothed("train", "primary", of=self.raw)
        self.validation = Curve("validation", "accent", brief="val")
        self.metric = Curve("validation", "accent", brief="val")

    def compose(self) -> ComposeResult:
        yield Chart("loss", [self.raw, self.train, self.validation], timeline=self.timeline, id="loss")
        name = self._settings.metric
        if name != "loss":
            metric, logs = presentation(name, self._settings), not self._settings.higher_is_better
            yield Chart(
                metric.title, [self.metric], digits=metric.digits, logs=logs, timeline=self.timeline, id="metric"
            )

    def clear(self) -> None:
        """Forget all events."""
        self.timeline.clear()
        for curve in self._curves:
            curve.clear()

    def add_events(self, events: Iterable[Event], level: ReferenceLevel | None) -> None:
        """Add events in their order and set the baseline's level; the charts are drawn again soon."""
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
        for chart in self.query(Chart):
            changed = chart.id == "metric" and level != chart.level
            if changed:
                chart.level = level
            if grown or changed:  # also one without a new point: its axis grows with every step
                chart.changed()

    def draw_now(self) -> None:
        """Draw what was added, without waiting for the next moment at which charts are drawn."""
        for chart in self.query(Chart):
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
        self.metric.extend(steps, [event.metrics.get(self._settings.metric) for event in evals])

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
    def _curves(self) -> tuple[Curve, ...]:
        return self.raw, self.validation, self.metric
