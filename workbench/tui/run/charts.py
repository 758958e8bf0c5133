"""The charts of a run: they grow by its events, and are looked at together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import cast

from textual.app import ComposeResult
from textual.containers import Vertical

from tasks.base import Settings
from workbench.runs.events import Eval, Event, Started, Step
from workbench.tui.run.chart import Chart, Level
from workbench.tui.run.timeline import Timeline
from workbench.tui.run.view_range import CHANGES, Lens
from workbench.tui.widgets.curve import Curve, Smoothed


class Charts(Vertical):
    """The loss, and the task's main metric where it is another figure."""

    def __init__(self, settings: type[Settings]) -> None:
        super().__init__(id="charts")
        self._settings = settings
        self.timeline = Timeline()
        self.lens = Lens()
        self.raw = Curve("raw", "primary", faint=True)
        self.train = Smoothed("train", "primary", of=self.raw)
        self.validation = Curve("validation", "accent", brief="val")
        self.metric = Curve("validation", "accent", brief="val")

    def compose(self) -> ComposeResult:
        yield Chart("loss", [self.raw, self.train, self.validation], timeline=self.timeline, id="loss")
        name = self._settings.metric
        if name != "loss":
            metric, logs = self._settings.describe_metric(name), not self._settings.higher_is_better
            yield Chart(
                metric.title, [self.metric], digits=metric.digits, logs=logs, timeline=self.timeline, id="metric"
            )

    def clear(self) -> None:
        self.timeline.clear()
        for curve in self._curves:
            curve.clear()

    def grow(self, events: Iterable[Event], level: Level | None) -> None:
        """Draw what is new, soon."""
        grown = False
        for kind, alike in groupby(events, type):
            if kind is Step:
                self._step(cast("list[Step]", list(alike)))
            elif kind is Eval:
                self._evaluate(cast("list[Eval]", list(alike)))
            elif kind is Started:
                for event in alike:
                    self._begin(cast("Started", event))
            else:
                continue
            grown = True
        for chart in self.query(Chart):
            changed = chart.id == "metric" and level != chart.level
            if changed:
                chart.level = level
            if grown or changed:  # even one without a new point: its axis grows with every step
                chart.changed()

    def _begin(self, life: Started) -> None:
        """Forget what an earlier life did in vain."""
        self.timeline.begin(life.from_step, life.time)
        for curve in self._curves:
            curve.cut(life.from_step)

    def _step(self, steps: Sequence[Step]) -> None:
        self.timeline.extend(steps)
        self.raw.extend([step.step for step in steps], [step.loss for step in steps])

    def _evaluate(self, evals: Sequence[Eval]) -> None:
        self.timeline.extend(evals)
        steps = [found.step for found in evals]
        self.validation.extend(steps, [found.metrics.get("loss") for found in evals])
        self.metric.extend(steps, [found.metrics.get(self._settings.metric) for found in evals])

    def do(self, change: str) -> None:
        """Look otherwise, as a key asks, at once."""
        columns = max((chart.columns for chart in self.query(Chart) if chart.display), default=1)
        self._look(CHANGES[change](self.lens, self.timeline, columns))

    def mark(self, step: float | None) -> None:
        """Tell apart the evaluation that is shown."""
        self._look(self.lens._replace(mark=step))

    def _look(self, lens: Lens) -> None:
        if lens != self.lens:
            self.lens = lens
            for chart in self.query(Chart):
                chart.look(lens)

    @property
    def _curves(self) -> tuple[Curve, ...]:
        return self.raw, self.validation, self.metric
