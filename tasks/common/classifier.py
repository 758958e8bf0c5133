"""A network that reads a sequence and names its class.

Shapes: B batch, T time, I input size, D directions, O output size, C classes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class OneHot(nn.Module):
    """A symbol as a vector with a single one: (B,T) → (B,T,I)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, codes: Tensor) -> Tensor:
        return F.one_hot(codes, self.size).float()

    def extra_repr(self) -> str:
        return str(self.size)


class SequenceClassifier(nn.Module):
    """Input → recurrence → the last output of each direction → dropout → classifier.

    Args:
        input: codes (B,T) → features (B,T,I).
        recurrent: (B,T,I) → (B,T,D·O).
        head: (B,D·O) → (B,C).
        dropout: share of the last outputs dropped in training.
        symbol_dropout: share of whole symbols blanked in training.
    """

    def __init__(
        self, input: nn.Module, recurrent: Any, head: nn.Module, *, dropout: float = 0.0, symbol_dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.input = input
        self.blank = nn.Dropout1d(symbol_dropout)  # (B,T,I): whole steps
        self.recurrent = recurrent
        self.dropout = nn.Dropout(dropout)
        self.head = head

    def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """``codes`` (B,T), ``lengths`` (B,) on the CPU → scores (B,C)."""
        outputs, _ = self.recurrent(self.blank(self.input(codes)), lengths)  # (B,T,D·O)
        scores: Tensor = self.head(self.dropout(last_outputs(outputs, lengths, self.recurrent.directions)))  # (B,C)
        return scores


def last_outputs(outputs: Tensor, lengths: Tensor, directions: int) -> Tensor:
    """The output of each direction after it has read all: (B,T,D·O) → (B,D·O)."""
    rows = torch.arange(len(outputs), device=outputs.device)
    ends = (lengths - 1).to(outputs.device, non_blocking=True)
    if directions == 1:
        return outputs[rows, ends]
    forward, backward = outputs.chunk(2, -1)  # 2 × (B,T,O)
    return torch.cat([forward[rows, ends], backward[:, 0]], -1)
