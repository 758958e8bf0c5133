"""Choosing the next token from its scores: temperature, top-k, top-p.

Shapes: B batch, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

_SOME = 512  # tokens that are sorted first: they nearly always hold what top-p asks for


def choose(
    scores: Tensor,
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    generator: Generator | Sequence[Generator] | None = None,
    never_sampled: Sequence[int] = (),
    bias: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Draw a token for each row.

    Args:
        scores: (B,V) unnormalised log-probabilities.
        temperature: scores are divided by it; 0: the most probable token.
        top_k: draw among the k most probable tokens only; 0: all.
        top_p: draw among the fewest tokens whose probabilities (at this temperature) reach it together; 1: all.
            A. Holtzman et al., The Curious Case of Neural Text Degeneration, ICLR 2020.
        generator: of the random numbers, on any device; one for all rows or one for each; none: torch's own.
        never_sampled: tokens that are never drawn.
        bias: (B,V) what is added to the scores for the draw alone; −inf: not this time.

    Returns:
        tokens (B,) and the log-probability (B,) that the network gives to each: of the scores as they came
        without the never_sampled tokens, whatever temperature, top-k, top-p and bias are.

    Raises:
        ValueError: a setting is out of bounds, or every token is never_sampled.
    """
    check(temperature=temperature, top_k=top_k, top_p=top_p)
    scores = scores.float()
    if len(never_sampled):
        if len(set(never_sampled)) >= scores.shape[1]:
            raise ValueError("Every token is never_sampled: there is nothing left to draw.")
        scores = scores.index_fill(1, torch.as_tensor(never_sampled, device=scores.device), -torch.inf)
    wanted = scores if bias is None else scores + bias
    tokens = wanted.argmax(1) if temperature == 0 else _drawn(wanted, temperature, top_k, top_p, generator)  # (B,)
    return tokens, scores.log_softmax(1).gather(1, tokens[:, None])[:, 0]


def check(*, temperature: float, top_k: int, top_p: float) -> None:
    """Raise ``ValueError`` (one sentence) where a setting is out of bounds."""
    if not 0 <= temperature < float("inf"):
        raise ValueError(f"The temperature must be 0 or more: it is {temperature:g}.")
    if top_k < 0:
        raise ValueError(f"top-k must be 0 (all tokens) or more: it is {top_k}.")
    if not 0 < top_p <= 1:
        raise ValueError(f"top-p must be above 0 and at most 1: it is {top_p:g}.")


def _drawn(
    scores: Tensor,
    temperature: float,
    top_k: int,
    top_p: float,
    generator: Generator | Sequence[Generator] | None,
) -> Tensor:
    """(B,V) → (B,), by inverting the distribution function of the tokens at one uniform number a row.

    The tokens stand in their own order, or, where only the best are to be drawn, the most probable first.
    """
    order = None
    if top_k:
        scores, order = scores.sort(stable=True, dim=1, descending=True)  # (B,V)
        scores, order = scores[:, :top_k], order[:, :top_k]
    below = scores - scores.amax(1, keepdim=True)  # the best at 0: however low the temperature, a number
    probabilities = (below.double() / temperature).float().softmax(1)
    if top_p < 1:
        probabilities, order = _nucleus(probabilities, top_p) if order is None else (probabilities, order)
        before = probabilities.double().cumsum(1) - probabilities  # (B,…): of all that are more probable
        probabilities = probabilities.masked_fill(before >= top_p, 0)
    cumulated = probabilities.double().cumsum(1)
    if isinstance(generator, Sequence):
        uniform = torch.cat([_uniform(1, own) for own in generator]).to(scores.device)  # (B,1)
    else:
        uniform = _uniform(len(scores), generator).to(scores.device)
    place = torch.searchsorted(cumulated, uniform * cumulated[:, -1:], right=True)  # (B,1)
    # where rounding would step past the last that may be drawn; scores that are no numbers leave none
    place = place.minimum(_last(probabilities > 0))
    return (place if order is None else order.gather(1, place))[:, 0]


def _nucleus(probabilities: Tensor, top_p: float) -> tuple[Tensor, Tensor]:
    """The most probable tokens of each row, best first, as many as hold ``top_p`` at least, and which they are."""
    some = min(_SOME, probabilities.shape[1])
    best, order = probabilities.topk(some, dim=1)  # (B,some)
    if bool((best.double().sum(1) < top_p).any()):
        best, order = probabilities.sort(stable=True, dim=1, descending=True)
    return best, order


def _last(there: Tensor) -> Tensor:
    """(B,V) → (B,1) the last place of each row that holds; 0 where none does."""
    return torch.where(there, torch.arange(there.shape[1], device=there.device), 0).amax(1, keepdim=True)


def _uniform(rows: int, generator: Generator | None) -> Tensor:
    device = generator.device if generator else "cpu"
    return torch.rand(rows, 1, dtype=torch.float64, generator=generator, device=device)
