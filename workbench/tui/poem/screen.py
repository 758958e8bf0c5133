"""A trained network writes: choose one, say what is wished of a poem, and read along."""

from __future__ import annotations

import threading
from functools import partial

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from workbench.config.defaults import SEEDS
from workbench.inference.protocol import Begun, End
from workbench.render.format import age
from workbench.runs.store import Run, RunError
from workbench.runs.summary import RunSummary
from workbench.tui.keys import bindings
from workbench.tui.poem import capabilities, kept_poems
from workbench.tui.poem.alternatives import Choices
from workbench.tui.poem.capabilities import Lore
from workbench.tui.poem.dialogs import Kept, Save
from workbench.tui.poem.generation_form import WritingForm, WritingRow
from workbench.tui.poem.model_choice import WriterChoice
from workbench.tui.poem.models import NONE, Shelf, Writers
from workbench.tui.poem.sheets import Poems, Recipe, Sheet
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.writer import Pen, streamed
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.form import SettingRow
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.status import live


class PoemScreen(Page):
    """The networks that write, the settings, and the poems of this session."""

    place = "poem"
    BINDINGS = bindings(place)
    EVERY = 5.0  # seconds between two looks at the folder

    def __init__(self) -> None:
        super().__init__()
        self._pen = Pen()
        self._stopped: threading.Event | None = None  # of the sheet that is being written
        self._sheet: Sheet | None = None  # the one that is being written, from its beginning on
        self._message = Content("")
        self._seen: object = None  # at the last look
        self._known: tuple[object, Lore] = None, Lore()  # of which run, and what

    def compose(self) -> ComposeResult:
        yield TopBar("poem")
        with Horizontal(id="poem"):
            with Vertical(id="desk"):
                yield WriterChoice()
                yield WritingForm(id="writing")
                yield Static(markup=False, id="said")
            with Vertical(id="page"):
                yield Poems(id="poems")
                yield Choices()
        yield Static(Content.styled(NONE, "$foreground-muted"), markup=False, id="no-writer")
        yield BottomBar("poem")

    def on_mount(self) -> None:
        self._folder = Writers(self.session.runs_folder)
        self.query_one("#desk").border_title = "write"
        self.query_one("#poem").display = self.query_one("#no-writer").display = False
        self.watch(self, "focused", self._tell)
        self.set_interval(self.EVERY, self._look)
        self._think()

    def on_screen_resume(self) -> None:
        self._look()

    def on_screen_suspend(self) -> None:
        if self.navigator.place != self.place:  # not under help or the palette
            self._leave()

    def on_unmount(self) -> None:
        self._leave()

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        if not self.is_current:
            return
        try:
            shelf = await run_in_thread(self._folder.look)
        except OSError as error:
            sentence = f"The runs in {self.session.runs_folder} cannot be read: {error.strerror}."
            self._say(sentence, "error")
            self.query_one("#no-writer", Static).update(Content.styled(sentence, "$text-error"))
            self.query_one("#no-writer").display = not self.query_one("#poem").display
            return
        if len(self.query("#poem, #no-writer")) == 2:  # else the screen is being taken down
            self._show(shelf)

    def _show(self, shelf: Shelf) -> None:
        seen = shelf, [age(row.run.created) for row in shelf.writers]
        if seen == self._seen:
            return
        self._seen = seen
        self.query_one(WriterChoice).offer(shelf.writers)
        none, desk = self.query_one("#no-writer", Static), self.query_one("#poem")
        opening = not desk.display and bool(shelf.writers)
        desk.display, none.display = bool(shelf.writers), not shelf.writers
        if opening:
            self.query_one(WritingForm).rows["start"].focus_editor()
        if shelf.learning:
            said = "{0.run.id} is {0.status}: it can write after its first evaluation.".format(shelf.learning[0])
            none.update(Content.styled(said, "$foreground-muted"))

    @on(WriterChoice.Changed)
    def _another_writer(self) -> None:
        self.refresh_bindings()
        if self.chosen is not None:
            self._learn(self.chosen.run)

    @work(exclusive=True, group="learn")
    async def _learn(self, run: Run) -> None:
        """Leave in the form what the chosen network can do."""
        known = await self._lore(run)
        if self.chosen is not None and self.chosen.run.path == run.path:
            self.query_one(WriterChoice).lack(known.said)
            self.query_one(WritingForm).switch_off(known.lacking)

    async def _lore(self, run: Run) -> Lore:
        if self._known[0] != run.path:
            self._known = run.path, await run_in_thread(partial(capabilities.of, run))
        return self._known[1]

    @property
    def chosen(self) -> RunSummary | None:
        return self.query_one(WriterChoice).chosen

    @property
    def writing(self) -> bool:
        return self._stopped is not None and not self._stopped.is_set()

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in ("write", "break_off", "again", "redo", "copy", "marks", "keep", "save"):
            return True
        if not self.is_mounted or action == "break_off":
            return self.writing or None
        marked = self.query_one(Poems).marked
        free = self.chosen is not None and not self.writing
        whole = marked is not None and marked.over and not self.session.readonly
        able = {"write": free, "copy": marked, "marks": marked, "keep": whole, "save": whole}
        return bool(able.get(action, free and marked)) or None

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
            seed.put((seed.value + 1) % SEEDS)
        self.action_write()

    def action_redo(self) -> None:
        marked = self.query_one(Poems).marked
        assert marked is not None
        run, asked, _ = marked.recipe
        if not self.query_one(WriterChoice).choose(run.path):
            self._say(f"Run {run.id} is gone: choose another network.", "error")
            return
        self.query_one(WritingForm).fill(asked)
        self._write(Recipe(run, asked, self.chosen is not None and live(self.chosen.status)))

    def action_copy(self) -> None:
        marked = self.query_one(Poems).marked
        assert marked is not None
        self.app.copy_to_clipboard(marked.text)
        self.app.notify("The poem is copied, where the terminal allows it (OSC 52).", markup=False)

    @work(group="keep")
    async def action_keep(self) -> None:
        marked = self.query_one(Poems).marked
        assert marked is not None
        folder = self.session.runs_folder
        try:
            new = await run_in_thread(partial(kept_poems.keep, folder, marked.entry))
        except OSError as error:
            self._fail(f"The poem could not be kept in {folder / kept_poems.NAME}: {error.strerror}.")
        else:
            self.app.notify(
                f"Kept in {folder / kept_poems.NAME}." if new else "This poem is kept already.", markup=False
            )

    @work(group="keep")
    async def action_kept(self) -> None:
        folder = self.session.runs_folder
        try:
            self.app.push_screen(Kept(await run_in_thread(partial(kept_poems.kept, folder)), folder / kept_poems.NAME))
        except OSError as error:
            self._fail(f"{folder / kept_poems.NAME} cannot be read: {error.strerror}.")

    @work(group="keep")
    async def action_save(self) -> None:
        marked = self.query_one(Poems).marked
        assert marked is not None
        path = await self.app.push_screen_wait(Save(marked.entry, f"poem-{marked.recipe.asked.seed}.txt"))
        if path is not None:
            self.app.notify(f"Written to {path}.", markup=False)

    def _fail(self, sentence: str) -> None:
        self.app.notify(sentence, severity="error", markup=False)

    def action_marks(self) -> None:
        poems = self.query_one(Poems)
        poems.marks = not poems.marks

    def action_break_off(self) -> None:
        if self._stopped is not None:
            self._stopped.set()
        if self._sheet is not None:
            self._sheet.end(End(reason="cancelled"))
        self._say()

    @work(group="write")
    async def _write(self, recipe: Recipe) -> None:
        """Let it be written beside the screen, and show each character as it comes."""
        stopped, poems = threading.Event(), self.query_one(Poems)
        self._stopped, self._sheet = stopped, None
        self._say(f"opening {recipe.run.id} …", "warning")
        book = (await self._lore(recipe.run)).book

        def opened() -> None:
            if not stopped.is_set():
                self._say("writing …", "warning")

        end, notes, wrong = End(reason="cancelled"), "", ""
        try:
            async for reply in streamed(self._pen, recipe.run, recipe.asked, stopped, opened):
                if stopped.is_set() or not poems.is_attached:
                    continue
                if isinstance(reply, End):
                    end = reply
                elif isinstance(reply, Begun):
                    notes = " ".join(reply.notes)
                    sheet = await poems.begin(recipe, reply.text, book)
                    if stopped.is_set():  # while it was made
                        sheet.end(end)
                        continue
                    self._sheet = sheet
                    self._think()
                    self.refresh_bindings()
                elif self._sheet is not None:
                    self._sheet.add(reply)
                    self._think()
        except (RunError, ValueError) as error:
            wrong = str(error)
        if stopped.is_set():
            return
        stopped.set()
        if self._sheet is not None:
            self._sheet.end(end)
        self._say(wrong or notes, "error" if wrong else "warning")
        self._think()

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

    @on(Poems.Marked)
    def _think(self) -> None:
        """What the network thought at the marked character, or thinks now."""
        marked = self.query_one(Poems).marked
        grows = self.writing and self._sheet is not None and marked in self._sheet.poems
        for line in self.query(Choices):
            line.show(marked.verse if marked else None, marked.cursor if marked else None, writing=grows)

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
            line.set_class(not self._message, "-hint")
            line.update(self._message or Content.styled(hint, "$foreground-muted"))
