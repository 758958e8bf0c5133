"""Poems as they are written: a character at a time, the newest on top, each with all that makes it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ItemGrid, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from tasks.poems.prosody import Prosody
from workbench.inference.protocol import Character, End, Generate
from workbench.runs.store import Run
from workbench.tui.poem import kept_poems
from workbench.tui.poem.verse import Verse, judged
from workbench.tui.poem.verse_text import LEGEND, inked

KEPT = 50  # poems
_NARROWEST = 18  # cells of a candidate's column: a line of seven characters and its mark
_ENDS = {"ended": "", "limit": "cut here", "cancelled": "stopped here"}
_GIVEN_UP = "given up here: what was asked could no longer be met"


class Recipe(NamedTuple):
    """All that makes a poem, and makes it again as long as the network stays the same."""

    run: Run
    asked: Generate
    training: bool = False  # the network may get better yet

    @property
    def settings(self) -> str:
        """The settings in a line."""
        asked, constraints = self.asked, self.asked.constraints
        parts = [f"begins {asked.start}"] if asked.start else []
        parts += [str(constraints["form"])] if constraints.get("form") else []
        parts += [f"{name} {constraints[name]}" for name in ("acrostic", "rhyme") if constraints.get(name)]
        parts += [name for name in ("tones", "distinct", "novel") if constraints.get(name)]
        parts += [f"seed {asked.seed}", f"temperature {asked.temperature:g}"]
        parts += [f"top-p {asked.top_p:g}"] * (asked.top_p < 1) + [f"top-k {asked.top_k}"] * (asked.top_k > 0)
        parts += [f"repetition {asked.repetition:g}"] * (asked.repetition > 0)
        parts += [f"best of {asked.best_of}"] * (asked.best_of > 1)
        return " · ".join(parts)


class Poem(Static):
    """One text; under it what the rules say of it."""

    class Clicked(Message):
        """A person pointed at it."""

        def __init__(self, poem: Poem) -> None:
            super().__init__()
            self.poem = poem

    def __init__(self, recipe: Recipe, verse: Verse, *, marks: bool) -> None:
        super().__init__(markup=False)
        self.recipe, self.verse, self.marks = recipe, verse, marks
        self.cursor: int | None = None  # the character that the arrow keys marked
        self.score: float | None = None  # where it is one of several
        self.best = False
        self.over = False  # nothing follows
        self.broken_off = ""  # why it has no end

    @property
    def entry(self) -> str:
        """The poem and what makes it again, as a file holds them."""
        return kept_poems.entry(
            self.text, " · ".join(filter(None, (self.recipe.run.id, self.recipe.settings, self.broken_off)))
        )

    @property
    def rank(self) -> tuple[bool, float]:
        return self.best, self.score if self.score is not None else float("-inf")

    @property
    def text(self) -> str:
        """The poem alone."""
        return self.verse.text

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    def on_click(self) -> None:
        self.post_message(self.Clicked(self))

    def point(self, by: int) -> None:
        """Mark the next character, or the one before; the first time the last one."""
        last = len(self.verse.places) - 1
        if last >= 0:
            self.cursor = last if self.cursor is None else max(0, min(last, self.cursor + by))
            self.draw()

    def draw(self) -> None:
        verse = self.verse
        text = inked(verse, self.content_size.width, marks=self.marks, cursor=self.cursor)
        notes = []
        if self.score is not None:
            notes.append(f"{'the best: ' * self.best}score {self.score:.2f}".replace("-", "−"))
        elif self.broken_off == _GIVEN_UP:
            notes.append(_GIVEN_UP)
        if verse.checked is not None and verse.book is not None:
            notes.append(judged(verse.checked, verse.raw, verse.book))
        self.update(Content.assemble(text, *((f"\n{note}", "$foreground-muted") for note in notes)))


class Sheet(Vertical):
    """What was asked for once: a text, or several beside one another; under them the network and the settings."""

    def __init__(self, recipe: Recipe, given: str, book: Prosody | None, *, marks: bool) -> None:
        super().__init__()
        self.recipe = recipe
        self.poems = [Poem(recipe, Verse(given, book), marks=marks) for _ in range(recipe.asked.best_of)]
        self._note = Static(markup=False, classes="note")

    def compose(self) -> ComposeResult:
        with ItemGrid(min_column_width=_NARROWEST, regular=True, stretch_height=False):
            yield from self.poems
        yield self._note

    def on_mount(self) -> None:
        self._tell("writing …")

    def add(self, written: Character) -> None:
        """Go on with what the network wrote now."""
        poem = self.poems[written.candidate]
        poem.verse.add(written)
        poem.draw()

    def end(self, end: End) -> None:
        """Nothing follows: of several the best comes first."""
        for poem, score in zip(self.poems, end.scores, strict=False):
            poem.score = score
        if end.scores:
            self.poems[end.best].best = True
            self.poems.sort(key=lambda poem: poem.rank, reverse=True)
            self.query_one(ItemGrid).sort_children(key=lambda poem: cast(Poem, poem).rank, reverse=True)
            marked = next((poem for poem in self.poems if poem.has_class("-marked")), None)
            if marked is not None and marked.cursor is None:  # else a person is reading it
                marked.remove_class("-marked")
                self.poems[0].add_class("-marked")
        for poem in self.poems:
            given_up = bool(end.scores) and poem.score is None
            poem.over, poem.broken_off = True, _GIVEN_UP if given_up else _ENDS[end.reason]
            if not poem.broken_off:
                poem.verse.end()
            poem.draw()
        self._tell(_ENDS[end.reason])

    def _tell(self, state: str) -> None:
        training = "still in training" * self.recipe.training
        head = " · ".join(filter(None, (self.recipe.run.id, training, state)))
        self._note.update(Content.styled(f"{head}\n{self.recipe.settings}", "$foreground-muted"))


class Poems(VerticalScroll):
    """The poems of this session; one of them is marked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "mark(-1)", show=False),
        Binding("down", "mark(1)", show=False),
        Binding("left", "point(-1)", show=False),
        Binding("right", "point(1)", show=False),
        Binding("enter", "screen.redo", show=False),
    ]
    BORDER_TITLE = "poems"
    marks: reactive[bool] = reactive(True)  # tones and rhymes are shown

    class Marked(Message):
        """A person marked another poem, or another of its characters."""

    @property
    def all(self) -> list[Poem]:
        """The newest first."""
        return [poem for sheet in self.query_children(Sheet) for poem in sheet.poems]

    @property
    def marked(self) -> Poem | None:
        return next((poem for poem in self.all if poem.has_class("-marked")), None)

    def watch_marks(self) -> None:
        self.border_subtitle = LEGEND if self.marks else ""
        for poem in self.all:
            poem.marks = self.marks
            poem.draw()

    async def begin(self, recipe: Recipe, given: str, book: Prosody | None) -> Sheet:
        """A new sheet on top, its first poem marked; the oldest go."""
        fresh = Sheet(recipe, given, book, marks=self.marks)
        sheets: Sequence[Sheet] = list(self.query_children(Sheet))
        for old in sheets[KEPT - 1 :]:
            old.remove()
        await self.mount(fresh, before=0)
        self._mark(fresh.poems[0])
        self.scroll_home(animate=False)
        return fresh

    @on(Poem.Clicked)
    def _clicked(self, event: Poem.Clicked) -> None:
        self.mark(event.poem)

    def mark(self, poem: Poem) -> None:
        self._mark(poem)
        self.post_message(self.Marked())
        self.scroll_to_widget(poem, animate=False)

    def _mark(self, poem: Poem) -> None:
        for other in self.all:
            other.set_class(other is poem, "-marked")
            if other is not poem and other.cursor is not None:
                other.cursor = None
                other.draw()

    def action_mark(self, by: int) -> None:
        poems, marked = self.all, self.marked
        if marked is not None:
            self.mark(poems[max(0, min(len(poems) - 1, poems.index(marked) + by))])

    def action_point(self, by: int) -> None:
        if self.marked is not None:
            self.marked.point(by)
            self.post_message(self.Marked())
