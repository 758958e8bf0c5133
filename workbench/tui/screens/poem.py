"""A trained network writes: choose one, say how it begins, and read along."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Select, Static

from workbench.infer_protocol import End
from workbench.records import Record
from workbench.runs import RunError
from workbench.tui.aside import aside
from workbench.tui.bindings import bindings
from workbench.tui.pen import Pen
from workbench.tui.screens.page import Page
from workbench.tui.status import badge, live
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.form import SettingRow
from workbench.tui.widgets.poem import Poem, Poems, Recipe
from workbench.tui.widgets.writing import WritingForm, WritingRow
from workbench.tui.writers import Shelf, Writers
from workbench.words import age

_SEEDS = 2**32
_NONE = """No network here can write yet.

Press 1 (or F2) for the Lab, choose poems there and start:
it can write after its first evaluation, and goes on learning.
In another terminal: workbench train poems --cell lstm"""


class PoemScreen(Page):
    """The networks that write, the settings, and the poems of this session."""

    place = "poem"
    BINDINGS = bindings(place)
    EVERY = 5.0  # seconds between two looks at the folder

    def __init__(self) -> None:
        super().__init__()
        self._writers: list[Record] = []
        self._pen = Pen()
        self._stopped: threading.Event | None = None  # of the poem that is being written
        self._poem: Poem | None = None  # the one that is being written, from its first character on
        self._message = Content("")
        self._seen: object = None  # at the last look

    def compose(self) -> ComposeResult:
        yield TopBar("poem")
        with Horizontal(id="poem"):
            with Vertical(id="desk"):
                with Horizontal(id="writer-row"):
                    yield Static("  network", classes="name")
                    yield Select[str]([], allow_blank=True, prompt="choose one", compact=True, id="writer")
                yield Static(markup=False, id="standing")
                yield WritingForm(id="writing")
                yield Static(markup=False, id="said")
            yield Poems(id="poems")
        yield Static(Content.styled(_NONE, "$foreground-muted"), markup=False, id="no-writer")
        yield BottomBar("poem")

    def on_mount(self) -> None:
        self._folder = Writers(self.workbench.runs_folder)
        self.query_one("#desk").border_title = "write"
        self.query_one("#poems").border_title = "poems"
        self.query_one("#poem").display = self.query_one("#no-writer").display = False
        self.watch(self, "focused", self._tell)
        self.set_interval(self.EVERY, self._look)

    def on_screen_resume(self) -> None:
        self._look()

    def on_screen_suspend(self) -> None:
        if self.workbench.place != self.place:  # not under help or the palette
            self._leave()

    def on_unmount(self) -> None:
        self._leave()

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        if not self.is_current:
            return
        try:
            shelf = await aside(self._folder.look)
        except OSError as error:
            self._say(f"The runs in {self.workbench.runs_folder} cannot be read: {error.strerror}.", "error")
            return
        if len(self.query("#poem, #no-writer")) == 2:  # else the screen is being taken down
            self._show(shelf)

    def _show(self, shelf: Shelf) -> None:
        """Offer these networks; the chosen one stays chosen."""
        seen = shelf, [age(row.run.created) for row in shelf.writers]
        if seen == self._seen:
            return
        self._seen = seen
        select, chosen = self.query_one("#writer", Select), self.chosen
        if [row.run.path for row in shelf.writers] != [row.run.path for row in self._writers]:
            select.set_options((Content(row.run.id), str(row.run.path)) for row in shelf.writers)
            paths = [row.run.path for row in shelf.writers]
            if paths:
                select.value = str(chosen.run.path if chosen and chosen.run.path in paths else paths[0])
        self._writers = shelf.writers
        none, desk = self.query_one("#no-writer", Static), self.query_one("#poem")
        opening = not desk.display and bool(self._writers)
        desk.display, none.display = bool(self._writers), not self._writers
        if opening:
            self.query_one(WritingForm).rows["start"].focus_editor()
        if shelf.learning:
            row = shelf.learning[0]
            said = f"{row.run.id} is {row.status}: it can write after its first evaluation."
            none.update(Content.styled(said, "$foreground-muted"))
        self._tell_of_writer()

    @on(Select.Changed, "#writer")
    def _tell_of_writer(self) -> None:
        row = self.chosen
        facts = Content("")
        if row is not None:
            old = age(row.run.created)
            facts = Content.assemble(badge(row.status), f"  {row.standing}", f", {old} old" if old != "now" else "")
        self.query_one("#standing", Static).update(facts)
        self.refresh_bindings()

    @property
    def chosen(self) -> Record | None:
        value = self.query_one("#writer", Select).value
        return next((row for row in self._writers if str(row.run.path) == value), None)

    @property
    def writing(self) -> bool:
        return self._stopped is not None and not self._stopped.is_set()

    def able(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in ("write", "break_off", "again", "redo", "copy"):
            return True
        if not self.is_mounted or action == "break_off":
            return self.writing or None
        marked = self.query_one(Poems).marked is not None
        free = self.chosen is not None and not self.writing
        able = {"write": free, "again": free and marked, "redo": free and marked, "copy": marked}
        return able[action] or None

    @on(WritingRow.Submitted)
    async def _entered(self) -> None:
        await self.run_action("write")

    def action_write(self) -> None:
        row = self.chosen
        assert row is not None
        try:
            asked = self.query_one(WritingForm).asked
        except ValueError as error:
            self.app.bell()
            self._say(str(error), "error")
            return
        self._write(Recipe(row.run, asked, live(row.status)))

    def action_again(self) -> None:
        form = self.query_one(WritingForm)
        seed = form.rows["seed"]
        if not seed.error:
            seed.put((seed.value + 1) % _SEEDS)
        self.action_write()

    def action_redo(self) -> None:
        marked = self.query_one(Poems).marked
        assert marked is not None
        run = marked.recipe.run
        if run.path not in [row.run.path for row in self._writers]:
            self._say(f"Run {run.id} is gone: choose another network.", "error")
            return
        self.query_one("#writer", Select).value = str(run.path)
        self.query_one(WritingForm).fill(marked.recipe.asked)
        self.action_write()

    def action_copy(self) -> None:
        marked = self.query_one(Poems).marked
        assert marked is not None
        self.app.copy_to_clipboard(marked.text)
        self.app.notify("The poem is copied, where the terminal allows it (OSC 52).", markup=False)

    def action_break_off(self) -> None:
        if self._stopped is not None:
            self._stopped.set()
        if self._poem is not None:
            self._poem.end(End(reason="cancelled"))
        self._say()

    @work(group="write")
    async def _write(self, recipe: Recipe) -> None:
        """Let it be written beside the screen, and show each character as it comes."""
        loop, stopped, poems = asyncio.get_running_loop(), threading.Event(), self.query_one(Poems)
        self._stopped, self._poem = stopped, None

        def here(call: Callable[..., None]) -> Callable[..., Any]:
            def now(*what: str) -> None:
                if not stopped.is_set() and poems.is_attached:
                    call(*what)

            return partial(loop.call_soon_threadsafe, now)

        def character(text: str) -> None:
            self._poem = self._poem or poems.begin(recipe)
            self._poem.add(text)

        self._say(f"opening {recipe.run.id} …", "warning")
        opened = partial(self._say, "writing …", "warning")
        try:
            end = await aside(
                partial(self._pen.write, recipe.run, recipe.asked, stopped, here(opened), here(character))
            )
        except (RunError, ValueError) as error:
            said, end = str(error), End(reason="cancelled")
        else:
            said = ""
        if stopped.is_set():
            return
        stopped.set()
        if self._poem is not None or not said:
            (self._poem or poems.begin(recipe)).end(end)
        self._say(said, "error")

    def _leave(self) -> None:
        """Another screen is shown: nothing is written on, and no network is held open."""
        if self.writing:
            self.action_break_off()
        threading.Thread(target=self._pen.close, daemon=True).start()

    @on(SettingRow.Changed)
    @on(Poems.Marked)
    def _clear(self) -> None:
        if not self.writing:
            self._say()

    def _say(self, sentence: str = "", kind: str = "") -> None:
        """Show a sentence, or the hint where there is none; and the keys that do something now."""
        self._message = Content.styled(sentence, f"$text-{kind}") if sentence else Content("")
        self._tell()
        self.refresh_bindings()

    def _tell(self) -> None:
        """The sentence that stands; else the help and the bounds of the setting that has the focus."""
        for line in self.query("#said").results(Static):
            row = next((a for a in getattr(self.focused, "ancestors", []) if isinstance(a, WritingRow)), None)
            hint = "  ".join(filter(None, (row.field.help, row.field.bounds, "Enter writes"))) if row else ""
            line.update(self._message or Content.styled(hint, "$foreground-muted"))
