"""A text that was asked of the answerer, written reply by reply: one, or several candidates side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from tasks.base import Guide, Writer
from workbench.engine.generation import best_of
from workbench.engine.generation.best_of import Candidate
from workbench.engine.generation.decoding import Written, beginning, generate
from workbench.engine.generation.sampling import Draw
from workbench.inference.protocol import Begun, Character, End, Generate, Reply


def replies(task: Writer, model: nn.Module, asked: Generate, cancelled: Callable[[], bool]) -> Iterator[Reply]:
    """``Begun``, each ``Character`` as soon as it is sure, ``End``.

    Args:
        cancelled: asked at every step, so that a search that shows nothing ends by it too.

    Raises:
        ValueError: the beginning, a setting or the constraints cannot be used; one sentence says why.
    """
    guide = task.guide(asked.start, asked.constraints)
    start = beginning(task, asked.start)
    begun = Begun(id=asked.id, text=start, notes=[*(guide.notes if guide else task.notes(asked.start))])
    write = _several if asked.best_of > 1 else _one
    for reply in write(task, model, asked, guide, begun, cancelled):
        if cancelled() and reply is not begun:
            break
        yield reply
        if isinstance(reply, End):
            return
    yield End(id=asked.id, reason="cancelled")


def _one(
    task: Writer, model: nn.Module, asked: Generate, guide: Guide | None, begun: Begun, cancelled: Callable[[], bool]
) -> Iterator[Reply]:
    held: dict[str, Any] = {**_draws(asked), "seed": asked.seed, "limit": asked.length, "guide": guide}
    tokens = generate(task, model, asked.start, **held, stopped=cancelled)
    yield begun
    for token in tokens:
        if token.ends:
            yield End(id=asked.id, reason="ended", log_probability=token.log_probability)
            return
        yield _character(asked, token)
    yield End(id=asked.id, reason="limit")


def _several(
    task: Writer, model: nn.Module, asked: Generate, guide: Guide | None, begun: Begun, cancelled: Callable[[], bool]
) -> Iterator[Reply]:
    seeds, draw = best_of.seeds(asked.seed, asked.best_of), Draw(**_draws(asked))
    held: dict[str, Any] = {"guide": guide, "limit": asked.length, "stopped": cancelled}
    writing = best_of.write(task, model, asked.start, draw, seeds, **held)
    yield begun
    while True:
        try:
            number, token = next(writing)
        except StopIteration as done:
            yield _best(asked, done.value)
            return
        if not token.ends:
            yield _character(asked, token, number)


def _draws(asked: Generate) -> dict[str, Any]:
    """What was asked of the draws: ``drawing.Draw``'s fields."""
    return {name: getattr(asked, name) for name in ("temperature", "top_k", "top_p", "repetition", "choices")}


def _character(asked: Generate, token: Written, candidate: int = 0) -> Reply:
    nats, choices = token.log_probability, list(token.choices)
    return Character(id=asked.id, text=token.text, log_probability=nats, candidate=candidate, choices=choices)


def _best(asked: Generate, found: list[Candidate]) -> Reply:
    best = best_of.best(found)
    scores = [one.score if math.isfinite(one.score) else None for one in found]  # JSON knows no −∞
    return End(id=asked.id, reason="ended" if found[best].ended else "limit", scores=scores, best=best)
