"""Drawing the next token of texts under way: what was asked of them and what they hold already counted in.

Shapes: B batch, T time, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import torch
from torch import Generator, Tensor

from tasks.base import Guide, Writer
from tasks.shared.sequences.sampling import check, choose

Choices = tuple[tuple[str, float], ...]  # tokens as text, empty for the end, and their probabilities, the best first


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """How tokens are drawn.

    temperature, top_k, top_p as in ``sequences.sampling.choose``. ``repetition``: nats that a token's score is
    lowered by for each time that it stands in the text already; the task says which are exempt. ``choices``: how many
    of the likeliest tokens are told with each one that is drawn.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    repetition: float = 0.0
    choices: int = 0

    def __post_init__(self) -> None:
        """Raises: ValueError: a setting is out of bounds."""
        check(temperature=self.temperature, top_k=self.top_k, top_p=self.top_p)
        if not 0 <= self.repetition < float("inf"):
            raise ValueError(f"The repetition's cost must be 0 or more: it is {self.repetition:g}.")

    def tokens(
        self,
        task: Writer,
        scores: Tensor,
        texts: Sequence[Sequence[int]],
        generators: Sequence[Generator],
        *,
        guide: Guide | None = None,
        refused: Iterable[int] = (),
    ) -> tuple[Tensor, Tensor, list[bool]]:
        """The next token of each text.

        Args:
            scores: (B,V) as the network gives them.
            texts: B texts of T tokens so far.
            refused: tokens that none may go on with.

        Returns:
            tokens (B,), the network's own log-probability of each (B,), and which texts are at a dead end: there the
            token means nothing.
        """
        bias = self._bias(task, scores, texts) if guide is not None or self.repetition else None
        dead = [False] * len(texts)
        if guide is not None and bias is not None:
            allowed = torch.stack([guide.allowed(text) for text in texts])  # (B,V)
            allowed[:, [*refused, *task.never_sampled]] = False
            dead = (~allowed.any(1)).tolist()
            bias = bias.masked_fill(~allowed.to(scores.device), -torch.inf)
            if any(dead):
                bias[dead] = 0
        chosen: dict[str, Any] = {"temperature": self.temperature, "top_k": self.top_k, "top_p": self.top_p}
        tokens, nats = choose(scores, generator=generators, never_sampled=task.never_sampled, bias=bias, **chosen)
        return tokens, nats, dead

    def told(self, task: Writer, scores: Tensor) -> list[Choices]:
        """The ``choices`` of each text: the network's own probabilities, whatever is asked of the draw."""
        if not self.choices:
            return [() for _ in scores]
        never_sampled = torch.tensor(task.never_sampled, dtype=torch.long, device=scores.device)
        shares = scores.float().index_fill(1, never_sampled, -torch.inf).softmax(1)  # (B,V)
        found, codes = shares.topk(min(self.choices, shares.shape[1] - len(never_sampled)), 1)
        return [
            tuple((task.token(code), share) for code, share in zip(*row, strict=True))
            for row in zip(codes.tolist(), found.tolist(), strict=True)
        ]

    def _bias(self, task: Writer, scores: Tensor, texts: Sequence[Sequence[int]]) -> Tensor:
        """(B,V) what repetition costs."""
        bias = torch.zeros(scores.shape, device=scores.device)
        if self.repetition:
            codes = torch.tensor(texts, device=scores.device)  # (B,T)
            bias.scatter_add_(1, codes, torch.full(codes.shape, -self.repetition, device=scores.device))
            bias[:, [*task.repeatable, *task.never_sampled, task.end]] = 0
        return bias
