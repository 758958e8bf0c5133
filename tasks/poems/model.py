"""Networks that predict the next character from those before it, and from the context of its place.

Shapes: B batch, T time, E embedding, O output size, W width that is scored (E where tied, else O), V vocabulary,
C classes of tokens, P positions that are scored.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tasks.base import RecurrentNetwork, RecurrentState
from tasks.poems.context import BESIDE, LINES, PLACES, context
from tasks.shared.sequences.dropouts import drop_tokens, dropped_weights
from tasks.shared.text.language_model import PlainNetwork


class ReadState(NamedTuple):
    """State between two calls: all tokens read so far (B,T), and the recurrence's state after the last."""

    codes: Tensor
    state: RecurrentState


class PoemNetwork(nn.Module):
    """Embedding + context → dropout → recurrence → dropout, + the recurrence's input → scores of the next character.

    A token's embedding is a vector of its own and those of its classes (tone, rhyme groups), added up. The context of
    the slot that comes next is added to it: its place in its line and its line's number by embeddings of their own;
    the tokens beside it (the poem's form, what stands above it, the rhyme to meet) by their embeddings, each mapped
    linearly; where ``topic`` holds, the mean of the embeddings of all tokens so far, mapped likewise.
    T. Mikolov and G. Zweig, Context Dependent Recurrent Neural Network Language Model, SLT 2012 (there the topics are
    of a model of their own).

    Tied, the outputs are mapped to the embedding's width and scored by the embedding itself.
    O. Press and L. Wolf, Using the Output Embedding to Improve Language Models, EACL 2017.

    Args:
        embedding: (B,T) → (B,T,E), the tokens' own vectors.
        classes: (V,C) 0 or 1, the classes of each token.
        recurrent: (B,T,E) → (B,T,O), one way.
        breaks: the tokens that end a line.
        tied: score by the embedding.
        topic: read the mean of all tokens so far.
        dropout: share of the recurrence's inputs and outputs dropped in training.
        recurrent_dropout: share of the recurrence's weights from state to state dropped in training.
        token_dropout: share of the tokens whose own vectors are dropped in training; the context still tells of them.
    """

    breaks: Tensor
    members: Tensor

    def __init__(
        self,
        embedding: nn.Embedding,
        recurrent: RecurrentNetwork,
        *,
        classes: Tensor,
        breaks: list[int],
        tied: bool,
        topic: bool = False,
        dropout: float,
        recurrent_dropout: float = 0.0,
        token_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.recurrent = recurrent
        self.dropout = nn.Dropout(dropout)
        self.recurrent_dropout, self.token_dropout = recurrent_dropout, token_dropout
        size, width, out = embedding.num_embeddings, embedding.embedding_dim, recurrent.output_size
        self.tied = tied
        self.scale = width**0.5  # a tied embedding is small, and a recurrence reads numbers near 1
        self.classes = nn.Linear(classes.shape[1], width, bias=False)
        self.place, self.line = nn.Embedding(PLACES, width), nn.Embedding(LINES, width)
        self.beside = nn.Linear(BESIDE * width, width, bias=False)
        self.topic = nn.Linear(width, width, bias=False) if topic else None
        self.narrow = nn.Linear(out, width, bias=False) if tied and out != width else nn.Identity()
        self.head = nn.Linear(width if tied else out, size)
        for table in (embedding, self.place, self.line):
            nn.init.normal_(table.weight, std=width**-0.5)
        self.skip = nn.Linear(width, self.head.in_features, bias=False)
        for added in (self.classes, self.skip):
            nn.init.zeros_(added.weight)
        self.classes.weight.requires_grad_(bool(classes.any()))  # a small corpus may have no token of any class
        if tied:
            self.head.weight = embedding.weight
        marked = torch.zeros(size, dtype=torch.bool)
        marked[breaks] = True
        self.register_buffer("breaks", marked, persistent=False)
        self.register_buffer("members", classes.float(), persistent=False)

    def forward(
        self, codes: Tensor, lengths: Tensor | None = None, state: RecurrentState = None, *, return_state: bool = False
    ) -> tuple[Tensor, RecurrentState]:
        """``codes`` (B,T), ``lengths`` (B,) on the CPU → outputs (B,T,W) for ``scores``; the state on demand.

        Without a ``state`` the codes are whole poems from their start token on.
        """
        seen = codes if state is None else torch.cat([state.codes, codes], 1)
        inputs = self.features(codes, seen)
        with dropped_weights(self.recurrent, self.recurrent_dropout):
            recurrent, after = self.recurrent(inputs, lengths, state and state.state, return_state=return_state)
        return self.readout(inputs, recurrent), ReadState(seen, after) if return_state else None

    def features(self, codes: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return the recurrence's input: (B,T) → (B,T,E).

        Args:
            seen: all tokens up to the last of ``codes``; none: ``codes`` are whole poems from their start token on.
        """
        seen = codes if seen is None else seen
        own = drop_tokens(self._embed(codes), self.token_dropout, training=self.training)
        features: Tensor = self.dropout(own + self._embed_context(seen, codes.shape[1])) * self.scale
        return features

    def readout(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        """Return what is scored of the recurrence's outputs: (B,T,E), (B,T,O) → (B,T,W)."""
        scored: Tensor = self.narrow(self.dropout(outputs)) + self.skip(inputs)
        return scored

    def scores(self, outputs: Tensor) -> Tensor:
        """Outputs at P positions (P,W) → scores (P,V) of the next character of each."""
        return self.scorer(len(outputs))(outputs)

    def scorer(self, positions: int) -> Callable[[Tensor], Tensor]:
        """Return the function that scores the outputs at so many positions, together or in parts: (P,W) → (P,V)."""
        if not self.tied:
            return self.head
        if positions > self.classes.out_features:  # W: then it is quicker to add the vectors up, once for all
            weight, bias = self.score_layer()
            return partial(F.linear, weight=weight, bias=bias)
        return lambda outputs: self.head(outputs) + outputs @ self.classes.weight @ self.members.T

    def score_layer(self) -> tuple[Tensor, Tensor]:
        """Return weight (V,W) and bias (V,) of the linear layer that ``scores`` applies."""
        if not self.tied:
            return self.head.weight, self.head.bias
        return self.embedding.weight + self.classes(self.members), self.head.bias

    def _embed(self, codes: Tensor) -> Tensor:
        """Embed tokens, classes included: (…) → (…,E)."""
        vectors: Tensor = self.embedding(codes) + self.classes(F.embedding(codes, self.members))
        return vectors

    def _embed_context(self, seen: Tensor, last: int) -> Tensor:
        """Embed the context of the last slots of ``seen`` (B,T) → (B,last,E)."""
        place, line, beside = (part[:, -last:] for part in context(seen, self.breaks))
        vectors: Tensor = self.beside(self._embed(beside).flatten(2)) + self.place(place) + self.line(line)
        if self.topic is not None:
            count = torch.arange(1, seen.shape[1] + 1, device=seen.device)[:, None]  # (T,1)
            means = self._embed(seen).cumsum(1) / count  # (B,T,E)
            vectors = vectors + self.topic(means[:, -last:])
        return vectors


Network = PlainNetwork | PoemNetwork
