"""Curves of the gradient through time, taken from a run's probes: one for each layer, direction and part. No torch."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from workbench.runs.events import Probe
from workbench.runs.history import History
from workbench.runs.probes import Norms, ProbedCell, bound, reach

_ROUND = (0, 1, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
_FAR_ABOVE = 10  # times the bound: means over sequences of other lengths may lie above it, though not so far

Key = tuple[int, int, str]  # layer, direction, part of the state


class GradientCurve(NamedTuple):
    """Norm of the gradient by distance to each sequence's end, for one part of the state of a cell."""

    cell: ProbedCell
    part: str  # "h" or "c"
    distances: Sequence[int]
    top: bool = True  # no layer above reads its outputs

    @property
    def key(self) -> Key:
        """Layer, direction and part: the same in the curves of other evaluations and runs."""
        return self.cell.layer, self.cell.direction, self.part

    @property
    def name(self) -> str:
        """Layer, direction and part in words: ``layer 1, h``."""
        return f"{self.cell.name}, {self.part}"

    @property
    def norms(self) -> Norms:
        return self.cell.norms[self.part]

    @property
    def reach(self) -> int:
        return reach(self.norms, self.distances)

    @property
    def zero_beyond(self) -> int | None:
        """Last distance at which the norm is not zero, where only zeros follow: they underflowed; else ``None``."""
        last = next((at for at in range(len(self.norms) - 1, -1, -1) if self.norms[at] != 0), -1)
        return self.distances[last] if 0 <= last < len(self.norms) - 1 else None

    @property
    def bound(self) -> Norms:
        """The bound of a loss at the last state, by distance; empty for a cell with gates, and under another layer.

        It is empty as well where the norms lie far above it: the loss sees earlier states too, as after a pooling.
        """
        eta = self.cell.spectral_norm
        start = next((at for at, norm in enumerate(self.norms) if norm), None)
        if eta is None or self.part != "h" or not self.top or start is None:
            return []
        begun = self.distances[start]
        before: Norms = [None] * start
        limits = before + bound(self.norms[start] or 0.0, eta, [d - begun for d in self.distances[start:]])
        pairs = zip(self.norms, limits, strict=True)
        return [] if any(norm and limit and norm > _FAR_ABOVE * limit for norm, limit in pairs) else limits

    def at(self, distance: int) -> float | None:
        """Return the norm at the nearest distance that was kept; ``None`` past the last one."""
        if not self.distances or distance > self.distances[-1]:
            return None
        at = bisect_left(self.distances, distance)
        nearest = min((max(0, at - 1), at), key=lambda index: abs(self.distances[index] - distance))
        return self.norms[nearest]

    def ratio(self, distance: int) -> float | None:
        """Return the norm as a share of that at the last step, as ``reach`` takes it."""
        norm, first = self.at(distance), next(filter(None, self.norms), None)
        return None if norm is None or first is None else norm / first


def curves_of(probe: Probe) -> list[GradientCurve]:
    """Return a probe's curves, by layer, then direction, then part; none where its distances do not rise from 0 on."""
    if any(later <= before for before, later in pairwise([-1, *probe.distances])):  # a stranger's run may hold anything
        return []
    highest = max((cell.layer for cell in probe.cells), default=0)
    return [
        GradientCurve(cell, part, probe.distances, cell.layer == highest)
        for cell in probe.cells
        for part, norms in cell.norms.items()
        if len(norms) == len(probe.distances) > 0
    ]


def counterpart(curve: GradientCurve, others: Sequence[GradientCurve]) -> GradientCurve | None:
    """Return the curve of the same layer, direction and part; else the part h there; else the first one."""
    layer, direction, _ = curve.key
    by_key = {other.key: other for other in others}
    return by_key.get(curve.key) or by_key.get((layer, direction, "h")) or next(iter(others), None)


def best_probe(history: History) -> Probe | None:
    """Return the probe of the best evaluation, else the newest; ``None`` where there is none."""
    step = history.best.step if history.best else None
    return next((probe for probe in reversed(history.probes) if probe.step == step), None) or next(
        reversed(history.probes), None
    )


def round_distances(longest: int) -> list[int]:
    """Return the distances that a table shows: round ones, and the longest."""
    return [*(distance for distance in _ROUND if distance < longest), longest]


def reach_words(probe: Probe) -> str:
    """Return how far the gradient reaches in words, of the layer and part where it reaches furthest."""
    longest = probe.distances[-1] if probe.distances else 0
    far = max((curve.reach for curve in curves_of(probe)), default=0)
    return f"the gradient reaches {far:,} of {longest:,} steps back"
