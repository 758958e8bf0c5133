"""Writing with a trained network: one step a token, what was read is never read again.

Shapes: B batch (1 here), T time, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Generator, nn

from tasks.base import Writer
from tasks.common.sampling import check, choose


class Written(NamedTuple):
    """A token that the network wrote: as text, empty where it ended there, and its log-probability in nats.

    The probability is the one that the network gives, whatever temperature, top-k and top-p made of it.
    """

    text: str
    log_probability: float
    ends: bool = False


def generate(
    task: Writer,
    model: nn.Module,
    start: str = "",
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    seed: int = 0,
    limit: int = 0,
) -> Iterator[Written]:
    """Go on from ``start`` until the network ends its text, or ``limit`` tokens are written.

    The beginning and the settings are checked at once, the tokens are drawn as they are asked for. The numbers come
    from a generator on the CPU: a seed draws alike on every device as far as the scores are alike.

    Args:
        start: the beginning, read whole in one go; it is not given back.
        temperature, top_k, top_p: as in ``tasks.common.sampling.choose``; at temperature 0 the seed does nothing.
        limit: 0: none.

    Raises:
        ValueError: a setting is out of bounds, or ``start`` holds a character that the network never saw.
    """
    check(temperature=temperature, top_k=top_k, top_p=top_p)
    codes = task.prompt(start)
    return _tokens(task, model, codes, limit, seed, {"temperature": temperature, "top_k": top_k, "top_p": top_p})


def beginning(task: Writer, start: str) -> str:
    """A beginning as the network reads it: in its own script and punctuation.

    Raises:
        ValueError: it holds a character that the network never saw.
    """
    return "".join(map(task.token, task.prompt(start)))


def _tokens(
    task: Writer, model: nn.Module, codes: list[int], limit: int, seed: int, settings: dict[str, Any]
) -> Iterator[Written]:
    device = next(model.parameters()).device
    generator = Generator().manual_seed(seed)
    with torch.inference_mode():
        codes = task.ready(model, codes, temperature=settings["temperature"], generator=generator)
    state: Any = None
    count = 0
    while not limit or count < limit:
        with torch.inference_mode():  # not around the yield: whoever asks for tokens keeps a mode of his own
            scores, state = task.read(model, torch.tensor([codes], device=device), state)  # (1,V)
            tokens, nats = choose(scores, generator=generator, banned=task.banned, **settings)
        count, codes = count + 1, tokens.tolist()
        ends = codes[0] == task.end
        yield Written(task.token(codes[0]), float(nats), ends)
        if ends:
            return
