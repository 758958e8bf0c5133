"""Plans of a batch: where each live step of each sequence lies, and how a program is laid over it.

Shapes: B batch, T time, H hidden size, M rows of all steps together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from cells._packing import EqualLengths, Steps

ROWS = 16  # of a batch in one program: the least that a product of blocks takes
FUSED_FLOAT32 = 64  # largest H whose ``weight_hh`` a program holds on chip
FUSED_HALF = 128  # likewise in 16 bits
STEP_COLUMNS = 64  # of a state in one program that computes a single step


class Plan:
    """The rows of a batch's steps, one step after the other, each step's longest sequences first.

    Args:
        sizes: rows of each step, never growing.
        lengths: steps of each sequence (B,), on the device.
        offsets: each step's first row (T,), on the device.
    """

    def __init__(self, sizes: list[int], lengths: Tensor, offsets: Tensor) -> None:
        self.sizes, self.lengths, self.offsets = sizes, lengths, offsets
        self.batch, self.rows = sizes[0], sum(sizes)
        self._before: Tensor | None = None

    @classmethod
    def equal(cls, batch: int, time: int, device: torch.device, lengths: Tensor | None = None) -> Plan:
        """Return a plan with a place for every sequence at every step, also past its own end."""
        offsets = torch.arange(0, batch * time, batch, device=device)
        if lengths is None:
            lengths = torch.full((batch,), time, dtype=torch.int32, device=device)
        return cls([batch] * time, lengths, offsets)

    @classmethod
    def unequal(cls, sizes: Sequence[int], device: torch.device) -> Plan:
        """Return a plan without a place for steps past a sequence's end."""
        on_host = torch.tensor(sizes)
        alive = (on_host.pin_memory() if device.type == "cuda" else on_host).to(device, non_blocking=True)
        offsets = alive.cumsum(0) - alive
        lengths = (alive[:, None] > torch.arange(sizes[0], device=device)).sum(0, dtype=torch.int32)
        return cls(list(sizes), lengths, offsets)

    def backward(self) -> Iterator[tuple[int, tuple[int, slice]]]:
        """Yield each step from the last to the first: its number, how many rows it has, and where they lie."""
        end = self.rows
        for t in range(len(self.sizes) - 1, -1, -1):
            rows = self.sizes[t]
            yield t, (rows, slice(end - rows, end))
            end -= rows

    def states_before(self, first: Tensor, output: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the hidden state before every step (M,H), given the first (B,H) and those after (M,H)."""
        count = self.rows - self.batch
        if self.sizes[0] == self.sizes[-1]:
            return torch.cat([first.to(dtype), output[:count].to(dtype)])
        if self._before is None:
            sizes = torch.tensor(self.sizes).to(output.device, non_blocking=True)
            skipped = sizes[:-1].repeat_interleave(sizes[1:], output_size=count)
            self._before = torch.arange(self.batch, self.rows, device=output.device) - skipped
        return torch.cat([first.to(dtype), output.index_select(0, self._before).to(dtype)])

    def padded_rows(self) -> Tensor:
        """Return each row's place (M,) where every step has B of them."""
        sizes = torch.tensor(self.sizes).to(self.offsets.device, non_blocking=True)
        starts = torch.arange(len(self.sizes), device=sizes.device) * self.batch - self.offsets
        return torch.arange(self.rows, device=sizes.device) + starts.repeat_interleave(sizes, output_size=self.rows)


_plans: WeakKeyDictionary[Steps, Plan] = WeakKeyDictionary()


def plan_of(steps: Steps, device: torch.device) -> Plan:
    """Return the plan of a batch, made once for all layers."""
    plan = _plans.get(steps)
    if plan is None or plan.lengths.device != device:
        if isinstance(steps, EqualLengths):
            plan = Plan.equal(steps.sizes[0], len(steps.sizes), device)
        else:
            plan = Plan.unequal(steps.sizes, device)
        _plans[steps] = plan
    return plan


class Tile(NamedTuple):
    """The share of one program.

    Attributes:
        fused: it holds ``weight_hh`` and all columns, and goes through all steps; else it computes one step.
    """

    fused: bool
    columns: int
    warps: int

    def grid(self, rows: int, H: int) -> tuple[int, int]:
        """Return the number of programs along rows and columns."""
        return -(-rows // ROWS), -(-H // self.columns)

    def options(self, weight: Tensor) -> dict[str, Any]:
        """Return the constants of a program that multiplies by ``weight``."""
        return {**self.sizes(), "PRECISION": precision(weight)}

    def sizes(self) -> dict[str, Any]:
        """Return the constants of a program without a product."""
        return {"SB": ROWS, "SC": self.columns, "num_warps": self.warps}


def tile_of(H: int, dtype: torch.dtype) -> Tile:
    """Return how programs are laid over states of H columns whose products are computed in ``dtype``."""
    if H > (FUSED_FLOAT32 if dtype is torch.float32 else FUSED_HALF):
        return Tile(False, STEP_COLUMNS, 4)
    columns = max(16, 1 << (H - 1).bit_length())  # a block's size is a power of two
    return Tile(True, columns, 4 if columns <= 32 else 8)


def precision(weight: Tensor) -> str:
    """Return the arithmetic of float32 products: as torch's, exact unless TF32 is allowed."""
    return "tf32" if weight.dtype is torch.float32 and torch.backends.cuda.matmul.allow_tf32 else "ieee"
