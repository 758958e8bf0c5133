"""All runs of a folder, whoever started them: found, sorted, marked, compared, deleted."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from workbench.runs import export, store
from workbench.runs.store import Run, RunError
from workbench.runs.summary import UNREADABLE, RunSummary
from workbench.tui.color import letter_color
from workbench.tui.keys import actions, bindings
from workbench.tui.runs import dialogs
from workbench.tui.runs.columns import COLUMNS, NEWEST, arranged
from workbench.tui.runs.filter_line import FilterLine
from workbench.tui.runs.marks import MORE, Marks
from workbench.tui.runs.run_card import card
from workbench.tui.services.catalogue import Catalogue
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.listing import Column, Listing, Row, StyledText
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.status import live, resumable

_AGES = 15  # seconds between two looks at the clock for the ages of runs in which nothing happens
_ACTIONS = {action.name for action in actions("runs") if action.place == "runs"}


class RunsScreen(Page):
    """A list that follows the folder. Marks stay when a filter hides a run."""

    place = "runs"
    BINDINGS = [*bindings(place), Binding("delete", "delete", show=False)]  # noqa: RUF012
    AUTO_FOCUS = ""  # the list, once it is there
    EVERY = 0.5  # seconds between two looks at the folder

    def compose(self) -> ComposeResult:
        yield TopBar("runs")
        yield FilterLine(id="filter")
        yield Static(markup=False, id="count")
        yield Listing(id="list")
        yield Static(markup=False, id="empty")
        yield Static(markup=False, id="chosen")
        yield BottomBar("runs")

    def on_mount(self) -> None:
        self._catalogue = Catalogue(self.session.runs_folder)
        self._every: list[RunSummary] = []
        self._shown: list[RunSummary] = []
        self._lines: dict[str, tuple[RunSummary, str, int, Row]] = {}  # as they were made, of what, and when
        self._marks = Marks()
        self._column, self._turned = NEWEST, False
        self._looked, self._said = False, 0
        self._look_now = asyncio.Event()
        for name in ("#count", "#list", "#empty", "#chosen"):
            self.query_one(name).display = False
        self.app.theme_changed_signal.subscribe(self, lambda _: self._tell())
        self._follow()

    def on_screen_resume(self) -> None:
        self._look_now.set()

    @work(group="scan")
    async def _follow(self) -> None:
        """Look, show, wait: the only place where the folder is read."""
        while True:
            self._look_now.clear()
            if self.is_current or not self._looked:
                try:
                    every = await run_in_thread(self._catalogue.scan)
                    said = int(time.time() // _AGES)
                    if not self._looked or every != self._every or said != self._said:
                        self._looked, self._every, self._said = True, every, said
                        self._show()
                except OSError as error:
                    self._every = []
                    self._empty(f"The runs in {self.session.runs_folder} cannot be read: {error.strerror}.")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), self.EVERY if self.is_current else None)

    def _show(self) -> None:
        """The runs that the filter means, in the order that was asked for."""
        if not self.query(Listing):  # the screen was taken down meanwhile
            return
        line = self.query_one(FilterLine)
        line.metrics = {name for record in self._every for name in record.val}
        self._marks.remove(set(self._marks) - {record.run.id for record in self._every})
        column = COLUMNS[self._column]
        self._shown = arranged(filter(line.filter.means, self._every), column, turned=self._turned)
        arrow = " ↓" if column.falling != self._turned else " ↑"
        heads = [
            Column(here.name + arrow * (here is column), here.rank, here.right, strong=here is column)
            for here in COLUMNS
        ]
        listing = self.query_one(Listing)
        listing.show([Column("", 0), *heads], [self._line(record) for record in self._shown])
        for name in ("#count", "#list", "#chosen"):
            self.query_one(name).display = bool(self._shown)
        self.query_one("#count").display = bool(self._every)
        self.query_one("#empty").display = not self._shown
        if not self._every:
            self._empty(
                f"There are no runs in {self.session.runs_folder} yet.\n\n"
                "Press 1 (or F2) for the Lab and start one there,\n"
                "or in another terminal: workbench train names --cell lstm"
            )
        elif not self._shown:
            self._empty(f"No run matches the filter ({len(self._every)} in all).\n\nEsc empties it, / changes it.")
        elif self.focused is None:
            listing.focus()
        self._tell()

    def _line(self, record: RunSummary) -> Row:
        letter = self._marks.letter(record.run.id)
        known = self._lines.get(record.run.id)
        if known is None or known[0] is not record or known[1:3] != (letter, self._said):
            cells: list[StyledText] = [(here.cell(record), here.style(record)) for here in COLUMNS]
            mark = (letter or " ", f"bold $text-{letter_color(letter)}" if letter else "")
            self._lines[record.run.id] = known = (record, letter, self._said, Row(record.run.id, (mark, *cells)))
        return known[3]

    def _empty(self, sentence: str) -> None:
        for name in ("#list", "#chosen"):
            self.query_one(name).display = False
        self.query_one("#empty", Static).update(Content.styled(sentence, "$foreground-muted"))
        self.query_one("#empty").display = True

    @on(Listing.Chosen)
    def _tell(self) -> None:
        """Say above the list what it holds, below it what is known of the chosen run."""
        column = COLUMNS[self._column]
        whole, shown = len(self._every), len(self._shown)
        parts = [f"{shown} of {whole} runs" if shown < whole else f"{whole} runs" if whole != 1 else "1 run"]
        parts.append(column.words[self._turned])
        if self._marks:
            hidden = len(self._marks) - sum(record.run.id in self._marks for record in self._shown)
            parts.append(f"{len(self._marks)} marked" + f" ({hidden} not shown)" * bool(hidden))
        self.query_one("#count", Static).update(Content.styled(" · ".join(parts), "$foreground-muted"))
        if record := self.chosen:
            self.query_one("#chosen", Static).update(card(record))
        self.refresh_bindings()

    @property
    def chosen(self) -> RunSummary | None:
        """The run under the cursor."""
        at = self.query_one(Listing).chosen
        return next((record for record in self._shown if record.run.id == at), None)

    @property
    def marked(self) -> list[RunSummary]:
        """The marked runs, in the order of their marks, whether the filter means them or not."""
        known = {record.run.id: record for record in self._every}
        return [known[run] for run in self._marks if run in known]

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in _ACTIONS or not self.is_mounted:
            return True
        record = self.chosen
        possible = {
            "open": record and record.status != UNREADABLE,
            "stop": record and live(record.status) and record.status != "stopping",
            "resume": record and resumable(record.status),
            "clear": self.query_one(FilterLine).text,
            "delete": record or self._marks,
            "export": record or self._marks,
            "compare": self._every,
            "filter": self._every,
        }
        return bool(possible.get(action, record)) or None

    @on(Listing.Opened)
    def action_open(self) -> None:
        record = self.chosen
        if record and record.status == UNREADABLE:
            self.app.notify(record.message, severity="error", markup=False)
        elif record:
            self.navigator.open_run(record.run)

    def action_stop(self) -> None:
        if self.chosen:
            self.navigator.ask_to_stop(Run(self.chosen.run.path))

    def action_resume(self) -> None:
        if self.chosen:
            self.navigator.resume(Run(self.chosen.run.path))

    def action_filter(self) -> None:
        self.query_one(FilterLine).edit()

    def action_clear(self) -> None:
        self.query_one(FilterLine).clear()

    @on(FilterLine.Changed)
    def _filtered(self) -> None:
        self._show()

    @on(FilterLine.Left)
    def _back_to_the_list(self) -> None:
        self.query_one(Listing).focus()

    def action_sort(self) -> None:
        self._sort((self._column + 1) % len(COLUMNS))

    @on(Listing.HeadClicked)
    def _head_clicked(self, event: Listing.HeadClicked) -> None:
        if event.index:  # the first one is the marks'
            self._sort(event.index - 1)

    def _sort(self, column: int) -> None:
        self._turned = column == self._column and not self._turned
        self._column = column
        self._show()

    def action_turn(self) -> None:
        self._sort(self._column)

    def action_mark(self) -> None:
        if self.chosen:
            self._mark([self.chosen.run.id])

    def action_mark_all(self) -> None:
        self._mark([record.run.id for record in self._shown])

    def _mark(self, ids: list[str]) -> None:
        """Mark them; where all of them are marked, take the marks away."""
        if all(run in self._marks for run in ids):
            self._marks.remove(ids)
        else:
            self._marks.add(ids)
        self._show()

    def action_compare(self) -> None:
        known = {self._marks.letter(record.run.id): record for record in self.marked if record.spec}
        known.pop(MORE, None)
        if len(known) < 2:
            self.app.notify("Mark two runs at least with m (or ^t), then compare them.", markup=False)
        else:
            self.navigator.compare({letter: record.run for letter, record in known.items()})

    def action_copy(self) -> None:
        if self.chosen:
            self.app.copy_to_clipboard(self.chosen.run.id)
            self.app.notify(f"{self.chosen.run.id} is copied, where your terminal lets it (OSC 52).", markup=False)

    def action_delete(self) -> None:
        chosen = self.marked or [record for record in (self.chosen,) if record]
        if refusal := dialogs.refusal(chosen):
            self.app.notify(refusal, severity="error", markup=False)
        elif chosen:
            self._delete(chosen)

    @work(group="delete", exclusive=True)
    async def _delete(self, chosen: list[RunSummary]) -> None:
        losses = await run_in_thread(lambda: [dialogs.Loss(record, dialogs.size(record)) for record in chosen])
        shown = {record.run.id for record in self._shown}
        hidden = sum(record.run.id not in shown for record in chosen)
        if await self.app.push_screen_wait(dialogs.delete(losses, hidden)) != dialogs.DELETE:
            return
        gone = []
        for loss in losses:
            try:
                await run_in_thread(partial(store.remove, loss.record.run))
                gone.append(loss)
            except (RunError, OSError) as error:
                self.app.notify(str(error), severity="error", markup=False)
        if gone:
            what = gone[0].record.run.id if len(gone) == 1 else f"{len(gone)} runs"
            freed = dialogs.megabytes(sum(loss.bytes for loss in gone))
            self.app.notify(f"Deleted {what}: {freed} are free.", markup=False)
        self._look_now.set()

    @work(group="export", exclusive=True)
    async def action_export(self) -> None:
        chosen, what = (self.marked, "the marked") if self._marks else (self._shown, "what is shown")
        try:
            folder = Path.cwd()
            kind = await self.app.push_screen_wait(dialogs.export(len(chosen), what, folder))
            if kind in export.KINDS:
                path = await run_in_thread(partial(export.write, chosen, kind, folder))
                self.app.notify(f"Written to {path}.", markup=False)
        except OSError as error:
            where = error.filename or "the current folder"
            self.app.notify(f"Nothing could be written to {where}: {error.strerror}.", severity="error", markup=False)
