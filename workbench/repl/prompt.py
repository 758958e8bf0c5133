"""The poem prompt: a line is a poem's beginning or a command, and poems come line by line as they grow."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from tasks.base import PlainError
from tasks.shared import files
from workbench.config.defaults import SEEDS
from workbench.engine.generation.sampling import Sampler
from workbench.render.console import wide_console
from workbench.render.format import plain
from workbench.render.views import view
from workbench.repl import commands
from workbench.repl.commands import Command, Desk
from workbench.repl.generator import Asked, Pen
from workbench.runs.store import Run

_SHORT = 100_000  # seeds below it are quickly typed again
GREETING = "Characters begin a poem, /help lists the commands, Ctrl-D leaves."


class Poem(NamedTuple):
    """A poem that was written whole."""

    text: str
    run: str  # the id of the one that wrote it


class Prompt:
    """Does what lines say, with one network at a time; what is wished of a poem is such that it can be met.

    Args:
        find: a run by what a person types for it.
        open_: a run's network; it may take seconds.
        say: prints a sentence beside the poems.

    Raises:
        ValueError: the run cannot write as the settings have it; one sentence says why.
    """

    def __init__(
        self,
        run: Run,
        settings: Desk,
        find: Callable[[str], Run],
        open_: Callable[[Run], Pen],
        say: Callable[[str], None],
    ) -> None:
        self._find, self._open, self._say = find, open_, say
        self._pen = open_(run)
        self._desk = self._first = settings
        self._pen.check(_asked(settings), settings.constraints.start)
        self._poems: list[Poem] = []  # of the last line that wrote some
        self._deeds: dict[str, Callable[[str], None]] = {
            "again": lambda _: self._write(1),
            "more": lambda text: self._write(commands.whole("more", text or "1", 1, commands.MOST)),
            "explain": lambda _: self._explain(),
            "save": self._save,
            "model": self._change_model,
            "reset": lambda _: self._set(self._first),
            "show": lambda _: self._say(f"{self._pen.run.id} · {self._desk.told()}"),
        }

    def told(self) -> str:
        """What stands below the line that is typed."""
        return f" {self._pen.run.id} · {self._desk.told()}"

    def serve(self, ask: Callable[[], str]) -> None:
        """Ask for lines and do what they say until the person leaves."""
        self._say(f"{self._pen.run.id} writes. {GREETING}")
        while True:
            try:
                if not self.do(ask()):
                    return
            except EOFError:
                return
            except KeyboardInterrupt:
                self._say("Ctrl-D or /quit leaves.")

    def do(self, line: str) -> bool:
        """Do what a line says; what is wrong with it is said → whether to go on asking."""
        try:
            asked = commands.read(line)
            if asked.command is None:
                if not asked.text:
                    raise ValueError(self._desk.hint())
                self._commit(self._desk.with_constraints(start=asked.text))
                self._write(1)
            elif asked.command.name == "quit":
                return False
            else:
                self._obey(asked.command, asked.text)
        except (ValueError, PlainError, OSError) as error:
            self._say(plain(str(error)))
        return True

    def _obey(self, command: Command, text: str) -> None:
        if command.change:
            before = self._desk.constraints.start
            self._set(command.change(self._desk, text))
            if before and self._desk.constraints.acrostic and not self._desk.constraints.start:
                self._say(f"The beginning {plain(before)} is left out: the acrostic begins each line.")
            if (
                command.name == "acrostic" and self._desk.constraints.acrostic
            ):  # it begins: there is nothing to wait for
                self._write(1)
        elif command.name == "help":
            from workbench.repl.line_input import listed

            self._say(listed())
        else:
            self._deeds[command.name](text)

    def _commit(self, changed: Desk) -> None:
        """Take over settings that can be met; a beginning that was there before them may turn out not to fit."""
        begins = changed.constraints.start if changed.constraints.start != self._desk.constraints.start else ""
        self._pen.check(_asked(changed), begins)
        self._desk = changed

    def _set(self, changed: Desk) -> None:
        self._commit(changed)
        self._say(changed.told())
        try:
            self._pen.check(_asked(changed), changed.constraints.start)
        except ValueError as error:
            self._say(plain(f"{error} /start off lets it begin freely."))

    def _write(self, count: int) -> None:
        """Write so many from the beginning that is set; Ctrl-C ends the poem, and the rest."""
        self._pen.check(_asked(self._desk), self._desk.constraints.start)  # else it would cost a seed
        first = secrets.randbelow(_SHORT) if self._desk.seed is None else self._desk.seed
        written: list[Poem] = []
        try:
            for seed in ((first + number) % SEEDS for number in range(count)):
                if self._desk.seed is not None:  # before it is written: one that fails is not tried again
                    self._desk = msgspec.structs.replace(self._desk, seed=(seed + 1) % SEEDS)
                text = self._pen.show(_asked(self._desk), self._desk.constraints.start, seed, apart=bool(written))
                written.append(Poem(text, self._pen.run.id))
                self._say(f"  seed {seed}")
        except KeyboardInterrupt:
            self._say("\nStopped.")
        finally:
            self._poems = written or self._poems

    def _explain(self) -> None:
        console, poem = wide_console(), self._last()
        shown = self._pen.explain(poem.text.replace("\n", ""))
        if poem.run != self._pen.run.id:
            self._say(f"{poem.run} wrote it; this is what {self._pen.run.id} says of it.")
        for one in shown:
            console.print(view(one))

    def _last(self) -> Poem:
        if not self._poems:
            raise ValueError("No poem is written yet: type the characters that one begins with.")
        return self._poems[-1]

    def _save(self, text: str) -> None:
        """Add what was written last to a file, whatever stands in it."""
        self._last()
        if not text:
            raise ValueError("/save takes a file's name: the poems are added at its end.")
        try:
            path = Path(text).expanduser()
            files.append(path, "\n\n".join(poem.text for poem in self._poems))
        except (OSError, RuntimeError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ValueError(f"The poems could not be written to {text}: {why.rstrip('.')}.") from None
        count = len(self._poems)
        self._say(f"{count} poem{'s' * (count != 1)} added to {path}.")

    def _change_model(self, text: str) -> None:
        if not text:
            self._say(f"{self._pen.run.id} writes; /model RUN lets another one.")
            return
        run = self._find(text)
        pen = self._open(run)
        try:
            pen.check(_asked(self._desk), "")
        except ValueError as error:
            raise ValueError(f"{run.id} cannot write so: {error} Take that back first.") from None
        self._pen = pen
        self._say(f"{run.id} writes.")


def _asked(settings: Desk) -> Asked:
    asked = settings.constraints
    constraints = {
        name: value for name in asked.__struct_fields__ if name != "start" and (value := getattr(asked, name))
    }
    draw = Sampler(
        temperature=settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        repetition=settings.repetition,
    )
    return Asked(draw, constraints, settings.best_of, settings.length)
