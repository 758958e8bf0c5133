"""Figures of a run and of the baselines that it is to beat. No torch."""

from __future__ import annotations

from typing import NamedTuple

from tasks.base import Metrics, Settings
from workbench.runs.events import Eval, Finished
from workbench.runs.history import History


class ReferenceLevel(NamedTuple):
    """A baseline's name and its value of a metric."""

    name: str
    value: float


def best_evaluation(history: History) -> Eval | None:
    """Return the best evaluation so far, where the history holds it."""
    best = history.best
    return next((event for event in reversed(history.evals) if best and event.step == best.step), None)


def model_metrics(history: History) -> Metrics:
    """Return the model's metrics: of the test when the run is finished, else of its best evaluation."""
    if isinstance(history.ended, Finished):
        return history.ended.test
    if not history.evals:
        return {}
    return (best_evaluation(history) or history.evals[-1]).metrics


def baseline_metrics(history: History, split: str) -> dict[str, Metrics]:
    """Return the baselines' metrics on a split, by their names."""
    return history.baseline.methods.get(split, {}) if history.baseline else {}


def best_baseline(
    history: History, settings: Settings | type[Settings], split: str = "val", metric: str = ""
) -> ReferenceLevel | None:
    """Return the best baseline by a metric on the rows of a split; ``None`` where the metric is not ranked.

    Args:
        metric: empty: the task's main one.
    """
    metric = metric or settings.metric
    higher = (
        settings.higher_is_better if metric == settings.metric else settings.describe_metric(metric).higher_is_better
    )
    if higher is None:
        return None
    levels = [
        ReferenceLevel(name, value)
        for name, metrics in baseline_metrics(history, split).items()
        if (value := metrics.get(metric)) is not None
    ]
    sign = 1 if higher else -1
    return max(levels, key=lambda level: sign * level.value, default=None)
