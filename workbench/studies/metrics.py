"""Metrics that a study's table can show: of a split, the training loss, and what a run took."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tasks.base import Metric, Metrics, Settings
from workbench.render.format import number
from workbench.render.metrics import presentation
from workbench.runs.summary import RunSummary
from workbench.studies.plan import RUN, TRAINING_LOSS
from workbench.studies.study import Member

SPLITS = ("test", "val")


class _RunMetric(NamedTuple):
    """A metric of a run as a whole: its presentation, and its figure."""

    metric: Metric
    figure: Callable[[RunSummary], float | None]


def _to_be_low(heading: str, *, digits: int = 0, unit: str = "") -> Metric:
    return Metric(heading=heading, digits=digits, unit=unit, higher_is_better=False)


def _per_1000_steps(summary: RunSummary) -> float | None:
    return 1000 * summary.wall_s / summary.step if summary.wall_s and summary.step else None


RUN_METRICS: Mapping[str, _RunMetric] = {
    "steps": _RunMetric(Metric(heading="steps", digits=0), lambda one: one.step or None),
    "seconds": _RunMetric(Metric(heading="training", digits=1, unit="s"), lambda one: one.wall_s),
    "seconds_per_1000_steps": _RunMetric(_to_be_low("1,000 steps", digits=1, unit="s"), _per_1000_steps),
    "parameters": _RunMetric(Metric(heading="parameters", digits=0), lambda one: one.parameters),
    "steps_to_target": _RunMetric(_to_be_low("steps to the target"), lambda one: one.step if one.reached else None),
    "seconds_to_target": _RunMetric(
        _to_be_low("time to the target", digits=1, unit="s"), lambda one: one.wall_s if one.reached else None
    ),
}
"""``run.NAME``: evaluations are part of the seconds, the measurement on the test rows at the end is not."""


def known(split_metrics: list[str]) -> list[str]:
    """Return all metrics that can be asked for.

    Args:
        split_metrics: names of metrics that a split has.
    """
    of_splits = [f"{split}.{name}" for split in SPLITS for name in split_metrics]
    return [*of_splits, TRAINING_LOSS, *(f"{RUN}.{name}" for name in RUN_METRICS)]


def figure(member: Member, metric: str) -> float | None:
    """Return a run's figure of ``test.NAME``, ``val.NAME``, ``train.loss`` or ``run.NAME``; ``None``: it has none."""
    split, _, name = metric.partition(".")
    if member.summary is None:
        return None
    if metric == TRAINING_LOSS:
        return member.summary.loss
    if split == RUN:
        return RUN_METRICS[name].figure(member.summary)
    metrics: Metrics = member.summary.test if split == "test" else member.summary.val
    return metrics.get(name)


def present(metric: str, of: Settings) -> Metric:
    """Return a metric's presentation: as its task declares it, or that of a run's cost."""
    split, _, name = metric.partition(".")
    return RUN_METRICS[name].metric if split == RUN else presentation(name, of)


def heading(metric: str, of: Settings) -> str:
    """Return a metric's heading: ``test accuracy``, ``steps``."""
    split, title = metric.partition(".")[0], present(metric, of).title
    return title if split == RUN else f"{split} {title}"


def formatted(metric: str, value: float | None, of: Settings) -> str:
    """Return a figure with as many digits as the metric has."""
    digits = present(metric, of).digits
    if value is not None and not digits:
        return f"{value:,.0f}"
    return number(value, digits)


def higher_is_better(metric: str, of: Settings) -> bool | None:
    """Return a metric's direction; ``None`` where there is none."""
    split, _, name = metric.partition(".")
    if split != RUN and name == of.metric:
        return of.higher_is_better
    return present(metric, of).higher_is_better
