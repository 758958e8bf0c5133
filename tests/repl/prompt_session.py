"""A poem prompt with a generator that writes at once."""

from __future__ import annotations

from pathlib import Path

from tasks.poems.constraints import PoemConstraints
from tasks.views import Text
from workbench.inference.protocol import Generate
from workbench.repl.prompt import Prompt
from workbench.repl.settings import PromptSettings
from workbench.runs.run import Run
from workbench.runs.store import NoSuchRun
from workbench.runs.writers import constraint_fields


class FakeGenerator:
    """Writes the same poem after any beginning, and records the requests."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.constraints = constraint_fields(PoemConstraints if run.id != "free" else None)
        self.requests: list[Generate] = []
        self.explained: list[str] = []
        self.breaks_at = 0  # so many are written whole, then a person presses Ctrl-C
        self.fails_on = -1  # a seed with which nothing can be written

    @property
    def written(self) -> list[tuple[str, int]]:
        """Beginning and seed of each poem."""
        return [(request.start, request.seed) for request in self.requests]

    def check(self, request: Generate) -> None:
        if "x" in request.start + str(request.constraints.get("acrostic", "")):
            raise ValueError("Poems are written in Chinese characters: x cannot stand in one.")

    def write(self, request: Generate, *, blank_line: bool) -> str:
        if self.breaks_at and len(self.requests) == self.breaks_at:
            raise KeyboardInterrupt
        if request.seed == self.fails_on:
            raise ValueError("Nothing can be written that keeps to all that was asked: take another seed.")
        self.requests.append(request)
        return f"{request.start}明月光，\n疑是地上霜。"

    def explain(self, text: str) -> list[Text]:
        self.explained.append(text)
        return [Text(title="rules", text="all met")]


class PromptSession:
    """A prompt and what it said."""

    def __init__(self, tmp_path: Path, settings: PromptSettings | None = None) -> None:
        self.said: list[str] = []
        self.generators: list[FakeGenerator] = []
        self._folder = tmp_path
        first, settings = Run(tmp_path / "first"), settings or PromptSettings()
        self.prompt = Prompt(first, settings, self._find, self._open, self.said.append)  # type: ignore[arg-type]

    def _find(self, name: str) -> Run:
        if name == "none":
            raise NoSuchRun("There is no run 'none'.")
        return Run(self._folder / name)

    def _open(self, run: Run) -> FakeGenerator:
        self.generators.append(FakeGenerator(run))
        return self.generators[-1]

    @property
    def generator(self) -> FakeGenerator:
        return self.generators[-1]

    def type(self, *lines: str) -> list[str]:
        """Execute some lines and return what is said to the last one."""
        for line in lines:
            self.said.clear()
            assert self.prompt.execute(line)
        return self.said
