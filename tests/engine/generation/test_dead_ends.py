"""Texts at a dead end: the search for another way is bounded, can be stopped, and costs no other text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from engine.generation.poem_books import CHARACTERS
from engine.generation.poem_writers import random_run, random_writer
from torch import Tensor

from tasks.poems.task import Task
from tasks.writer import Guide
from workbench.engine.generation import best_of, decoding
from workbench.engine.generation.sampling import Sampler
from workbench.inference.protocol import Begun, End, Generate, encode, reply
from workbench.inference.service import InferenceService

Made = tuple[Task, Any]


class Trap(Guide):
    """A guide: one character, then the end; after some characters nothing can follow."""

    def __init__(self, task: Task, deadly: str) -> None:
        lexicon = task.lexicon
        self._forms = torch.from_numpy(lexicon.mask_of(lexicon.forms.values()))
        self._characters = torch.from_numpy(lexicon.characters)
        self._end = torch.from_numpy(lexicon.mask_of([task.end]))
        self._deadly = set(lexicon.vocabulary.encode(deadly))

    def allowed(self, codes: Sequence[int]) -> Tensor:
        if len(codes) < 3:
            return self._forms if len(codes) == 1 else self._characters
        return torch.zeros_like(self._end) if codes[2] in self._deadly else self._end


@pytest.fixture(scope="module")
def hopeless() -> Made:
    """Every line of five characters is known: far more of them than are tried."""
    alphabet = CHARACTERS[:6]
    return random_writer(characters=alphabet, known=["".join(line) for line in product(alphabet, repeat=5)])


def after(asks: int) -> Callable[[], bool]:
    """Says yes when it is asked for the so-manieth time."""
    counted = iter(range(1, 10**9))
    return lambda: next(counted) >= asks


def asked(task: Task) -> dict[str, Any]:
    return {"guide": task.guide("", {"form": "五绝", "novel": True})}


def drained(stream: best_of.CandidateStream) -> tuple[list[str], list[best_of.Candidate]]:
    """The text that was yielded of each candidate, and the candidates."""
    candidates, tokens = best_of.collect(stream)
    return ["".join(token.text for token in text) for text in tokens], candidates


def test_a_search_is_given_up_and_the_message_holds_what_is_sure_alone(hopeless: Made) -> None:
    task, model = hopeless
    with pytest.raises(ValueError, match=r"^Nothing can be written that keeps to all that was asked: ask for less"):
        list(decoding.generate(task, model, **asked(task)))
    guide = task.guide(CHARACTERS[0], {"form": "五绝", "novel": True})
    with pytest.raises(ValueError, match=f"^After {CHARACTERS[0]} nothing can be written"):
        list(decoding.generate(task, model, CHARACTERS[0], guide=guide))


def test_a_search_that_shows_nothing_can_be_stopped(hopeless: Made) -> None:
    task, model = hopeless
    assert list(decoding.generate(task, model, stopped=after(40), **asked(task))) == []
    shown, found = drained(
        best_of.generate_candidates(task, model, "", Sampler(), range(3), stopped=after(40), **asked(task))
    )
    assert shown == [""] * 3
    assert [one.ended for one in found] == [False] * 3


@pytest.mark.parametrize("several", [1, 3])
def test_the_inference_server_obeys_a_cancel_while_it_searches(hopeless: Made, tmp_path: Path, several: int) -> None:
    heard = after(30)

    class Cancelled(set[int]):
        def __contains__(self, number: object) -> bool:
            return heard()

    service = InferenceService(random_run(tmp_path), *hopeless)
    question = Generate(id=4, best_of=several, constraints={"form": "五绝", "novel": True})
    assert [*service.respond(question, Cancelled())] == [Begun(id=4, text=""), End(id=4, reason="cancelled")]


def test_one_text_at_a_dead_end_loses_no_other() -> None:
    task, model = random_writer()
    guide = Trap(task, CHARACTERS[:12])
    shown, found = drained(best_of.generate_candidates(task, model, "", Sampler(), range(24), guide=guide))
    lost = [number for number, one in enumerate(found) if not one.ended]
    assert 0 < len(lost) < 24
    assert all(math.isinf(found[number].score) and found[number].text in CHARACTERS[:12] for number in lost)
    assert found[best_of.best(found)].ended
    assert shown == [one.text for one in found]
    with pytest.raises(ValueError, match="nothing can be written"):
        drained(best_of.generate_candidates(task, model, "", Sampler(), range(3), guide=Trap(task, CHARACTERS)))


def test_a_text_that_was_given_up_has_no_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, model = random_writer()
    monkeypatch.setattr(task, "guide", lambda start, constraints: Trap(task, CHARACTERS[:12]))
    *_, end = InferenceService(random_run(tmp_path), task, model).respond(Generate(id=1, best_of=24), set())
    assert isinstance(end, End)
    assert None in end.scores
    assert end.scores[end.best] == max(score for score in end.scores if score is not None)
    assert reply(encode(end)) == end
