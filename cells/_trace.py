"""Traces of a recurrence: its states, gates and updates at every step, for inspection.

A traced pass goes step by step through the contract (``project``, ``step``), also where a cell computes a whole
sequence at once, so that every state is a tensor of its own in the graph of the loss.

Shapes: B batch, T time, I input size, D directions, L layers; n sequences still alive at a step, the longest first.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from cells._base import AnyCell, Cell
from cells._packing import Steps


class TracedCell:
    """One layer in one direction of a traced pass, in the order in which that direction reads.

    Attributes:
        layer: from 0.
        direction: 0 forward, 1 backward.
        steps: of the batch; ``sizes[t]`` sequences are alive at step t.
        states: after each step, their parts (n, …).
        gates: of each step by name, each (n, …), where they are asked for.
        updates: of each step, ``kept`` and ``written``, each (n,H), where they are asked for and the cell has them.
    """

    def __init__(self, cell: AnyCell, layer: int, direction: int, steps: Steps) -> None:
        self.cell, self.layer, self.direction, self.steps = cell, layer, direction, steps
        self.states: list[Any] = []
        self.gates: list[dict[str, Tensor]] = []
        self.updates: list[dict[str, Tensor]] = []

    @property
    def lengths(self) -> Tensor:
        """Number of steps of each sequence (B,), the longest first."""
        return lengths_of(self.steps.sizes)


def lengths_of(sizes: list[int]) -> Tensor:
    """Return the lengths (B,), the longest first, of sequences of which ``sizes[t]`` are alive at step t."""
    return (torch.tensor(sizes)[:, None] > torch.arange(sizes[0])).sum(0)


class Trace:
    """Record of every pass through a recurrent network while it is traced.

    Args:
        gates: record gates and updates as well, detached; else states alone.
        only_sigmoid: record the gates of ``sigmoid_gates`` alone, and no updates.
    """

    def __init__(self, *, gates: bool = True, only_sigmoid: bool = False) -> None:
        self._gates, self._only_sigmoid = gates, only_sigmoid
        self.passes: list[list[TracedCell]] = []  # one for each call of the network, L·D cells each

    def run(
        self, cell: AnyCell, layer: int, direction: int, x: Tensor, steps: Steps, state: Any, return_state: bool
    ) -> tuple[Tensor, Any]:
        """Compute what ``cell.run`` does, by the loop over its steps, and record them."""
        traced = TracedCell(cell, layer, direction, steps)
        if layer == direction == 0:
            self.passes.append([])
        self.passes[-1].append(traced)
        cell.record = lambda projected, before, after: self._record(traced, projected, before, after)
        try:
            with torch.backends.cudnn.flags(enabled=False):  # cuDNN has no backward pass in evaluation mode
                return Cell.run(cell, x, steps, state, return_state)
        finally:
            cell.record = None

    def _record(self, traced: TracedCell, projected: Tensor, before: Any, after: Any) -> None:
        traced.states.append(after)
        cell = traced.cell
        if not self._gates or (self._only_sigmoid and not cell.sigmoid_gates):
            return
        with torch.no_grad():
            gates = cell.gates(projected, before)
            if self._only_sigmoid:
                traced.gates.append({name: gates[name].detach() for name in cell.sigmoid_gates})
                return
            traced.gates.append({name: value.detach() for name, value in gates.items()})
            traced.updates.append({name: value.detach() for name, value in cell.update(gates, before).items()})
