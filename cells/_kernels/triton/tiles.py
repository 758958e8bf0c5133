"""Tiles: the share of a batch's states that one program holds.

Shapes: H hidden size, G rows of all gates.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

ROWS = 16  # of a batch in one program: the least that a product of blocks takes
FUSED_FLOAT32 = 64  # largest H whose ``weight_hh`` a program holds on chip
FUSED_HALF = 128  # likewise in 16 bits
STEP_COLUMNS = 64  # of a state in one program that computes a single step


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


_unfit: set[tuple[torch.Size, torch.dtype, torch.device]] = set()  # weights that proved not to fit


def tile_of(weight: Tensor) -> Tile:
    """Return how programs are laid over states whose products by ``weight`` (G,H) are computed in its dtype."""
    rows, H = weight.shape
    exact = weight.dtype is torch.float32
    columns = max(16, 1 << (H - 1).bit_length())  # a block's size is a power of two
    held = rows // H * columns * columns * weight.element_size()
    need = held * 2 if exact else held * 3 // 2  # what programs compiled for sm_80 and sm_90 took, and a little more
    small = (FUSED_FLOAT32 if exact else FUSED_HALF) >= H and need <= _shared_memory(weight.device)
    if not small or _unfit_key(weight) in _unfit:
        return Tile(False, STEP_COLUMNS, 4)
    return Tile(True, columns, 4 if columns <= 32 else 8)  # 4 would spill registers at 64


def does_not_fit(weight: Tensor) -> bool:
    """Compute products by ``weight`` step by step from now on; return whether that is any news."""
    news = tile_of(weight).fused
    _unfit.add(_unfit_key(weight))
    return news


def _unfit_key(weight: Tensor) -> tuple[torch.Size, torch.dtype, torch.device]:
    return weight.shape, weight.dtype, weight.device


@cache
def _shared_memory(device: torch.device) -> int:
    """Return the bytes on chip that one program may take."""
    if device.type != "cuda":
        return 1 << 30  # Triton's interpreter
    properties: Any = torch.cuda.get_device_properties(device)
    return int(properties.shared_memory_per_block_optin)


def precision(weight: Tensor) -> str:
    """Return the arithmetic of products: of float32 as torch's, exact unless TF32 is allowed."""
    if weight.dtype is not torch.float32:
        return "rounded" if weight.device.type == "cpu" else "ieee"  # on the CPU: Triton's interpreter
    return "tf32" if torch.backends.cuda.matmul.allow_tf32 else "ieee"
