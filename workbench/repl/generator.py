"""Generators behind ``workbench poem`` and ``write``: a run's network that writes texts. They import torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from tasks.views import View
from tasks.writer import Guide, Writer
from workbench.config.fields import Field
from workbench.engine import trained_run
from workbench.engine.generation import best_of
from workbench.engine.generation.decoding import GeneratedToken, generate, normalize_prompt
from workbench.engine.generation.sampling import Sampler
from workbench.inference.protocol import Generate
from workbench.render.streams import narrate
from workbench.render.text import printable, printable_lines
from workbench.runs.folder import RunError
from workbench.runs.run import Run
from workbench.runs.writers import constraint_fields, not_offered


class TextGenerator:
    """A run's network that writes one text after another.

    Args:
        device: where it computes; empty: where the run was trained, if that is here.

    Raises:
        RunError, CheckpointError, DeviceError: the run cannot be used. Each with one plain sentence.
    """

    def __init__(self, run: Run, device: str = "") -> None:
        if not run.spec.settings.writes:
            raise RunError(f"Run {run.id} learned {run.spec.task}, which does not write: `workbench predict` asks it.")
        # a step is one row: more threads would only wait
        task, self._model = trained_run.load_trained(run, threads=1, device=device)
        assert isinstance(task, Writer)
        self.run, self._task = run, task
        self.constraints: dict[str, Field] = constraint_fields(run.spec.settings.constraints)  # those that it offers
        self._shown_notes: list[str] = []

    def check(self, request: Generate) -> None:
        """Check before anything is written that a request can be met.

        Raises:
            ValueError: as ``write`` does.
        """
        self._guide(request)

    def write(self, request: Generate, *, blank_line: bool) -> str:
        """Print a text as it is generated, a sentence a line, and return what was printed; the best of several at once.

        Args:
            blank_line: print one first.

        Raises:
            ValueError: the beginning cannot be read, or a constraint cannot be met; one sentence says why.
        """
        guide, _ = self._guide(request)
        start, tokens = normalize_prompt(self._task, request.start), self._tokens(request, guide)
        first = next(tokens)  # a request that cannot be met raises before anything is printed
        if blank_line:
            print()
        last, printed = "", ""
        for text in chain([start, first.text], (token.text for token in tokens)):
            for character in text:
                shown = character if character == "\t" else printable_lines(character)
                piece = self._task.line_break(last, character) + shown
                print(piece, end="", flush=True)
                printed += piece
                last = character
        print(flush=True)
        return printed

    def explain(self, text: str) -> list[View]:
        """Explain a text character by character, and by rule.

        Raises:
            ValueError: it cannot be read, or there is nothing to say; one sentence says which.
        """
        with trained_run.inference(self.run, self._model):
            return self._task.explain(self._model, text)

    def record(self, request: Generate) -> dict[str, Any]:
        """Generate a text and return it as plain data, with all that generates it again.

        Its NLL, in nats, is the mean over the tokens that the network wrote, the end included.

        Raises:
            ValueError: as ``write`` does.
        """
        task = self._task
        guide, notes = self._guide(request)
        tokens = list(self._tokens(request, guide))
        nats = [-token.log_probability for token in tokens]
        text = normalize_prompt(task, request.start) + "".join(token.text for token in tokens)
        names = ("start", "seed", "temperature", "top_k", "top_p", "repetition", "best_of", "length")
        return {
            "run": self.run.id,
            **{name: getattr(request, name) for name in names},
            **request.constraints,
            "notes": notes,
            "text": text,
            "ended": tokens[-1].ends,
            "nll": sum(nats) / len(nats),
            "checks": task.checks(text),
            "characters": [
                {"text": token.text, "nll": nll} for token, nll in zip(tokens, nats, strict=True) if not token.ends
            ],
        }

    def _guide(self, request: Generate) -> tuple[Guide | None, Sequence[str]]:
        """The guide that holds a text to its constraints, and the notes on the request, each shown once."""
        constraints = request.constraints
        unknown = [name for name in constraints if name not in self.constraints]
        if unknown:
            raise ValueError(not_offered(unknown, self.constraints))
        guide = self._task.guide(request.start, constraints)
        notes = guide.notes if guide else self._task.notes(request.start)
        if guide is not None:
            guide.check_length(normalize_prompt(self._task, request.start), request.length)
        for note in notes:
            if note not in self._shown_notes:
                self._shown_notes.append(note)
                narrate(printable(note))
        return guide, notes

    def _tokens(self, request: Generate, guide: Guide | None) -> Iterator[GeneratedToken]:
        task, model, start, limit = self._task, self._model, request.start, request.length
        settings: dict[str, Any] = {
            name: getattr(request, name) for name in ("temperature", "top_k", "top_p", "repetition")
        }
        if request.best_of == 1:
            return generate(task, model, start, **settings, seed=request.seed, limit=limit, guide=guide)
        seeds = best_of.seeds(request.seed, request.best_of)
        stream = best_of.generate_candidates(task, model, start, Sampler(**settings), seeds, guide=guide, limit=limit)
        candidates, tokens = best_of.collect(stream)
        return iter(tokens[best_of.best(candidates)])


class PoemGenerator(TextGenerator):
    """A run's network that writes poems.

    Raises:
        RunError, CheckpointError, DeviceError: the run cannot be used, or writes no poems. Each with one sentence.
    """

    def __init__(self, run: Run, device: str = "") -> None:
        if run.spec.settings.writes and not run.spec.settings.poetry:
            raise RunError(
                f"Run {run.id} learned {run.spec.task}, which writes no poems: `workbench write {run.id}` asks it."
            )
        super().__init__(run, device)
