"""Best-of-n sampling: n texts are sampled independently, and the one of the highest score is kept.

It is no beam search: each candidate is a sample of its own, by its own seed, and none is pruned on the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from collections.abc import Generator as Generates
from typing import NamedTuple

import torch
from torch import Generator, nn

from tasks.writer import Guide, Writer
from workbench.config.generation import SEEDS
from workbench.engine.generation.batch import Batch
from workbench.engine.generation.decoding import GeneratedToken
from workbench.engine.generation.sampling import Sampler

_STRIDE = 0x9E3779B1  # 2³² over the golden ratio: torch's generators look at 32 bits of a seed


class Candidate(NamedTuple):
    """A sampled text, without its beginning."""

    text: str
    ended: bool  # else the limit was reached, or nothing more could be written as the guide says
    score: float  # see ``score``; −∞ where nothing more could be written


CandidateStream = Generates[tuple[int, GeneratedToken], None, list[Candidate]]


def seeds(seed: int, count: int) -> list[int]:
    """Return the seeds of ``count`` candidates: the seed itself, then seeds far from its neighbours' seeds."""
    return [(seed + number * _STRIDE) % SEEDS for number in range(count)]


def score(task: Writer, codes: Sequence[int], log_probabilities: Sequence[float]) -> float:
    """Return a text's score: the mean log-probability of its tokens, minus the share of them that stand in it earlier.

    Those that may come again and again (punctuation) and the end count for the mean alone.
    """
    exempt = {*task.repeatable, task.end}
    counted = [code for code in codes if code not in exempt]
    repeated = len(counted) - len(set(counted))
    return sum(log_probabilities) / max(len(log_probabilities), 1) - repeated / max(len(counted), 1)


def best(candidates: Sequence[Candidate]) -> int:
    """Return the number of the candidate of the highest score; of equals the first."""
    return max(range(len(candidates)), key=lambda number: candidates[number].score)


def generate_candidates(
    task: Writer,
    model: nn.Module,
    start: str,
    sampler: Sampler,
    seeds: Sequence[int],
    *,
    guide: Guide | None = None,
    limit: int = 0,
    stopped: Callable[[], bool] | None = None,
) -> CandidateStream:
    """Continue one beginning, a text for each seed, all in one batch (``batch.Batch``).

    Args:
        limit, stopped: as in ``decoding.generate``.

    Yields:
        each token as soon as it is final, with the number of its text; between two the generation can be left.

    Returns:
        the texts, in the seeds' order.

    Raises:
        ValueError: ``start`` holds a character that the network never saw; not one text can be written as the guide
            says.
    """
    codes, generators = task.prompt(start), [Generator().manual_seed(seed) for seed in seeds]
    with torch.inference_mode():
        prompts = task.prepare_prompt(model, codes, generators, temperature=sampler.temperature, guide=guide)
    batch = Batch(task, model, prompts, generators, sampler, guide=guide, limit=limit, stopped=stopped)
    yield from batch
    if len(batch.given_up) == len(prompts):
        raise next(iter(batch.given_up.values()))
    return [
        Candidate(
            text="".join(token.text for token in tokens),
            ended=bool(tokens) and tokens[-1].ends,
            score=-math.inf
            if number in batch.given_up
            else score(task, [token.code for token in tokens], [token.log_probability for token in tokens]),
        )
        for number, tokens in enumerate(batch.tokens)
    ]


def collect(stream: CandidateStream) -> tuple[list[Candidate], list[list[GeneratedToken]]]:
    """Run a generation to its end; return the candidates, and the tokens of each."""
    tokens: dict[int, list[GeneratedToken]] = {}
    while True:
        try:
            number, token = next(stream)
        except StopIteration as done:
            candidates: list[Candidate] = done.value
            return candidates, [tokens.get(number, []) for number in range(len(candidates))]
        tokens.setdefault(number, []).append(token)
