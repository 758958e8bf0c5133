"""Sampling of the next token from its scores: temperature, top-k, top-p. The primitive under the engine's generation.

Shapes: B batch, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

_SORTED_FIRST = 512  # tokens: they nearly always reach top-p, so that the rest need not be sorted


def choose(
    scores: Tensor,
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    generator: Generator | Sequence[Generator] | None = None,
    uniform: Tensor | None = None,
    never_sampled: Sequence[int] = (),
    bias: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Sample a token for each row.

    Args:
        scores: (B,V) unnormalised log-probabilities.
        temperature: scores are divided by it; 0: the most probable token.
        top_k: sample among the k most probable tokens only; 0: all.
        top_p: sample among the fewest tokens whose probabilities (at this temperature) reach it together; 1: all.
            A. Holtzman et al., The Curious Case of Neural Text Degeneration, ICLR 2020.
        generator: of the random numbers, on any device; one for all rows or one for each; none: torch's own.
        uniform: (B,1) the random numbers themselves, of [0, 1), in place of a generator.
        never_sampled: tokens that are never sampled.
        bias: (B,V) added to the scores for the sampling alone; −inf excludes a token.

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
    biased = scores if bias is None else scores + bias
    if temperature == 0:
        tokens = biased.argmax(1)  # (B,)
    else:
        if uniform is None:
            uniform = (
                uniform_numbers(generator) if isinstance(generator, Sequence) else _uniform(len(scores), generator)
            )
        tokens = _invert(biased, temperature, top_k, top_p, uniform.to(scores.device))
    return tokens, scores.log_softmax(1).gather(1, tokens[:, None])[:, 0]


def check(*, temperature: float, top_k: int, top_p: float) -> None:
    """Raise ``ValueError`` (one sentence) where a setting is out of bounds."""
    if not 0 <= temperature < float("inf"):
        raise ValueError(f"The temperature must be 0 or more: it is {temperature:g}.")
    if top_k < 0:
        raise ValueError(f"top-k must be 0 (all tokens) or more: it is {top_k}.")
    if not 0 < top_p <= 1:
        raise ValueError(f"top-p must be above 0 and at most 1: it is {top_p:g}.")


def uniform_numbers(generators: Sequence[Generator]) -> Tensor:
    """One number of [0, 1) from each generator in turn: (B,1) float64, on the generators' device."""
    return torch.cat([_uniform(1, generator) for generator in generators])


def _invert(scores: Tensor, temperature: float, top_k: int, top_p: float, uniform: Tensor) -> Tensor:
    """Invert the cumulative distribution of each row (B,V) at its number of ``uniform`` (B,1) → tokens (B,).

    The tokens stand in their own order, or, with top-k or top-p, the most probable first.
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
    place = torch.searchsorted(cumulated, uniform * cumulated[:, -1:], right=True)  # (B,1)
    # rounding may step past the last that may be drawn; scores that are no numbers leave none
    place = place.minimum(_last(probabilities > 0))
    return (place if order is None else order.gather(1, place))[:, 0]


def _nucleus(probabilities: Tensor, top_p: float) -> tuple[Tensor, Tensor]:
    """Probabilities (B,N) of the most probable tokens, descending, with their numbers: enough to reach ``top_p``."""
    some = min(_SORTED_FIRST, probabilities.shape[1])
    best, order = probabilities.topk(some, dim=1)  # (B,some)
    if bool((best.double().sum(1) < top_p).any()):
        best, order = probabilities.sort(stable=True, dim=1, descending=True)
    return best, order


def _last(mask: Tensor) -> Tensor:
    """The last true place of each row, 0 where there is none: (B,V) → (B,1)."""
    return torch.where(mask, torch.arange(mask.shape[1], device=mask.device), 0).amax(1, keepdim=True)


def _uniform(rows: int, generator: Generator | None) -> Tensor:
    device = generator.device if generator else "cpu"
    return torch.rand(rows, 1, dtype=torch.float64, generator=generator, device=device)
