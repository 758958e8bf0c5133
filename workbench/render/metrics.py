"""Headings and figures of metrics, as the run's task declares them: the same on every face. No torch."""

from __future__ import annotations

from tasks.base import Metric, Metrics, Settings
from workbench.render.format import number


def presentation(name: str, settings: Settings | type[Settings]) -> Metric:
    """Return a metric's presentation: as a run's settings make it, or as its task declares it."""
    return settings.describe_metric(name) if isinstance(settings, type) else settings.present_metric(name)


def heading(name: str, settings: Settings | type[Settings]) -> str:
    """Return a metric's heading with its unit, or another column's name with spaces for underscores."""
    return presentation(name, settings).title


def formatted(name: str, value: float | None, settings: Settings | type[Settings]) -> str:
    """Return a metric's value with as many digits as the task declares."""
    return number(value, presentation(name, settings).digits)


def with_heading(name: str, value: float | None, settings: Settings | type[Settings]) -> str:
    """Return a metric as a phrase: ``accuracy 0.8512``."""
    return f"{heading(name, settings)} {formatted(name, value, settings)}"


def ordered(metrics: Metrics, main: str, most: int) -> list[str]:
    """Return at most ``most`` names: the loss, the main metric, then the others in the task's order."""
    return list(dict.fromkeys(name for name in ("loss", main, *metrics) if name in metrics))[:most]
