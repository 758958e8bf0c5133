"""Autoregressive decoding of one text: each token is read once, and dead ends of a guide are left by backtracking.

Shapes: B batch (1 here), T time, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn

from tasks.base import RecurrentState
from tasks.shared.sequences.sampling import uniform_numbers
from tasks.writer import Guide, Writer
from workbench.engine.generation.sampling import Sampler, TopChoices

_MAX_BACKTRACKS = 500  # tokens taken back in a text before it is given up: some seconds; real poems take back none


class GeneratedToken(NamedTuple):
    """A sampled token: as text, empty where it stands for none, and its log-probability in nats.

    The probabilities are those of the network, whatever temperature, top-k, top-p and a guide made of them.
    """

    text: str
    log_probability: float
    ends: bool = False  # it ends the text
    choices: TopChoices = ()
    code: int = 0  # its number in the task's vocabulary


def generated(task: Writer, code: int, log_probability: float, choices: TopChoices) -> GeneratedToken:
    """Return a token of the task by its number."""
    return GeneratedToken(task.token(code), log_probability, code == task.end, choices, code)


def generate(
    task: Writer,
    model: nn.Module,
    start: str = "",
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    repetition: float = 0.0,
    seed: int = 0,
    limit: int = 0,
    guide: Guide | None = None,
    choices: int = 0,
    stopped: Callable[[], bool] | None = None,
) -> Iterator[GeneratedToken]:
    """Continue ``start`` until the network ends the text, or ``limit`` tokens are sampled.

    The beginning and the settings are checked at once, the tokens are sampled lazily. The numbers come from a
    generator on the CPU: a seed samples alike on every device as far as the scores are alike.

    Args:
        start: the beginning, read whole in one go; it is not among the tokens.
        temperature, top_k, top_p, repetition, choices: as in ``sampling.Sampler``; at temperature 0 the seed does
            nothing.
        limit: 0: none.
        guide: the tokens that are allowed. While one may have to be taken back, the tokens are held back, until one
            is final (``Guide.is_final``); at a dead end the last token is refused and another sampled.
        stopped: called at every step, also of a search that yields nothing; once true, the text is over.

    Raises:
        ValueError: a setting is out of bounds, or ``start`` holds a character that the network never saw; during
            iteration: nothing can be written that the guide allows.
    """
    sampler = Sampler(temperature=temperature, top_k=top_k, top_p=top_p, repetition=repetition, choices=choices)
    codes, generator = task.prompt(start), Generator().manual_seed(seed)

    def tokens() -> Iterator[GeneratedToken]:
        with torch.inference_mode():
            (prompt,) = task.prepare_prompt(model, codes, [generator], temperature=temperature, guide=guide)
        yield from generate_tokens(task, model, prompt, sampler, generator, guide, limit, stopped)

    return tokens()


def normalize_prompt(task: Writer, start: str) -> str:
    """Return a beginning as the network reads it: in its own script and punctuation.

    Raises:
        ValueError: it holds a character that the network never saw.
    """
    return "".join(map(task.token, task.prompt(start)))


class _Position(NamedTuple):
    """A position of the text that can still be sampled anew."""

    scores: Tensor  # (1,V)
    state: RecurrentState  # after all tokens before it
    refused: set[int]  # tokens that led to a dead end


def generate_tokens(
    task: Writer,
    model: nn.Module,
    codes: list[int],
    sampler: Sampler,
    generator: Generator,
    guide: Guide | None = None,
    limit: int = 0,
    stopped: Callable[[], bool] | None = None,
) -> Iterator[GeneratedToken]:
    """Yield the tokens that continue a prepared prompt, the end too; of a stopped text, the final ones.

    Raises:
        ValueError: nothing can be written that the guide allows.
    """
    device = next(model.parameters()).device
    text, unread, state = list(codes), codes, None
    positions: list[_Position] = []  # those since the last final token, the present one last
    pending: list[GeneratedToken] = []
    backtracks = 0
    while not limit or len(text) - len(codes) < limit:
        if stopped and stopped():
            return
        with torch.inference_mode():  # not around the yield: the caller keeps a mode of its own
            scores, state = task.read(model, torch.tensor([unread], device=device), state)  # (1,V)
            positions.append(_Position(scores, state, set()))
            sampled, nats, dead_ends = sampler.sample(task, scores, [text], uniform_numbers([generator]), guide=guide)
            while dead_ends[0]:
                positions.pop()
                backtracks += 1
                if not positions or backtracks > _MAX_BACKTRACKS:
                    raise ValueError(_dead_end(task, text[: len(text) - len(pending)]))
                if stopped and stopped():
                    return
                positions[-1].refused.add(text.pop())
                pending.pop()
                sampled, nats, dead_ends = sampler.sample(
                    task,
                    positions[-1].scores,
                    [text],
                    uniform_numbers([generator]),
                    guide=guide,
                    refused=positions[-1].refused,
                )
            (choices,) = sampler.top_choices(task, positions[-1].scores)
        state, code = positions[-1].state, int(sampled)
        text.append(code)
        unread = [code]
        pending.append(generated(task, code, float(nats), choices))
        if guide is None or code == task.end or guide.is_final(text):
            yield from pending
            positions, pending = [], []
        if code == task.end:
            return
    yield from pending


def _dead_end(task: Writer, text: list[int]) -> str:
    so_far = "".join(map(task.token, text))
    after = f"After {so_far} nothing" if so_far else "Nothing"
    return f"{after} can be written that keeps to all that was asked: ask for less, or take another seed."
