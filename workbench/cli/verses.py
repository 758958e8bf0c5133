"""The writing behind ``poem``: a network asked for one text after another. It imports torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from tasks.base import Guide, Writer
from workbench.cli.options import say
from workbench.engine import answer, candidates
from workbench.engine.drawing import Draw
from workbench.engine.generate import Written, beginning, generate
from workbench.runs import Run
from workbench.spec import SpecError
from workbench.words import flowing, plain


class Asked(NamedTuple):
    """What is the same of every text."""

    draws: Mapping[str, Any]  # ``Draw``'s fields
    wishes: Mapping[str, str | bool]  # what holds by construction
    best_of: int
    length: int


class Pen:
    """A run's network, asked.

    Raises:
        SpecError: a setting of the draws is out of bounds.
        RunError, CheckpointError, DeviceError: the run cannot be asked. Each with one plain sentence.
    """

    def __init__(self, run: Run, asked: Asked) -> None:
        try:
            self._draw = Draw(**asked.draws)
        except ValueError as error:
            raise SpecError(str(error)) from None
        task, self._model = answer.open_run(run, threads=1)  # a step is one row: more threads would only wait
        assert isinstance(task, Writer)
        self._run, self._asked, self._task = run, asked, task
        self._said: list[str] = []

    def show(self, start: str, seed: int, *, apart: bool) -> None:
        """Print a text as it comes, a sentence a line; the best of several when all are written.

        Raises:
            ValueError: the beginning cannot be read, or what is asked cannot be met; one sentence says why.
        """
        guide = self._guide(start)
        read, tokens = beginning(self._task, start), self._tokens(start, seed, guide)
        first = next(tokens)  # what cannot be written is said before anything is
        if apart:
            print()
        last = ""
        for text in chain([read, first.text], (token.text for token in tokens)):
            for character in text:
                print(flowing(character, last), end="", flush=True)
                last = character
        print(flush=True)

    def told(self, start: str, seed: int) -> dict[str, Any]:
        """A text as data; its NLL, in nats, over what the network wrote and the end, were there one.

        Raises:
            ValueError: as ``show`` does.
        """
        guide, task = self._guide(start), self._task
        every = list(self._tokens(start, seed, guide))
        nats = [-token.log_probability for token in every]
        text = beginning(task, start) + "".join(token.text for token in every)
        return {
            "run": self._run.id,
            "start": start,
            "seed": seed,
            **self._asked.draws,
            **self._asked.wishes,
            "text": text,
            "ended": every[-1].ends,
            "nll": sum(nats) / len(nats),
            "checks": task.checks(text),
            "characters": [
                {"text": token.text, "nll": nll} for token, nll in zip(every, nats, strict=True) if not token.ends
            ],
        }

    def _guide(self, start: str) -> Guide | None:
        """What holds a text to what was asked; a person is told once what was made of it."""
        guide = self._task.guide(start, self._asked.wishes)
        for note in guide.notes if guide else self._task.notes(start):
            if note not in self._said:
                self._said.append(note)
                say(plain(note))
        return guide

    def _tokens(self, start: str, seed: int, guide: Guide | None) -> Iterator[Written]:
        asked, task, model = self._asked, self._task, self._model
        if asked.best_of == 1:
            return generate(task, model, start, **asked.draws, seed=seed, limit=asked.length, guide=guide)
        seeds = candidates.seeds(seed, asked.best_of)
        writing = candidates.write(task, model, start, self._draw, seeds, guide=guide, limit=asked.length)
        return iter(_best(writing))


def _best(writing: candidates.Writing) -> list[Written]:
    """The tokens of the best text."""
    every: dict[int, list[Written]] = {}
    while True:
        try:
            number, token = next(writing)
        except StopIteration as done:
            return every[candidates.best(done.value)]
        every.setdefault(number, []).append(token)
