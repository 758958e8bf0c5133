"""The Poem screen: choose a network, set constraints, and read the poem as it is written."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from workbench.config.generation import SEEDS
from workbench.inference.protocol import Begun, End, Inspect
from workbench.inference.session import InferenceSession
from workbench.render.format import age
from workbench.runs.folder import RunError
from workbench.runs.run import Run
from workbench.runs.summary import RunSummary
from workbench.tui.keys import bindings
from workbench.tui.poem import capabilities
from workbench.tui.poem.alternatives import AlternativesLine
from workbench.tui.poem.capabilities import ModelCapabilities
from workbench.tui.poem.form import CONSTRAINTS, GenerationForm, GenerationRow
from workbench.tui.poem.generation import stream
from workbench.tui.poem.generations import GenerationRecord, GenerationView, PoemList, PoemView
from workbench.tui.poem.keeping import PoemKeeping
from workbench.tui.poem.model_choice import ModelChoice
from workbench.tui.poem.models import NO_MODEL, ModelFolder, WritingModels
from workbench.tui.services.polling import TAKEN_DOWN
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.unreadable import UNREADABLE, unreadable
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.setting_row import SettingRow
from workbench.tui.widgets.status import live


class PoemScreen(PoemKeeping):
    """The networks that write, the settings, and the poems of this session."""

    place = "poem"
    BINDINGS = bindings(place)
    EVERY = 5.0  # seconds between two scans of the folder

    def __init__(self) -> None:
        super().__init__()
        self._inference = InferenceSession()
        self._stopped: threading.Event | None = None  # of the generation that is being written
        self._generation: GenerationView | None = None  # the one that is being written, from its beginning on
        self._message = Content("")
        self._shown_models: object = None
        self._capabilities: tuple[object, ModelCapabilities] = None, ModelCapabilities()  # of a run, by its path

    def compose(self) -> ComposeResult:
        yield TopBar("poem")
        with Horizontal(id="poem"):
            with Vertical(id="generation"):
                yield ModelChoice()
                yield GenerationForm(id="writing")
                yield Static(markup=False, id="poem-message")
            with Vertical(id="page"):
                yield PoemList(id="poems")
                yield AlternativesLine()
        yield Static(Content.styled(NO_MODEL, "$foreground-muted"), markup=False, id="no-model")
        yield BottomBar("poem")

    def on_mount(self) -> None:
        self._folder = ModelFolder(self.session.runs_folder)
        self.query_one("#generation").border_title = "write"
        self.query_one("#poem").display = self.query_one("#no-model").display = False
        self.watch(self, "focused", self._show_message)
        self.set_interval(self.EVERY, self._scan)
        self._show_alternatives()

    def on_screen_resume(self) -> None:
        self._scan()

    def on_screen_suspend(self) -> None:
        if self.navigator.place != self.place:  # not under help or the palette
            self._leave()

    def on_unmount(self) -> None:
        self._leave()

    @work(exclusive=True, group="scan")
    async def _scan(self) -> None:
        if not self.is_current:
            return
        try:
            models = await run_in_thread(self._folder.scan)
        except UNREADABLE as error:
            sentence = unreadable(f"The runs in {self.session.runs_folder}", error)
            self._say(sentence, "error")
            self.query_one("#no-model", Static).update(Content.styled(sentence, "$text-error"))
            self.query_one("#no-model").display = not self.query_one("#poem").display
            return
        if len(self.query("#poem, #no-model")) == 2:  # else the screen is being taken down
            self._show_models(models)

    def _show_models(self, models: WritingModels) -> None:
        shown = models, [age(row.run.created) for row in models.ready]
        if shown == self._shown_models:
            return
        self._shown_models = shown
        self.query_one(ModelChoice).offer(models.ready)
        hint, poem = self.query_one("#no-model", Static), self.query_one("#poem")
        opening = not poem.display and bool(models.ready)
        poem.display, hint.display = bool(models.ready), not models.ready
        if opening:
            self.query_one(GenerationForm).rows["start"].focus_editor()
        if models.learning:
            sentence = "{0.run.id} is {0.status}: it can write after its first evaluation.".format(models.learning[0])
            hint.update(Content.styled(sentence, "$foreground-muted"))

    @on(ModelChoice.Changed)
    def _model_changed(self) -> None:
        self.refresh_bindings()
        if self.chosen is not None:
            self._switch_rows(self.chosen.run)

    @work(exclusive=True, group="capabilities")
    async def _switch_rows(self, run: Run) -> None:
        """Enable in the form the constraints that the chosen network can meet."""
        capable = await self._read_capabilities(run)
        if self.chosen is not None and self.chosen.run.path == run.path:
            self.query_one(ModelChoice).show_unavailable(capable.explanation)
            self.query_one(GenerationForm).switch_off(capable.unavailable)

    async def _read_capabilities(self, run: Run) -> ModelCapabilities:
        if self._capabilities[0] != run.path:
            self._capabilities = run.path, await run_in_thread(partial(capabilities.read, run, CONSTRAINTS))
        return self._capabilities[1]

    @property
    def chosen(self) -> RunSummary | None:
        return self.query_one(ModelChoice).chosen

    @property
    def writing(self) -> bool:
        return self._stopped is not None and not self._stopped.is_set()

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in ("write", "break_off", "again", "redo", "copy", "marks", "keep", "save", "inspect"):
            return True
        if not self.is_mounted or action == "break_off":
            return self.writing or None
        marked = self._marked
        free = self.chosen is not None and not self.writing
        whole = marked is not None and marked.over
        able = {
            "write": free,
            "copy": marked,
            "marks": marked,
            "inspect": marked and marked.over,
            "keep": whole,
            "save": whole,
        }
        return bool(able.get(action, free and marked)) or None

    @on(GenerationRow.Submitted)
    async def _entered(self) -> None:
        await self.run_action("write")

    def action_write(self) -> None:
        row = self.chosen
        assert row is not None
        try:
            request = self.query_one(GenerationForm).request
        except ValueError as error:
            self.app.bell()
            self._say(str(error), "error")
            return
        self._write(GenerationRecord(row.run, request, live(row.status)))

    @property
    def _marked(self) -> PoemView | None:
        """The marked text; none where the screen is taken down."""
        return next((poems.marked for poems in self.query(PoemList)), None)

    def action_again(self) -> None:
        form = self.query_one(GenerationForm)
        seed = form.rows["seed"]
        if not seed.error:
            seed.put((seed.value + 1) % SEEDS)
        self.action_write()

    def action_redo(self) -> None:
        marked = self._marked
        assert marked is not None
        run, request, _ = marked.record
        if not self.query_one(ModelChoice).choose(run.path):
            self._say(f"Run {run.id} is gone: choose another network.", "error")
            return
        self.query_one(GenerationForm).fill(request)
        self._write(GenerationRecord(run, request, self.chosen is not None and live(self.chosen.status)))

    def action_inspect(self) -> None:
        marked = self._marked
        assert marked is not None
        self.navigator.inspect(marked.record.run, Inspect(text=marked.text.replace("\n", "")))

    def action_marks(self) -> None:
        poems = self.query_one(PoemList)
        poems.marks = not poems.marks

    def action_break_off(self) -> None:
        if self._stopped is not None:
            self._stopped.set()
        if self._generation is not None:
            self._generation.end(End(reason="cancelled"))
        self._say()

    @work(group="write")
    async def _write(self, record: GenerationRecord) -> None:
        """Generate, until the text has ended or the screen is taken down."""
        with suppress(*TAKEN_DOWN):
            await self._generate(record)

    async def _generate(self, record: GenerationRecord) -> None:
        """Generate in a child process, and show each character as it comes."""
        stopped, poems = threading.Event(), self.query_one(PoemList)
        self._stopped, self._generation = stopped, None
        self._say(f"opening {record.run.id} …", "warning")
        annotate = (await self._read_capabilities(record.run)).annotate

        def opened() -> None:
            if not stopped.is_set():
                self._say("writing …", "warning")

        end, notes, problem = End(reason="cancelled"), "", ""
        try:
            async for reply in stream(self._inference, record.run, record.request, stopped, opened):
                if stopped.is_set() or not poems.is_attached:
                    continue
                if isinstance(reply, End):
                    end = reply
                elif isinstance(reply, Begun):
                    notes = " ".join(reply.notes)
                    generation = await poems.begin(record, reply.text, annotate)
                    if stopped.is_set():  # while it was made
                        generation.end(end)
                        continue
                    self._generation = generation
                    self._show_alternatives()
                    self.refresh_bindings()
                elif self._generation is not None:
                    self._generation.add(reply)
                    self._show_alternatives()
        except (RunError, ValueError) as error:
            problem = str(error)
        if stopped.is_set():
            return
        stopped.set()
        if self._generation is not None:
            self._generation.end(end)
        self._say(problem or notes, "error" if problem else "warning")
        self._show_alternatives()

    def _leave(self) -> None:
        """Stop writing and close the network: another screen is shown."""
        if self.writing:
            self.action_break_off()
        self._inference.close()

    @on(SettingRow.Changed)
    @on(PoemList.Marked)
    def _clear(self) -> None:
        if not self.writing:
            self._say()

    @on(PoemList.Marked)
    def _show_alternatives(self) -> None:
        """Show the network's alternatives at the marked character, or at the newest one while it writes."""
        marked = self._marked
        grows = self.writing and self._generation is not None and marked in self._generation.poems
        for line in self.query(AlternativesLine):
            line.show(marked.written if marked else None, marked.cursor if marked else None, writing=grows)

    def _say(self, sentence: str = "", kind: str = "") -> None:
        """Show a sentence (none: the focused setting's hint), and update the keys in the footer."""
        self._message = Content.styled(sentence, f"$text-{kind}") if sentence else Content("")
        self._show_message()
        self.refresh_bindings()

    def _show_message(self) -> None:
        """Show the current sentence; else the help and bounds of the focused setting."""
        for line in self.query("#poem-message").results(Static):
            row = next((a for a in getattr(self.focused, "ancestors", []) if isinstance(a, GenerationRow)), None)
            hint = "  ".join(filter(None, (row.field.help, row.field.bounds, "Enter writes"))) if row else ""
            line.set_class(not self._message, "-hint")
            line.update(self._message or Content.styled(hint, "$foreground-muted"))
