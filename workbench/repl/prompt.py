"""The poem prompt: a line is a poem's beginning or a command, and poems come line by line as they grow."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tasks.base import PlainError
from tasks.shared import files
from workbench.config.generation import SEEDS
from workbench.render.console import wide_console
from workbench.render.text import printable
from workbench.render.views import view
from workbench.repl import commands
from workbench.repl.commands import Command
from workbench.repl.generator import PoemGenerator
from workbench.repl.settings import PromptSettings
from workbench.runs.run import Run

_RANDOM_SEEDS = 100_000  # below it a seed is short enough to be typed again
GREETING = "Characters begin a poem, /help lists the commands, Ctrl-D leaves."


class WrittenPoem(NamedTuple):
    """A poem that was written whole."""

    text: str
    run: str  # id of the run that wrote it


class Prompt:
    """Executes lines, with one network at a time; it holds only settings that the network can meet.

    Args:
        find: returns the run that a person names.
        open_: opens a run's network; it may take seconds.
        say: prints a sentence beside the poems.
        why: predicate of the sentence that says which run writes at first.

    Raises:
        ValueError: the run cannot meet the settings; one sentence says why.
    """

    def __init__(
        self,
        run: Run,
        settings: PromptSettings,
        find: Callable[[str], Run],
        open_: Callable[[Run], PoemGenerator],
        say: Callable[[str], None],
        why: str = "writes.",
    ) -> None:
        self._find, self._open, self._say, self._why = find, open_, say, why
        self._generator = open_(run)
        self._settings = self._first = settings
        self._generator.check(settings.request())
        self._poems: list[WrittenPoem] = []  # of the last line that wrote some
        self._actions: dict[str, Callable[[str], None]] = {
            "again": lambda _: self._write(1),
            "more": lambda text: self._write(commands.count("more", text or "1", commands.MOST)),
            "explain": lambda _: self._explain(),
            "save": self._save,
            "model": self._change_model,
            "reset": lambda _: self._set(self._first),
            "show": lambda _: self._say(self.status()),
            "help": lambda _: self._help(),
        }

    def status(self) -> str:
        """Return the run that writes and the settings, in a line."""
        return f"{self._generator.run.id} · {self._summary()}"

    def available_commands(self) -> list[Command]:
        """Return the commands of the network that writes."""
        return commands.available(self._generator.constraints)

    def serve(self, read_line: Callable[[], str]) -> None:
        """Read and execute lines until the person leaves."""
        self._say(f"{self._generator.run.id} {self._why} {GREETING}")
        while True:
            try:
                if not self.execute(read_line()):
                    return
            except EOFError:
                return
            except KeyboardInterrupt:
                self._say("Ctrl-D or /quit leaves.")

    def execute(self, line: str) -> bool:
        """Execute a line, or say what is wrong with it; return whether to read another one."""
        try:
            parsed = commands.parse(line, self._generator.constraints)
            if parsed.command is None:
                if not parsed.text:
                    raise ValueError(self._settings.hint())
                self._accept(self._settings.with_start(parsed.text))
                self._write(1)
            elif parsed.command.name == "quit":
                return False
            elif parsed.command.change:
                self._change(parsed.command, parsed.command.change, parsed.text)
            else:
                self._actions[parsed.command.name](parsed.text)
        except (ValueError, PlainError, OSError) as error:
            self._say(printable(str(error)))
        return True

    def _change(self, command: Command, change: commands.Change, text: str) -> None:
        before = self._settings.start
        self._set(change(self._settings, text))
        acrostic = commands.ACROSTIC in self._settings.constraints
        if before and acrostic and not self._settings.start:
            self._say(f"The beginning {printable(before)} is left out: the acrostic begins each line.")
        if command.name == commands.ACROSTIC and acrostic:  # it is a beginning: nothing more is needed
            self._write(1)

    def _accept(self, settings: PromptSettings) -> None:
        """Take over settings that can be met; a beginning that was there before them may still not fit.

        Raises:
            ValueError: they cannot be met; one sentence says why.
        """
        start = settings.start if settings.start != self._settings.start else ""
        self._generator.check(settings.request(start=start))
        self._settings = settings

    def _set(self, settings: PromptSettings) -> None:
        self._accept(settings)
        self._say(self._summary())
        try:
            self._generator.check(settings.request())
        except ValueError as error:
            self._say(printable(f"{error} /start off lets it begin freely."))

    def _write(self, count: int) -> None:
        """Write so many poems with the beginning that is set; Ctrl-C ends the poem, and the rest."""
        self._generator.check(self._settings.request())  # else a refusal would use up a seed
        first = self._settings.config.seed if self._settings.seeded else secrets.randbelow(_RANDOM_SEEDS)
        written: list[WrittenPoem] = []
        try:
            for seed in ((first + number) % SEEDS for number in range(count)):
                request = self._settings.request(seed=seed)
                if self._settings.seeded:  # before it is written: a seed that fails is not tried again
                    self._settings = self._settings.with_seed((seed + 1) % SEEDS)
                text = self._generator.write(request, blank_line=bool(written))
                written.append(WrittenPoem(text, self._generator.run.id))
                self._say(f"  seed {seed}")
        except KeyboardInterrupt:
            self._say("\nStopped.")
        finally:
            self._poems = written or self._poems

    def _explain(self) -> None:
        console, poem = wide_console(), self._last()
        views = self._generator.explain(poem.text.replace("\n", ""))
        if poem.run != self._generator.run.id:
            self._say(f"{poem.run} wrote it; this is what {self._generator.run.id} says of it.")
        for one in views:
            console.print(view(one))

    def _last(self) -> WrittenPoem:
        if not self._poems:
            raise ValueError("No poem is written yet: type the characters that one begins with.")
        return self._poems[-1]

    def _save(self, text: str) -> None:
        """Add the last poems to a file; its content stays."""
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
            self._say(f"{self._generator.run.id} writes; /model RUN lets another one.")
            return
        run = self._find(text)
        generator = self._open(run)
        try:
            generator.check(self._settings.request(start=""))
        except ValueError as error:
            raise ValueError(f"{run.id} cannot write so: {error} Take that back first.") from None
        self._generator = generator
        self._say(f"{run.id} writes.")

    def _summary(self) -> str:
        return self._settings.summary(self._generator.constraints)

    def _help(self) -> None:
        from workbench.repl.line_input import command_list

        self._say(command_list(self.available_commands(), shutil.get_terminal_size().columns))
