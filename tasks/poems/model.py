"""The network that guesses the next character, told where that stands and what stands beside it.

Shapes: B batch, T time, E embedding, O output size, W width that is scored (E where tied, else O), V vocabulary,
C classes of tokens, P positions that are scored.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tasks.poems.context import BESIDE, LINES, PLACES, context


class Reading(NamedTuple):
    """What has been read of some poems: all their tokens (B,T), and the recurrence's state after the last."""

    codes: Tensor
    state: Any


class PoemNetwork(nn.Module):
    """Embedding + context → dropout → recurrence → dropout, + the recurrence's input → scores of the next character.

    A token's embedding is a vector of its own and those of its classes (tone, rhyme groups), added up. The context of
    the slot that comes next is added to it: its place in its line and its line's number by embeddings of their own;
    the tokens beside it (the poem's form, what stands above it, the rhyme to meet) by their embeddings, each mapped
    linearly.

    Tied, the outputs are mapped to the embedding's width and scored by the embedding itself.
    O. Press and L. Wolf, Using the Output Embedding to Improve Language Models, EACL 2017.

    Args:
        embedding: (B,T) → (B,T,E), the tokens' own vectors.
        classes: (V,C) 0 or 1, the classes of each token.
        recurrent: (B,T,E) → (B,T,O), one way.
        breaks: the tokens that end a line.
        tied: score by the embedding.
        dropout: share of the recurrence's inputs and outputs dropped in training.
    """

    breaks: Tensor
    members: Tensor

    def __init__(
        self,
        embedding: nn.Embedding,
        recurrent: Any,
        *,
        classes: Tensor,
        breaks: list[int],
        tied: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.recurrent = recurrent
        self.dropout = nn.Dropout(dropout)
        size, width, out = embedding.num_embeddings, embedding.embedding_dim, recurrent.output_size
        self.tied = tied
        self.scale = width**0.5  # a tied embedding is small, and a recurrence reads numbers near 1
        self.classes = nn.Linear(classes.shape[1], width, bias=False)
        self.place, self.line = nn.Embedding(PLACES, width), nn.Embedding(LINES, width)
        self.beside = nn.Linear(BESIDE * width, width, bias=False)
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
        self, codes: Tensor, lengths: Tensor | None = None, state: Any = None, *, return_state: bool = False
    ) -> tuple[Tensor, Any]:
        """``codes`` (B,T), ``lengths`` (B,) on the CPU → guesses (B,T,W) for ``scores``; the state if asked.

        Without a ``state`` the codes are whole poems from their start token on.
        """
        seen = codes if state is None else torch.cat([state.codes, codes], 1)
        inputs = self.dropout(self._vectors(codes) + self._about(seen, codes.shape[1])) * self.scale
        outputs, after = self.recurrent(inputs, lengths, state and state.state, return_state=return_state)
        guesses = self.narrow(self.dropout(outputs)) + self.skip(inputs)
        return guesses, Reading(seen, after) if return_state else None

    def scores(self, guesses: Tensor) -> Tensor:
        """Guesses at P positions (P,W) → scores (P,V) of each one's next character."""
        if self.tied and self.training:  # so many positions that the vectors are added up first
            return F.linear(guesses, self.embedding.weight + self.classes(self.members), self.head.bias)
        found: Tensor = self.head(guesses)
        return found + guesses @ self.classes.weight @ self.members.T if self.tied else found

    def _vectors(self, codes: Tensor) -> Tensor:
        """The embedding of tokens, classes included: (…) → (…,E)."""
        found: Tensor = self.embedding(codes) + self.classes(F.embedding(codes, self.members))
        return found

    def _about(self, seen: Tensor, last: int) -> Tensor:
        """The context of the last slots of ``seen`` (B,T), as vectors (B,last,E)."""
        place, line, beside = (part[:, -last:] for part in context(seen, self.breaks))
        about: Tensor = self.beside(self._vectors(beside).flatten(2)) + self.place(place) + self.line(line)
        return about


def start_at(head: nn.Linear, counts: Tensor) -> None:
    """Let a layer's bias be the log frequency of each of its V classes, ``counts`` (V,) plus one."""
    with torch.no_grad():
        head.bias.copy_(((counts + 1) / (counts + 1).sum()).log())


def losses(network: PoemNetwork, guesses: Tensor, targets: Tensor, size: int = 1024) -> Tensor:
    """The NLL of each target (P,) under guesses (P,W), in nats (P,); ``size`` positions are scored at a time."""
    parts = zip(torch.split(guesses, size), torch.split(targets, size), strict=True)
    return torch.cat([F.cross_entropy(network.scores(g).float(), t, reduction="none") for g, t in parts])
