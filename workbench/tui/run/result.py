"""Table of the model's metrics beside those of the baselines on the same rows."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tasks.base import Metrics, Settings
from tasks.views import TableValue
from workbench.render.metrics import formatted, heading
from workbench.runs.events import Eval, Finished
from workbench.runs.figures import baseline_metrics, model_metrics
from workbench.runs.history import History
from workbench.runs.run import Run
from workbench.tui.widgets.table import Passage, lay_out


class ResultTable(Passage):
    """Metrics of the test once a run is finished, of its best evaluation until then; or of an earlier evaluation."""

    def __init__(self, run: Run, settings: Settings, id: str) -> None:
        super().__init__(id=id)
        self._run = run
        self._settings = settings

    def on_mount(self) -> None:
        self.border_title = "result"
        self.body.add_class("figures")

    def show_history(self, history: History, shown: Eval | None = None) -> None:
        """Show a run's metrics.

        Args:
            shown: an earlier evaluation to show instead of the newest figures.
        """
        split = "test" if isinstance(history.ended, Finished) and shown is None else "val"
        own = shown.metrics if shown else model_metrics(history)
        rows: list[tuple[str, Metrics]] = [(self._run.spec.cell, own)] if own else []
        rows += list(baseline_metrics(history, split).items())
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
        by = f", by {heading(history.best.metric, self._settings)}" if history.best else ""
        self.border_title = (
            f"test, with the best weights{by}"
            if split == "test"
            else f"validation at step {shown.step:,}"
            if shown
            else f"best validation so far{by}"
            if own
            else "the baselines, to be beaten"
        )
        notes: list[tuple[str, str]] = []
        protocol = history.started.protocol if history.started else ""
        if protocol:
            notes.append((f"\nmeasured on: {protocol}", "$text-warning"))
        if self._run.spec.data == "starter":
            notes.append(("\non the small starter data, not the full set", "$text-warning"))
        heads = ["", *(heading(column, self._settings) for column in columns)]
        strong = frozenset([0] if own else [])
        self.show(lambda room: Content.assemble(lay_out(heads, table, strong, right=True, room=room), *notes))


def _columns(metric: str, rows: list[Metrics]) -> list[str]:
    """Return the metrics in the order of the columns: the main one, then those that most methods have."""
    names = dict.fromkeys(name for metrics in rows for name in metrics)
    counts = {name: sum(metrics.get(name) is not None for metrics in rows) for name in names}
    return sorted(names, key=lambda name: (name != metric, -counts[name], name == "loss"))
