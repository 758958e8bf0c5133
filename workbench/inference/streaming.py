"""Replies to a generation request, token by token: of one text, or of several candidates side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from torch import nn

from tasks.writer import Guide, Writer
from workbench.engine.generation import best_of
from workbench.engine.generation.best_of import Candidate
from workbench.engine.generation.decoding import GeneratedToken, generate, normalize_prompt
from workbench.engine.generation.samples import check_length
from workbench.engine.generation.sampling import Sampler
from workbench.inference.protocol import Begun, Character, End, Generate, Reply


def replies(task: Writer, model: nn.Module, request: Generate, cancelled: Callable[[], bool]) -> Iterator[Reply]:
    """``Begun``, each ``Character`` as soon as it is final, ``End``.

    Args:
        cancelled: called at every step, so that a search that yields nothing ends by it too.

    Raises:
        ValueError: the beginning, a setting or the constraints cannot be used; one sentence says why.
    """
    check_length(task, request.start)
    guide = task.guide(request.start, request.constraints)
    start = normalize_prompt(task, request.start)
    begun = Begun(id=request.id, text=start, notes=[*(guide.notes if guide else task.notes(request.start))])
    stream = _candidates if request.best_of > 1 else _single
    for reply in stream(task, model, request, guide, begun, cancelled):
        if cancelled() and reply is not begun:
            break
        yield reply
        if isinstance(reply, End):
            return
    yield End(id=request.id, reason="cancelled")


def _single(
    task: Writer, model: nn.Module, request: Generate, guide: Guide | None, begun: Begun, cancelled: Callable[[], bool]
) -> Iterator[Reply]:
    tokens = generate(
        task,
        model,
        request.start,
        temperature=request.temperature,
        top_k=request.top_k,
        top_p=request.top_p,
        repetition=request.repetition,
        choices=request.choices,
        seed=request.seed,
        limit=request.length,
        guide=guide,
        stopped=cancelled,
    )
    yield begun
    for token in tokens:
        if token.ends:
            yield End(id=request.id, reason="ended", log_probability=token.log_probability)
            return
        yield _character(request, token)
    yield End(id=request.id, reason="limit")


def _candidates(
    task: Writer, model: nn.Module, request: Generate, guide: Guide | None, begun: Begun, cancelled: Callable[[], bool]
) -> Iterator[Reply]:
    sampler = Sampler(
        temperature=request.temperature,
        top_k=request.top_k,
        top_p=request.top_p,
        repetition=request.repetition,
        choices=request.choices,
    )
    seeds = best_of.seeds(request.seed, request.best_of)
    stream = best_of.generate_candidates(
        task, model, request.start, sampler, seeds, guide=guide, limit=request.length, stopped=cancelled
    )
    yield begun
    while True:
        try:
            number, token = next(stream)
        except StopIteration as done:
            yield _end(request, done.value)
            return
        if not token.ends:
            yield _character(request, token, number)


def _character(request: Generate, token: GeneratedToken, candidate: int = 0) -> Reply:
    return Character(
        id=request.id,
        text=token.text,
        log_probability=token.log_probability,
        candidate=candidate,
        choices=list(token.choices),
    )


def _end(request: Generate, candidates: list[Candidate]) -> Reply:
    best = best_of.best(candidates)
    scores = [one.score if math.isfinite(one.score) else None for one in candidates]  # JSON knows no −∞
    return End(id=request.id, reason="ended" if candidates[best].ended else "limit", scores=scores, best=best)
