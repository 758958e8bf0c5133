"""The writing behind ``poem``: a network asked for one text after another. It imports torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import torch

from tasks.views import View
from tasks.writer import Guide, Writer
from workbench.engine import trained_run
from workbench.engine.generation import best_of
from workbench.engine.generation.decoding import GeneratedToken, generate, normalize_prompt
from workbench.engine.generation.sampling import Sampler
from workbench.render.format import flowing, plain
from workbench.render.streams import narrate
from workbench.runs.store import Run, RunError


class Asked(NamedTuple):
    """How a text is to be written."""

    draw: Sampler
    constraints: Mapping[str, str | bool]  # what holds by construction
    best_of: int
    length: int


class Pen:
    """A run's network, asked.

    Raises:
        RunError, CheckpointError, DeviceError: the run cannot be asked. Each with one plain sentence.
    """

    def __init__(self, run: Run) -> None:
        if not run.spec.settings.writes:
            raise RunError(f"Run {run.id} learned {run.spec.task}, which does not write: `workbench predict` asks it.")
        task, self._model = trained_run.load_trained(run, threads=1)  # a step is one row: more threads would only wait
        assert isinstance(task, Writer)
        self.run, self._task = run, task
        self._said: list[str] = []

    def check(self, asked: Asked, start: str) -> None:
        """Find out, before anything is written, whether it can be.

        Raises:
            ValueError: as ``show`` does.
        """
        self._guide(asked, start)

    def show(self, asked: Asked, start: str, seed: int, *, apart: bool) -> str:
        """Print a text as it comes, a sentence a line → what was printed; the best of several when all are written.

        Raises:
            ValueError: the beginning cannot be read, or what is asked cannot be met; one sentence says why.
        """
        guide, _ = self._guide(asked, start)
        read, tokens = normalize_prompt(self._task, start), self._tokens(asked, start, seed, guide)
        first = next(tokens)  # what cannot be written is said before anything is
        if apart:
            print()
        last, shown = "", ""
        for text in chain([read, first.text], (token.text for token in tokens)):
            for character in text:
                print(flowing(character, last), end="", flush=True)
                shown += flowing(character, last)
                last = character
        print(flush=True)
        return shown

    def explain(self, text: str) -> list[View]:
        """What can be said of a text character by character, and by rule.

        Raises:
            ValueError: it cannot be read, or there is nothing to say; one sentence says which.
        """
        with torch.inference_mode():
            return self._task.explain(self._model, text)

    def told(self, asked: Asked, start: str, seed: int) -> dict[str, Any]:
        """A text as data, with all that writes it again.

        Its NLL, in nats, is over what the network wrote and the end, were there one.

        Raises:
            ValueError: as ``show`` does.
        """
        task, draw = self._task, asked.draw
        guide, notes = self._guide(asked, start)
        every = list(self._tokens(asked, start, seed, guide))
        nats = [-token.log_probability for token in every]
        text = normalize_prompt(task, start) + "".join(token.text for token in every)
        return {
            "run": self.run.id,
            "start": start,
            "seed": seed,
            "temperature": draw.temperature,
            "top_k": draw.top_k,
            "top_p": draw.top_p,
            "repetition": draw.repetition,
            "best_of": asked.best_of,
            "length": asked.length,
            **asked.constraints,
            "notes": notes,
            "text": text,
            "ended": every[-1].ends,
            "nll": sum(nats) / len(nats),
            "checks": task.checks(text),
            "characters": [
                {"text": token.text, "nll": nll} for token, nll in zip(every, nats, strict=True) if not token.ends
            ],
        }

    def _guide(self, asked: Asked, start: str) -> tuple[Guide | None, Sequence[str]]:
        """What holds a text to what was asked, and what was made of it, which a person is told once."""
        guide = self._task.guide(start, asked.constraints)
        notes = guide.notes if guide else self._task.notes(start)
        if guide is not None:
            guide.check_length(normalize_prompt(self._task, start), asked.length)
        for note in notes:
            if note not in self._said:
                self._said.append(note)
                narrate(plain(note))
        return guide, notes

    def _tokens(self, asked: Asked, start: str, seed: int, guide: Guide | None) -> Iterator[GeneratedToken]:
        task, model = self._task, self._model
        if asked.best_of == 1:
            draw = msgspec.structs.asdict(asked.draw)
            return generate(task, model, start, **draw, seed=seed, limit=asked.length, guide=guide)
        seeds = best_of.seeds(seed, asked.best_of)
        stream = best_of.generate_candidates(task, model, start, asked.draw, seeds, guide=guide, limit=asked.length)
        candidates, tokens = best_of.collect(stream)
        return iter(tokens[best_of.best(candidates)])
