"""Texts that come to a dead end: how long another way is looked for, how that is left, and what the others do."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from engine.poem_books import CHARACTERS
from engine.poem_writers import random_run, random_writer
from torch import Tensor

from tasks.poems.task import Task
from workbench.engine.generation import best_of, decoding
from workbench.engine.generation.sampling import Draw
from workbench.inference import server
from workbench.inference.protocol import Begun, End, Generate, encode, reply

Made = tuple[Task, Any]


class Trap:
    """A guide: one character, then the end; after some characters nothing can follow."""

    notes: Sequence[str] = ()

    def __init__(self, task: Task, deadly: str) -> None:
        lexicon = task.lexicon
        self._forms = torch.from_numpy(lexicon.only(lexicon.forms.values()))
        self._characters = torch.from_numpy(lexicon.characters)
        self._end = torch.from_numpy(lexicon.only([task.end]))
        self._deadly = set(lexicon.vocabulary.encode(deadly))

    def allowed(self, codes: Sequence[int]) -> Tensor:
        if len(codes) < 3:
            return self._forms if len(codes) == 1 else self._characters
        return torch.zeros_like(self._end) if codes[2] in self._deadly else self._end

    def is_final(self, codes: Sequence[int]) -> bool:
        return True


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


def drained(writing: best_of.Writing) -> tuple[list[tuple[int, str]], list[best_of.Candidate]]:
    shown = []
    while True:
        try:
            number, token = next(writing)
        except StopIteration as done:
            return shown, done.value
        shown.append((number, token.text))


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
    shown, found = drained(best_of.write(task, model, "", Draw(), range(3), stopped=after(40), **asked(task)))
    assert shown == []
    assert [one.ended for one in found] == [False] * 3


@pytest.mark.parametrize("several", [1, 3])
def test_the_answerer_hears_a_cancel_while_it_searches(hopeless: Made, tmp_path: Path, several: int) -> None:
    heard = after(30)

    class Cancelled(set[int]):
        def __contains__(self, number: object) -> bool:
            return heard()

    answers = server._Answers(random_run(tmp_path), *hopeless)
    question = Generate(id=4, best_of=several, constraints={"form": "五绝", "novel": True})
    assert [*answers.to(question, Cancelled())] == [Begun(id=4, text=""), End(id=4, reason="cancelled")]


def test_one_text_at_a_dead_end_loses_no_other() -> None:
    task, model = random_writer()
    guide = Trap(task, CHARACTERS[:12])
    shown, found = drained(best_of.write(task, model, "", Draw(), range(24), guide=guide))
    lost = [number for number, one in enumerate(found) if not one.ended]
    assert 0 < len(lost) < 24
    assert all(math.isinf(found[number].score) and found[number].text in CHARACTERS[:12] for number in lost)
    assert found[best_of.best(found)].ended
    assert all(("".join(text for row, text in shown if row == number)) == one.text for number, one in enumerate(found))
    with pytest.raises(ValueError, match="nothing can be written"):
        drained(best_of.write(task, model, "", Draw(), range(3), guide=Trap(task, CHARACTERS)))


def test_a_text_that_was_given_up_has_no_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, model = random_writer()
    monkeypatch.setattr(task, "guide", lambda start, constraints: Trap(task, CHARACTERS[:12]))
    *_, end = server._Answers(random_run(tmp_path), task, model).to(Generate(id=1, best_of=24), set())
    assert isinstance(end, End)
    assert None in end.scores
    assert end.scores[end.best] == max(score for score in end.scores if score is not None)
    assert reply(encode(end)) == end
