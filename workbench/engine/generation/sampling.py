"""Sampling the next token of texts under way: guide, repetition penalty and the network's scores together.

Shapes: B batch, T time, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import torch
from torch import Tensor

from tasks.shared.sequences.sampling import check, choose
from tasks.writer import Guide, Writer

TopChoices = tuple[tuple[str, float], ...]  # tokens as text, empty for the end, and their probabilities, descending


class Sampler(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the sampling.

    temperature, top_k, top_p as in ``sequences.sampling.choose``. ``repetition``: nats that a token's score is
    lowered by for each time that it stands in the text already; the task says which are exempt. ``choices``: number
    of most probable tokens that are reported beside each sampled one.
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

    def sample(
        self,
        task: Writer,
        scores: Tensor,
        texts: Sequence[Sequence[int]],
        uniform: Tensor,
        *,
        guide: Guide | None = None,
        refused: Iterable[int] = (),
    ) -> tuple[Tensor, Tensor, list[bool]]:
        """Sample the next token of each text.

        Args:
            scores: (B,V) as the network gives them.
            texts: B texts of T tokens so far.
            uniform: (B,1) random numbers of [0, 1).
            refused: tokens that none may go on with.

        Returns:
            tokens (B,), the network's own log-probability of each (B,), and for each text whether it is at a dead
            end: there the token is meaningless.
        """
        bias = self._repetition_bias(task, scores, texts) if guide is not None or self.repetition else None
        dead_ends = [False] * len(texts)
        if guide is not None and bias is not None:
            allowed = torch.stack([guide.allowed(text) for text in texts])  # (B,V)
            allowed[:, [*refused, *task.never_sampled]] = False
            dead_ends = (~allowed.any(1)).tolist()
            bias = bias.masked_fill(~allowed.to(scores.device), -torch.inf)
            if any(dead_ends):
                bias[dead_ends] = 0
        tokens, log_probabilities = choose(
            scores,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            uniform=uniform,
            never_sampled=task.never_sampled,
            bias=bias,
        )
        return tokens, log_probabilities, dead_ends

    def top_choices(self, task: Writer, scores: Tensor) -> list[TopChoices]:
        """Return the ``choices`` most probable tokens of each text, by the network's own probabilities."""
        if not self.choices:
            return [() for _ in scores]
        never_sampled = torch.tensor(task.never_sampled, dtype=torch.long, device=scores.device)
        probabilities = scores.float().index_fill(1, never_sampled, -torch.inf).softmax(1)  # (B,V)
        top, codes = probabilities.topk(min(self.choices, probabilities.shape[1] - len(never_sampled)), 1)
        return [
            tuple((task.token(code), probability) for code, probability in zip(*row, strict=True))
            for row in zip(codes.tolist(), top.tolist(), strict=True)
        ]

    def _repetition_bias(self, task: Writer, scores: Tensor, texts: Sequence[Sequence[int]]) -> Tensor:
        """Return the repetition penalty (B,V), added to the scores."""
        bias = torch.zeros(scores.shape, device=scores.device)
        if self.repetition:
            codes = torch.tensor(texts, device=scores.device)  # (B,T)
            bias.scatter_add_(1, codes, torch.full(codes.shape, -self.repetition, device=scores.device))
            bias[:, [*task.repeatable, *task.never_sampled, *([] if task.end is None else [task.end])]] = 0
        return bias
