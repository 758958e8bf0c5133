"""Writing with a trained network: one step a token, what was read is never read again.

Shapes: B batch (1 here), T time, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn

from tasks.base import Guide, Writer
from workbench.engine.generation.sampling import Choices, Draw

_RETURNS = 500  # tokens taken back in a text before it is given up: some seconds; real poems take back none


class Written(NamedTuple):
    """A token that the network wrote: as text, empty where it ended there, and its log-probability in nats.

    The probabilities are those that the network gives, whatever temperature, top-k, top-p and a guide made of them.
    """

    text: str
    log_probability: float
    ends: bool = False
    choices: Choices = ()  # its likeliest tokens there, where they were asked for


class Token(NamedTuple):
    """The same before it is made text."""

    code: int
    log_probability: float
    choices: Choices = ()

    def written(self, task: Writer) -> Written:
        return Written(task.token(self.code), self.log_probability, self.code == task.end, self.choices)


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
) -> Iterator[Written]:
    """Go on from ``start`` until the network ends its text, or ``limit`` tokens are written.

    The beginning and the settings are checked at once, the tokens are drawn as they are asked for. The numbers come
    from a generator on the CPU: a seed draws alike on every device as far as the scores are alike.

    Args:
        start: the beginning, read whole in one go; it is not given back.
        temperature, top_k, top_p, repetition: as in ``drawing.Draw``; at temperature 0 the seed does nothing.
        limit: 0: none.
        guide: what may be written where. While it says that a token may have to be taken back, the tokens are held
            back, until one is sure (``Guide.is_final``); at a dead end the last token is refused and another drawn.
        choices: how many of the most probable tokens are told of each place: the network's own, guided or not.
        stopped: asked at every step, also of a search that shows nothing; once it says so, the text is over.

    Raises:
        ValueError: a setting is out of bounds, or ``start`` holds a character that the network never saw; while
            tokens are asked for: nothing can be written that the guide allows.
    """
    draw = Draw(temperature=temperature, top_k=top_k, top_p=top_p, repetition=repetition, choices=choices)
    codes = task.prompt(start)
    return _written(task, model, codes, draw, Generator().manual_seed(seed), guide, limit, stopped)


def beginning(task: Writer, start: str) -> str:
    """A beginning as the network reads it: in its own script and punctuation.

    Raises:
        ValueError: it holds a character that the network never saw.
    """
    return "".join(map(task.token, task.prompt(start)))


def _written(
    task: Writer,
    model: nn.Module,
    codes: list[int],
    draw: Draw,
    generator: Generator,
    guide: Guide | None,
    limit: int,
    stopped: Callable[[], bool] | None,
) -> Iterator[Written]:
    with torch.inference_mode():
        (ready,) = task.prepare_prompt(model, codes, [generator], temperature=draw.temperature, guide=guide)
    for token in tokens(task, model, ready, draw, generator, guide, limit, stopped):
        yield token.written(task)


class _Place(NamedTuple):
    """Where a token is to be written: what the network says of it, and what was tried in vain."""

    scores: Tensor  # (1,V)
    state: Any  # after all tokens before it
    refused: set[int]


def tokens(
    task: Writer,
    model: nn.Module,
    codes: list[int],
    draw: Draw,
    generator: Generator,
    guide: Guide | None = None,
    limit: int = 0,
    stopped: Callable[[], bool] | None = None,
) -> Iterator[Token]:
    """Go on from a prompt that is ready → each token, the end too; what is not sure when it is stopped is left out.

    Raises:
        ValueError: nothing can be written that the guide allows.
    """
    device = next(model.parameters()).device
    text, fresh, state = list(codes), codes, None
    trail: list[_Place] = []  # the places since the last token that is sure, the present one last
    held: list[Token] = []
    returns = 0
    while not limit or len(text) - len(codes) < limit:
        if stopped and stopped():
            return
        with torch.inference_mode():  # not around the yield: whoever asks for tokens keeps a mode of his own
            scores, state = task.read(model, torch.tensor([fresh], device=device), state)  # (1,V)
            trail.append(_Place(scores, state, set()))
            found, nats, dead = draw.tokens(task, scores, [text], [generator], guide=guide)
            while dead[0]:
                trail.pop()
                returns += 1
                if not trail or returns > _RETURNS:
                    raise ValueError(_no_way(task, text[: len(text) - len(held)]))
                if stopped and stopped():
                    return
                trail[-1].refused.add(text.pop())
                held.pop()
                found, nats, dead = draw.tokens(
                    task, trail[-1].scores, [text], [generator], guide=guide, refused=trail[-1].refused
                )
            (choices,) = draw.told(task, trail[-1].scores)
        state, code = trail[-1].state, int(found)
        text.append(code)
        fresh = [code]
        held.append(Token(code, float(nats), choices))
        if guide is None or code == task.end or guide.is_final(text):
            yield from held
            trail, held = [], []
        if code == task.end:
            return
    yield from held


def _no_way(task: Writer, text: list[int]) -> str:
    so_far = "".join(map(task.token, text))
    after = f"After {so_far} nothing" if so_far else "Nothing"
    return f"{after} can be written that keeps to all that was asked: ask for less, or take another seed."
