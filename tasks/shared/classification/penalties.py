"""Penalty of a linear baseline: chosen on validation from a wide grid, whose edge is told."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from tasks.shared.datasets.progress import report_progress

DECADES = 4  # the grid goes from 10 to the power -4 to 10 to the power 4

ModelT = TypeVar("ModelT")


class Chosen(NamedTuple, Generic[ModelT]):
    """The model with the best validation score."""

    model: ModelT
    name: str  # the method's, with the value where that is the edge of the grid
    value: float
    score: float
    at_edge: bool  # a value beyond the grid might be better still


def choose(
    method: str, fit: Callable[[float], ModelT], score: Callable[[ModelT], float], *, start: int = 0, symbol: str = "C"
) -> Chosen[ModelT]:
    """Return the model of the best validation score, and report its penalty.

    The grid is walked from its start in half decades either way, the stronger penalties first, for as long as the
    score is not worse than the best so far: weak penalties, a decade beyond the best, take longer than all others
    together. Of equals the first that was tried is kept.

    Args:
        method: its name, for the person who waits.
        fit: value of the penalty's parameter → model.
        score: model → its score on validation, the higher the better.
        start: power of ten to begin at; one near the best saves time.
        symbol: of the parameter: C, the inverse of the penalty, or α.
    """
    from sklearn.exceptions import ConvergenceWarning

    def fitted(power: float) -> tuple[ModelT, bool]:
        """Return the model at 10 to this power, and whether its fit converged."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            model = fit(10.0**power)
        others = [warning for warning in caught if not issubclass(warning.category, ConvergenceWarning)]
        for other in others:
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
        return model, len(others) == len(caught)

    (best, converged), place = fitted(start), float(start)  # place: the power of ten
    found = score(best)

    def try_at(power: float) -> bool:
        """Return whether the score at 10 to this power is not worse than the best so far."""
        nonlocal best, converged, place, found
        model, settled = fitted(power)
        value = score(model)
        if value > found:
            best, converged, place, found = model, settled, power, value
        return value >= found

    for step in (-0.5, 0.5):
        power = float(start)
        while abs(power := power + step) <= DECADES and try_at(power):
            pass
    at_edge = abs(place) == DECADES
    chosen = f"{symbol} = {10.0**place:.3g}"
    report_progress(
        f"{method}: {chosen} by validation ({found:.4f})"
        + ("" if converged else ", its fit not quite converged")
        + (", the grid's edge: one beyond it might be better still." if at_edge else ".")
    )
    return Chosen(best, f"{method} ({chosen}, the grid's edge)" if at_edge else method, 10.0**place, found, at_edge)
