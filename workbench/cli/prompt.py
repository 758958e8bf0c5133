"""The poem prompt: a line is a poem's beginning or a command, and poems come line by line as they grow."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from workbench.cli import desk
from workbench.cli.ask import plain_errors
from workbench.cli.desk import SEEDS, Command, Desk
from workbench.cli.show import view
from workbench.cli.tables import wide_console
from workbench.cli.verses import Asked, Pen
from workbench.engine.drawing import Draw
from workbench.runs import Run, RunError
from workbench.words import plain

_SHORT = 100_000  # seeds below it are quickly typed again
GREETING = "Characters begin a poem, /help lists the commands, Ctrl-D leaves."


class Poem(NamedTuple):
    """A poem that was written whole."""

    text: str
    start: str
    seed: int


class Prompt:
    """Does what lines say, with one network at a time.

    Args:
        find: a run by what a person types for it.
        open_: a run's network; it may take seconds.
        say: prints a sentence beside the poems.
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
        self._start = ""
        self._poems: list[Poem] = []  # of the last line that wrote some
        self._deeds: dict[str, Callable[[str], None]] = {
            "again": lambda _: self._more(1),
            "more": lambda text: self._more(desk.whole("more", text or "1", 1, desk.MOST)),
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
            asked = desk.read(line)
            if asked.command is None:
                self._start = asked.text
                self._write(1, self._desk.seed)
            elif asked.command.name == "quit":
                return False
            else:
                self._obey(asked.command, asked.text)
        except Exception as error:
            if not isinstance(error, (ValueError, RunError, OSError, *plain_errors())):
                raise
            self._say(plain(str(error)))
        return True

    def _obey(self, command: Command, text: str) -> None:
        if command.change:
            before, changed = self._desk.wish.acrostic, command.change(self._desk, text)
            self._set(changed)
            if changed.wish.acrostic not in ("", before):  # it begins every line: there is nothing to wait for
                self._start = ""
                self._write(1, changed.seed)
        elif command.name == "help":
            from workbench.cli.reading import listed

            self._say(listed())
        else:
            self._deeds[command.name](text)

    def _set(self, changed: Desk) -> None:
        self._desk = changed
        self._say(changed.told())

    def _more(self, count: int) -> None:
        """Go on from the last beginning, with seeds that follow the last one."""
        self._write(count, self._poems[-1].seed + 1 if self._poems else self._desk.seed)

    def _write(self, count: int, seed: int | None) -> None:
        """Write so many; Ctrl-C ends the poem, and the rest."""
        first = secrets.randbelow(_SHORT) if seed is None else seed
        written: list[Poem] = []
        try:
            for number in range(count):
                own = (first + number) % SEEDS
                text = self._pen.show(self._asked(), self._start, own, apart=number > 0)
                written.append(Poem(text, self._start, own))
                self._say(f"  seed {own}")
        except KeyboardInterrupt:
            self._say("\nStopped.")
        if written:
            self._poems = written

    def _asked(self) -> Asked:
        wish = self._desk.wish
        wishes = {name: value for name in wish.__struct_fields__ if name != "start" and (value := getattr(wish, name))}
        set_ = self._desk
        draw = Draw(temperature=set_.temperature, top_k=set_.top_k, top_p=set_.top_p, repetition=set_.repetition)
        return Asked(draw, wishes, set_.best_of, desk.LENGTH)

    def _explain(self) -> None:
        console = wide_console()
        for shown in self._pen.explain(self._last().text.replace("\n", "")):
            console.print(view(shown))

    def _last(self) -> Poem:
        if not self._poems:
            raise ValueError("No poem is written yet: type the characters that one begins with.")
        return self._poems[-1]

    def _save(self, text: str) -> None:
        """Add what was written last to a file, whatever stands in it."""
        self._last()
        if not text:
            raise ValueError("/save takes a file's name: the poems are added at its end.")
        path = Path(text).expanduser()
        with path.open("a", encoding="utf-8") as file:
            file.write("".join(f"{poem.text}\n\n" for poem in self._poems))
        count = len(self._poems)
        self._say(f"{count} poem{'s' * (count != 1)} added to {path}.")

    def _change_model(self, text: str) -> None:
        if not text:
            self._say(f"{self._pen.run.id} writes; /model RUN lets another one.")
            return
        run = self._find(text)
        self._pen = self._open(run)
        self._say(f"{run.id} writes.")
