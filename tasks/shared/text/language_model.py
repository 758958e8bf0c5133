"""A plain language model: embedding, recurrence and a linear layer.

Shapes: B batch, T time, E embedding, O output size, V vocabulary, P positions that are scored.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tasks.base import RecurrentNetwork, RecurrentState
from tasks.shared.sequences.dropouts import drop_tokens, dropped_weights


class PlainNetwork(nn.Module):
    """Embedding → dropout → recurrence → dropout → scores of the next character by a linear layer.

    Args:
        embedding: (B,T) → (B,T,E), the tokens' vectors.
        recurrent: (B,T,E) → (B,T,O), one way.
        dropout: share of the recurrence's inputs and outputs dropped in training.
        recurrent_dropout: share of the recurrence's weights from state to state dropped in training.
        token_dropout: share of the tokens whose vectors are dropped in training.
    """

    def __init__(
        self,
        embedding: nn.Embedding,
        recurrent: RecurrentNetwork,
        *,
        dropout: float,
        recurrent_dropout: float = 0.0,
        token_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.recurrent = recurrent
        self.dropout = nn.Dropout(dropout)
        self.recurrent_dropout, self.token_dropout = recurrent_dropout, token_dropout
        self.head = nn.Linear(recurrent.output_size, embedding.num_embeddings)

    def forward(
        self, codes: Tensor, lengths: Tensor | None = None, state: RecurrentState = None, *, return_state: bool = False
    ) -> tuple[Tensor, RecurrentState]:
        """``codes`` (B,T), ``lengths`` (B,) on the CPU → outputs (B,T,O) for ``scores``; the state on demand."""
        inputs = self.features(codes)
        with dropped_weights(self.recurrent, self.recurrent_dropout):
            outputs, after = self.recurrent(inputs, lengths, state, return_state=return_state)
        return self.readout(inputs, outputs), after

    def features(self, codes: Tensor) -> Tensor:
        """Return the recurrence's input: (B,T) → (B,T,E)."""
        own = drop_tokens(self.embedding(codes), self.token_dropout, training=self.training)
        features: Tensor = self.dropout(own)
        return features

    def readout(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        """Return what is scored of the recurrence's outputs: (B,T,E), (B,T,O) → (B,T,O)."""
        kept: Tensor = self.dropout(outputs)
        return kept

    def scores(self, outputs: Tensor) -> Tensor:
        """Outputs at P positions (P,O) → scores (P,V) of the next character of each."""
        return self.scorer(len(outputs))(outputs)

    def scorer(self, positions: int) -> Callable[[Tensor], Tensor]:
        """Return the layer that scores the outputs at so many positions: (P,O) → (P,V)."""
        return self.head

    def score_layer(self) -> tuple[Tensor, Tensor]:
        """Return weight (V,O) and bias (V,) of the linear layer that ``scores`` applies."""
        return self.head.weight, self.head.bias


def init_bias_to_frequencies(head: nn.Linear, counts: Tensor) -> None:
    """Set a layer's bias to the log frequency of each of its V classes, ``counts`` (V,) plus one."""
    with torch.no_grad():
        head.bias.copy_(((counts + 1) / (counts + 1).sum()).log())
