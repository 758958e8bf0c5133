"""Candidate of the minimal gated cells: their gates and candidates look at the input alone.

Shapes: B batch, H hidden size; … steps, sequences or both.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import torch
from msgspec import Meta
from torch import Tensor

from cells._base import Hidden
from cells._linear import ElementwiseLinear


class Minimal(ElementwiseLinear[Hidden]):
    """A hidden vector that is a mean of itself and a candidate, by gates without the state."""

    keep_gate = "decay"

    class Options(msgspec.Struct, frozen=True):
        """Form of the candidate."""

        candidate: Annotated[
            Literal["linear", "positive"], Meta(description="linear, or g of the paper's log-space form, above 0")
        ] = "linear"

    def candidate(self, x: Tensor) -> Tensor:
        """Return the candidate of its linear map ``x`` (…,H): as it is, or g of it."""
        return x if self.options.candidate == "linear" else torch.where(x >= 0, x + 0.5, x.sigmoid())
