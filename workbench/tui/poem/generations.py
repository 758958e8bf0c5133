"""Poems as they are written: a character at a time, the newest on top, each with the request that reproduces it."""

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

from workbench.inference.protocol import Character, End, Generate
from workbench.runs.run import Run
from workbench.tui.poem import kept_poems
from workbench.tui.poem.capabilities import Annotator
from workbench.tui.poem.poem_layout import LEGEND, render_text
from workbench.tui.poem.poem_text import PoemText

KEPT = 50  # generations in the list
_NARROWEST = 18  # cells of a candidate's column: a line of seven characters and its mark
_ENDS = {"ended": "", "limit": "cut here", "cancelled": "stopped here"}
_GIVEN_UP = "given up here: what was asked could no longer be met"


class GenerationRecord(NamedTuple):
    """A request and the run that wrote it: both reproduce the poem as long as the weights stay the same."""

    run: Run
    request: Generate
    training: bool = False  # the network may get better yet

    @property
    def settings(self) -> str:
        """The settings in a line."""
        request, constraints = self.request, self.request.constraints
        parts = [f"begins {request.start}"] if request.start else []
        parts += [str(constraints["form"])] if constraints.get("form") else []
        parts += [f"{name} {constraints[name]}" for name in ("acrostic", "rhyme") if constraints.get(name)]
        parts += [name for name in ("tones", "distinct", "novel") if constraints.get(name)]
        parts += [f"seed {request.seed}", f"temperature {request.temperature:g}"]
        parts += [f"top-p {request.top_p:g}"] * (request.top_p < 1) + [f"top-k {request.top_k}"] * (request.top_k > 0)
        parts += [f"repetition {request.repetition:g}"] * (request.repetition > 0)
        parts += [f"best of {request.best_of}"] * (request.best_of > 1)
        return " · ".join(parts)


class PoemView(Static):
    """One text, with the verdict of the rules under it."""

    class Clicked(Message):
        """A person pointed at it."""

        def __init__(self, poem: PoemView) -> None:
            super().__init__()
            self.poem = poem

    def __init__(self, record: GenerationRecord, content: PoemText, *, marks: bool) -> None:
        super().__init__(markup=False)
        self.record, self.written, self.marks = record, content, marks
        self.cursor: int | None = None  # number of the character that the arrow keys marked
        self.score: float | None = None  # of a candidate
        self.best = False
        self.over = False  # complete, or broken off
        self.broken_off = ""  # the reason for a missing end

    @property
    def entry(self) -> str:
        """The poem with its run and settings, as files hold it."""
        return kept_poems.format_entry(
            self.text, " · ".join(filter(None, (self.record.run.id, self.record.settings, self.broken_off)))
        )

    @property
    def rank(self) -> tuple[bool, float]:
        """Sort key: the best candidate first, then by score."""
        return self.best, self.score if self.score is not None else float("-inf")

    @property
    def text(self) -> str:
        """The poem alone."""
        return self.written.text

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    def on_click(self) -> None:
        self.post_message(self.Clicked(self))

    def point(self, by: int) -> None:
        """Move the cursor by so many characters; the first time to the last one."""
        last = len(self.written.positions) - 1
        if last >= 0:
            self.cursor = last if self.cursor is None else max(0, min(last, self.cursor + by))
            self.draw()

    def draw(self) -> None:
        written = self.written
        text = render_text(written, self.content_size.width, marks=self.marks, cursor=self.cursor)
        notes = []
        if self.score is not None:
            notes.append(f"{'the best: ' * self.best}score {self.score:.2f}".replace("-", "−"))
        elif self.broken_off == _GIVEN_UP:
            notes.append(_GIVEN_UP)
        if written.annotation.verdict:
            notes.append(written.annotation.verdict)
        self.update(Content.assemble(text, *((f"\n{note}", "$foreground-muted") for note in notes)))


class GenerationView(Vertical):
    """Candidates of one request beside one another; under them the network and the settings."""

    def __init__(self, record: GenerationRecord, given: str, annotate: Annotator | None, *, marks: bool) -> None:
        super().__init__()
        self.record = record
        self.poems = [PoemView(record, PoemText(given, annotate), marks=marks) for _ in range(record.request.best_of)]
        self._note = Static(markup=False, classes="note")

    def compose(self) -> ComposeResult:
        with ItemGrid(min_column_width=_NARROWEST, regular=True, stretch_height=False):
            yield from self.poems
        yield self._note

    def on_mount(self) -> None:
        self._show_state("writing …")

    def add(self, character: Character) -> None:
        """Append a character to its candidate."""
        poem = self.poems[character.candidate]
        poem.written.add(character)
        poem.draw()

    def end(self, end: End) -> None:
        """End the generation; the best candidate comes first."""
        for poem, score in zip(self.poems, end.scores, strict=False):
            poem.score = score
        if end.scores:
            self.poems[end.best].best = True
            self.poems.sort(key=lambda poem: poem.rank, reverse=True)
            self.query_one(ItemGrid).sort_children(key=lambda poem: cast(PoemView, poem).rank, reverse=True)
            marked = next((poem for poem in self.poems if poem.has_class("-marked")), None)
            if marked is not None and marked.cursor is None:  # else a person is reading it
                marked.remove_class("-marked")
                self.poems[0].add_class("-marked")
        for poem in self.poems:
            given_up = bool(end.scores) and poem.score is None
            poem.over, poem.broken_off = True, _GIVEN_UP if given_up else _ENDS[end.reason]
            if not poem.broken_off:
                poem.written.end()
            poem.draw()
        self._show_state(_ENDS[end.reason])

    def _show_state(self, state: str) -> None:
        training = "still in training" * self.record.training
        head = " · ".join(filter(None, (self.record.run.id, training, state)))
        self._note.update(Content.styled(f"{head}\n{self.record.settings}", "$foreground-muted"))


class PoemList(VerticalScroll):
    """The poems of this session; one is marked."""

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
    def all(self) -> list[PoemView]:
        """The newest first."""
        return [poem for sheet in self.query_children(GenerationView) for poem in sheet.poems]

    @property
    def marked(self) -> PoemView | None:
        return next((poem for poem in self.all if poem.has_class("-marked")), None)

    def watch_marks(self) -> None:
        self.border_subtitle = LEGEND if self.marks else ""
        for poem in self.all:
            poem.marks = self.marks
            poem.draw()

    async def begin(self, record: GenerationRecord, given: str, annotate: Annotator | None) -> GenerationView:
        """Mount a new generation on top, its first poem marked, and remove the oldest."""
        fresh = GenerationView(record, given, annotate, marks=self.marks)
        generations: Sequence[GenerationView] = list(self.query_children(GenerationView))
        for old in generations[KEPT - 1 :]:
            old.remove()
        await self.mount(fresh, before=0)
        self._mark(fresh.poems[0])
        self.scroll_home(animate=False)
        return fresh

    @on(PoemView.Clicked)
    def _clicked(self, event: PoemView.Clicked) -> None:
        self.mark(event.poem)

    def mark(self, poem: PoemView) -> None:
        self._mark(poem)
        self.post_message(self.Marked())
        self.scroll_to_widget(poem, animate=False)

    def _mark(self, poem: PoemView) -> None:
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
