"""A poem prompt with a pen that writes at once."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tasks.views import Text
from workbench.repl.commands import Desk
from workbench.repl.generator import Asked
from workbench.repl.prompt import Prompt
from workbench.runs.store import NoSuchRun, Run


class Wrote(NamedTuple):
    start: str
    seed: int
    asked: Asked


class Pen:
    """Writes what it is told to, and remembers how it was asked."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.wrote: list[Wrote] = []
        self.explained: list[str] = []
        self.breaks_at = 0  # so many are written whole, then a person presses Ctrl-C
        self.fails_on = -1  # a seed with which nothing can be written

    def check(self, asked: Asked, start: str) -> None:
        if "x" in start + str(asked.constraints.get("acrostic", "")):
            raise ValueError("Poems are written in Chinese characters: x cannot stand in one.")

    def show(self, asked: Asked, start: str, seed: int, *, apart: bool) -> str:
        if self.breaks_at and len(self.wrote) == self.breaks_at:
            raise KeyboardInterrupt
        if seed == self.fails_on:
            raise ValueError("Nothing can be written that keeps to all that was asked: take another seed.")
        self.wrote.append(Wrote(start, seed, asked))
        return f"{start}明月光，\n疑是地上霜。"

    def explain(self, text: str) -> list[Text]:
        self.explained.append(text)
        return [Text(title="rules", text="all met")]


class Talk:
    """A prompt and what it said."""

    def __init__(self, tmp_path: Path, settings: Desk | None = None) -> None:
        self.said: list[str] = []
        self.pens: list[Pen] = []
        self._folder = tmp_path
        self.prompt = Prompt(Run(tmp_path / "first"), settings or Desk(), self._find, self._open, self.said.append)  # type: ignore[arg-type]

    def _find(self, name: str) -> Run:
        if name == "none":
            raise NoSuchRun("There is no run 'none'.")
        return Run(self._folder / name)

    def _open(self, run: Run) -> Pen:
        self.pens.append(Pen(run))
        return self.pens[-1]

    @property
    def pen(self) -> Pen:
        return self.pens[-1]

    def type(self, *lines: str) -> list[str]:
        """What is said to the last of some lines."""
        for line in lines:
            self.said.clear()
            assert self.prompt.do(line)
        return self.said
