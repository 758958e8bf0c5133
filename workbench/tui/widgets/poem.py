"""Poems as they are written: a character at a time, the newest on top, each with all that makes it again."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from workbench.infer_protocol import End, Generate
from workbench.runs import Run
from workbench.words import flowing

KEPT = 50  # poems
_ENDS = {"ended": "", "limit": "cut here", "cancelled": "stopped here"}


class Recipe(NamedTuple):
    """All that makes a poem, and makes it again as long as the network stays the same."""

    run: Run
    asked: Generate
    training: bool = False  # the network may get better yet

    def __str__(self) -> str:
        asked = self.asked
        parts = [f"seed {asked.seed}", f"temperature {asked.temperature:g}"]
        parts += [f"top-p {asked.top_p:g}"] * (asked.top_p < 1) + [f"top-k {asked.top_k}"] * (asked.top_k > 0)
        parts += ["still in training"] * self.training
        return f"{self.run.id}\n{' · '.join(parts)}"


class Poem(Static):
    """One poem, a sentence a line; under it the network and the settings."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(markup=False)
        self.recipe = recipe
        self._last = ""
        self._given = self._flow(recipe.asked.start)
        self._written = ""
        self._state = "writing …"

    @property
    def text(self) -> str:
        """The poem alone."""
        return self._given + self._written

    def on_mount(self) -> None:
        self._draw()

    def on_click(self, event: Click) -> None:
        if isinstance(self.parent, Poems):
            self.parent.mark(self)

    def add(self, text: str) -> None:
        """Go on with what the network wrote now."""
        self._written += self._flow(text)
        self._draw()

    def end(self, end: End) -> None:
        """Nothing follows."""
        self._state = _ENDS[end.reason]
        self._draw()

    def _flow(self, text: str) -> str:
        flown = ""
        for character in text:
            flown += flowing(character, self._last)
            self._last = character
        return flown

    def _draw(self) -> None:
        note = f"{self.recipe} · {self._state}" if self._state else str(self.recipe)
        self.update(Content.assemble((self._given, "bold"), self._written, (f"\n{note}", "$foreground-muted")))


class Poems(VerticalScroll):
    """The poems of this session; one of them is marked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "mark(-1)", show=False),
        Binding("down", "mark(1)", show=False),
        Binding("enter", "screen.redo", show=False),
    ]

    @property
    def all(self) -> list[Poem]:
        """The newest first."""
        return list(self.query_children(Poem))

    @property
    def marked(self) -> Poem | None:
        return next(iter(self.query_children(Poem).filter(".-marked")), None)

    class Marked(Message):
        """Another poem is marked."""

    def begin(self, recipe: Recipe) -> Poem:
        """A new poem on top, marked; the oldest go."""
        fresh = Poem(recipe)
        for old in self.all[KEPT - 1 :]:
            old.remove()
        self.mount(fresh, before=0)
        self._mark(fresh)
        self.scroll_home(animate=False)
        return fresh

    def mark(self, poem: Poem) -> None:
        self._mark(poem)
        self.scroll_to_widget(poem, animate=False)

    def _mark(self, poem: Poem) -> None:
        for other in self.all:
            other.set_class(other is poem, "-marked")
        self.post_message(self.Marked())

    def action_mark(self, by: int) -> None:
        poems, marked = self.all, self.marked
        if marked is not None:
            self.mark(poems[max(0, min(len(poems) - 1, poems.index(marked) + by))])
