"""What the metrics are called, and with how many digits they are said: the same on every face. No torch."""

from __future__ import annotations

from typing import NamedTuple

from workbench.render.format import number


class _Name(NamedTuple):
    heading: str
    digits: int = 4


_NAMES = {
    "f1": _Name("F1"),
    "macro_f1": _Name("macro F1"),
    "weighted_f1": _Name("weighted F1"),
    "balanced_accuracy": _Name("balanced"),
    "mse_norm": _Name("MSE norm."),
    "mse_c2": _Name("MSE °C²", 2),
    "mae_c": _Name("MAE °C", 3),
    "rmse_c": _Name("RMSE °C", 3),
    "nll": _Name("NLL", 3),
    "nll_hanzi": _Name("NLL hanzi", 3),
    "perplexity": _Name("perplexity", 1),
    "well_formed": _Name("well-formed", 3),
}

_ERRORS = {"loss", "mse", "mae", "rmse", "nll", "perplexity"}
_SHARES = {"accuracy", "f1", "macro_f1", "weighted_f1", "balanced_accuracy", "well_formed"}
KNOWN = ("loss", "accuracy", *_NAMES)  # every task's metrics are among them, unless it is a user's own task


def heading(metric: str) -> str:
    """A metric's name as a person reads it; any other column's name as it is, spaces for underscores."""
    return _NAMES[metric].heading if metric in _NAMES else metric.replace("_", " ")


def measured(metric: str, value: float | None) -> str:
    """A metric's value with the digits that mean something."""
    return number(value, _NAMES[metric].digits) if metric in _NAMES else number(value)


def higher_is_better(metric: str) -> bool | None:
    """Which way a metric is good; ``None`` where only its task knows."""
    first = metric.partition("_")[0]
    return True if metric in _SHARES else False if first in _ERRORS else None


def ordered(metrics: dict[str, float | None], main: str, most: int) -> list[str]:
    """The loss, the task's main metric and its further ones in its own order, ``most`` in all."""
    return list(dict.fromkeys(name for name in ("loss", main, *metrics) if name in metrics))[:most]
