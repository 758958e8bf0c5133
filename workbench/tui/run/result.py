"""How the model stands beside the baselines on the same rows."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tasks.base import Metrics, Settings
from tasks.views import TableValue
from workbench.render.metrics import formatted, heading
from workbench.runs.events import Eval, Finished
from workbench.runs.history import History
from workbench.runs.store import Run
from workbench.tui.run.chart import Level
from workbench.tui.widgets.table import Passage, lay_out


class Result(Passage):
    """The test figures when a run is finished, the best validation so far until then; or those of an earlier one."""

    def __init__(self, run: Run, settings: type[Settings], id: str) -> None:
        super().__init__(id=id)
        self._run = run
        self._settings = settings

    def on_mount(self) -> None:
        self.border_title = "result"
        self.body.add_class("figures")

    def show_history(self, history: History, shown: Eval | None = None) -> None:
        split = "test" if isinstance(history.ended, Finished) and shown is None else "val"
        own = shown.metrics if shown else standing(history)
        rows: list[tuple[str, Metrics]] = [(self._run.spec.cell, own)] if own else []
        rows += list(baselines(history, split).items())
        if not rows:
            self.show(
                Content.styled("Nothing is measured yet: the first evaluation is on its way.", "$foreground-muted")
            )
            return
        columns = _columns(self._settings.metric, [metrics for _, metrics in rows])
        table: list[Sequence[TableValue]] = [
            [name, *(formatted(column, metrics.get(column), self._settings) for column in columns)]
            for name, metrics in rows
        ]
        self.border_title = (
            "test, with the best weights"
            if split == "test"
            else f"validation at step {shown.step:,}"
            if shown
            else "best validation so far"
            if own
            else "the baselines, to be beaten"
        )
        parts: list[Content | str | tuple[str, str]] = [
            lay_out(
                ["", *(heading(column, self._settings) for column in columns)],
                table,
                frozenset([0] if own else []),
                right=True,
            )
        ]
        protocol = history.started.protocol if history.started else ""
        if protocol:
            parts.append((f"\nmeasured on: {protocol}", "$text-warning"))
        if self._run.spec.data == "starter":
            parts.append(("\non the small starter data, not the full set", "$text-warning"))
        self.show(Content.assemble(*parts))


def standing(history: History) -> Metrics:
    """The model's own figures: on the test split when finished, else of the best evaluation."""
    if isinstance(history.ended, Finished):
        return history.ended.test
    if not history.evals:
        return {}
    best = history.evals[-1].best.step
    return next((e.metrics for e in reversed(history.evals) if e.step == best), history.evals[-1].metrics)


def baselines(history: History, split: str) -> dict[str, Metrics]:
    return history.baseline.methods.get(split, {}) if history.baseline else {}


def strongest(history: History, settings: type[Settings]) -> Level | None:
    """The best baseline by the task's main metric on the validation rows."""
    found = [
        Level(name, value)
        for name, metrics in baselines(history, "val").items()
        if (value := metrics.get(settings.metric)) is not None
    ]
    sign = 1 if settings.higher_is_better else -1
    return max(found, key=lambda level: sign * level.value, default=None)


def _columns(metric: str, rows: list[Metrics]) -> list[str]:
    """The main metric, then the others, as many methods as possible knowing each."""
    names = dict.fromkeys(name for metrics in rows for name in metrics)
    known = {name: sum(metrics.get(name) is not None for metrics in rows) for name in names}
    return sorted(names, key=lambda name: (name != metric, -known[name], name == "loss"))
