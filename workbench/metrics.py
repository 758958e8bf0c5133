"""What the metrics are called, and with how many digits they are said: the same on every face. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from workbench.events import Best, Eval
from workbench.words import number


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


def heading(metric: str) -> str:
    """A metric's name as a person reads it; any other column's name as it is, spaces for underscores."""
    return _NAMES[metric].heading if metric in _NAMES else metric.replace("_", " ")


def measured(metric: str, value: float | None) -> str:
    """A metric's value with the digits that mean something."""
    return number(value, _NAMES[metric].digits) if metric in _NAMES else number(value)


def standing(best: Best, evals: Sequence[Eval], main: str) -> str:
    """The best evaluation in one figure: its main metric where it is among ``evals``, else what picked it."""
    value = next((e.metrics.get(main) for e in reversed(evals) if e.step == best.step), None)
    metric, value = (best.metric, best.value) if value is None else (main, value)
    return f"{heading(metric)} {measured(metric, value)}"


def ordered(metrics: dict[str, float | None], main: str, most: int) -> list[str]:
    """The loss, the task's main metric and its further ones in its own order, ``most`` in all."""
    return list(dict.fromkeys(name for name in ("loss", main, *metrics) if name in metrics))[:most]
