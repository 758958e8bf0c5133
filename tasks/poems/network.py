"""The network that guesses the next character.

Shapes: B batch, T time, E embedding, O output size, V vocabulary, P positions that are scored.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PoemNetwork(nn.Module):
    """Embedding → dropout → recurrence → dropout → scores of the next character.

    Tied, the outputs are mapped to the embedding's width and scored by the embedding itself.
    O. Press and L. Wolf, Using the Output Embedding to Improve Language Models, EACL 2017.

    Args:
        embedding: (B,T) → (B,T,E).
        recurrent: (B,T,E) → (B,T,O), one way.
        tied: score by the embedding.
        dropout: share of the recurrence's inputs and outputs dropped in training.
    """

    def __init__(self, embedding: nn.Embedding, recurrent: Any, *, tied: bool, dropout: float) -> None:
        super().__init__()
        self.embedding = embedding
        self.recurrent = recurrent
        self.dropout = nn.Dropout(dropout)
        width, size = embedding.embedding_dim, recurrent.output_size
        self.narrow = nn.Linear(size, width, bias=False) if tied and size != width else nn.Identity()
        self.head = nn.Linear(width if tied else size, embedding.num_embeddings)
        nn.init.normal_(embedding.weight, std=width**-0.5)
        if tied:
            self.head.weight = embedding.weight

    def forward(
        self, codes: Tensor, lengths: Tensor | None = None, state: Any = None, *, return_state: bool = False
    ) -> tuple[Tensor, Any]:
        """``codes`` (B,T), ``lengths`` (B,) on the CPU → outputs (B,T,O) for ``scores``; the state if asked."""
        outputs, after = self.recurrent(self.dropout(self.embedding(codes)), lengths, state, return_state=return_state)
        return outputs, after

    def scores(self, outputs: Tensor) -> Tensor:
        """Outputs of P positions (P,O) → scores (P,V) of each one's next character."""
        found: Tensor = self.head(self.narrow(self.dropout(outputs)))
        return found


def start_at(head: nn.Linear, counts: Tensor) -> None:
    """Let a layer's bias be the log frequency of each of its V classes, ``counts`` (V,) plus one."""
    with torch.no_grad():
        head.bias.copy_(((counts + 1) / (counts + 1).sum()).log())


def losses(network: PoemNetwork, outputs: Tensor, targets: Tensor, size: int = 1024) -> Tensor:
    """The NLL of each target (P,) under outputs (P,O), in nats (P,); ``size`` positions are scored at a time."""
    parts = zip(torch.split(outputs, size), torch.split(targets, size), strict=True)
    return torch.cat([F.cross_entropy(network.scores(o).float(), t, reduction="none") for o, t in parts])
