"""Measurements of the gradient through time, as events and reports hold them. No torch.

Shapes: H hidden size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from workbench.runs.cell_place import CellPlace

REACH = 1e-3  # share of the gradient at the last step below which it counts as gone
SHUT, OPEN = 0.05, 0.95  # a gate's values beyond these are saturated

Norms = list[float | None]  # by distance; ``None`` is no number


class GateStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """A sigmoid gate over all units, steps and examples: its mean, and the shares of values that are saturated."""

    mean: float
    shut: float  # below ``SHUT``
    open: float  # above ``OPEN``


class ProbedCell(CellPlace, frozen=True, kw_only=True):
    """One layer in one direction: the gradient's mean norm by distance for each part of the state, and its gates."""

    norms: dict[str, Norms]  # part of the state, "h" or "c" → by distance
    gates: dict[str, GateStatistics] = msgspec.field(default_factory=dict)
    keep_gate: str = ""  # its name in ``gates``
    spectral_radius: float | None = None  # of the recurrent matrix, for a cell without gates
    spectral_norm: float | None = None  # its largest singular value: the bound's η

    @property
    def half_life(self) -> float | None:
        """Steps after which half of a memory is left, if the keep gate stood at its mean; ``None`` without one."""
        return half_life(self.gates[self.keep_gate].mean) if self.keep_gate in self.gates else None


def half_life(keep: float) -> float:
    """Return the number of steps after which half is left where each keeps the share ``keep``: ln ½ / ln keep."""
    if keep <= 0:
        return 0.0
    return math.inf if keep >= 1 else math.log(0.5) / math.log(keep)


def reach(norms: Sequence[float | None], distances: Sequence[int]) -> int:
    """Return the largest distance at which the gradient has at least ``REACH`` of its norm at the last step.

    That is the first distance where it is not zero: an output may look at the state before its step.
    """
    first = next(filter(None, norms), None)
    if first is None:
        return 0
    return max(
        (d for d, norm in zip(distances, norms, strict=True) if norm is not None and norm >= REACH * first), default=0
    )


def furthest(cells: Iterable[ProbedCell], distances: Sequence[int]) -> int:
    """Return the largest reach of all layers, directions and parts of the state."""
    return max((reach(norms, distances) for cell in cells for norms in cell.norms.values()), default=0)


def bound(first: float, eta: float, distances: Sequence[int]) -> list[float | None]:
    """Return the bound η^(t−k)·‖∂L/∂h_t‖ by distance t − k, for the last state's loss; ``None`` past a float's range.

    η is the recurrent matrix's largest singular value times the largest slope of tanh, 1.
    """
    logs = [math.log(max(first, 1e-300)) + d * math.log(max(eta, 1e-300)) for d in distances]
    return [math.exp(each) if -690 < each < 690 else None for each in logs]
