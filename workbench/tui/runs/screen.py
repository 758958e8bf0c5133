"""Screen of all runs of a folder: filtered, sorted, marked, compared, exported, deleted."""

from __future__ import annotations

import asyncio
import time

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from workbench.render.text import printable
from workbench.runs.folder import RunError
from workbench.runs.run import Run
from workbench.runs.summary import UNREADABLE, RunSummary
from workbench.tui.color import letter_color
from workbench.tui.keys import actions, bindings
from workbench.tui.runs.dialogs import delete_runs, deletion_refusal, export_runs
from workbench.tui.runs.filter_line import FilterLine
from workbench.tui.runs.marked_runs import MORE, MarkedRuns
from workbench.tui.runs.run_table import NEWEST, RunColumn, columns, sorted_runs
from workbench.tui.services.catalogue import Catalogue
from workbench.tui.services.cluster_jobs import ask_clusters, with_live_jobs
from workbench.tui.services.polling import poll
from workbench.tui.services.unreadable import unreadable
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.listing import Column, Listing, Row, StyledText
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.run_details import run_details
from workbench.tui.widgets.status import live, resumable

_AGES = 15  # seconds after which ages are written anew where no run has changed
_ACTIONS = {action.name for action in actions("runs") if action.place == "runs"}


class RunsScreen(Page):
    """Screen that follows the folder. Marks stay when a filter hides a run."""

    place = "runs"
    BINDINGS = [*bindings(place), Binding("delete", "delete", show=False)]  # noqa: RUF012
    AUTO_FOCUS = ""  # the list is focused once there is one
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
        self._lines: dict[str, tuple[RunSummary, tuple[object, ...], Row]] = {}  # with what it was made of
        self._marks = MarkedRuns()
        self._columns = columns(())
        self._column, self._reversed = NEWEST, False
        self._looked, self._age_period = False, 0
        self._look_now = asyncio.Event()
        for name in ("#count", "#list", "#empty", "#chosen"):
            self.query_one(name).display = False
        self.app.theme_changed_signal.subscribe(self, lambda _: self._tell())
        self._follow()
        self.run_worker(ask_clusters(self._live_jobs, readonly=self.session.readonly), group="jobs")

    def _live_jobs(self) -> list[Run]:
        """Return the runs of the folder that clusters may still have."""
        return with_live_jobs(self._every if self.is_current else ())

    def on_screen_resume(self) -> None:
        self._look_now.set()

    @work(group="scan")
    async def _follow(self) -> None:
        """Follow the folder: the only place where it is read."""
        await poll(self._catalogue.scan, self._show_found, self._unreadable, self._interval, self._look_now)

    def _interval(self) -> float | None:
        """Seconds between two looks; none while another screen is shown."""
        return self.EVERY if self.is_current else None

    async def _show_found(self, every: list[RunSummary]) -> bool:
        age_period = int(time.time() // _AGES)
        if not self._looked or every != self._every or age_period != self._age_period:
            self._looked, self._every, self._age_period = True, every, age_period
            self._show()
        return False

    def _unreadable(self, error: OSError | RunError) -> None:
        self._every = []
        self._empty(unreadable(f"The runs in {self.session.runs_folder}", error))

    def _show(self) -> None:
        """List the runs that match the filter, in the chosen order."""
        if not self.query(Listing):  # the screen was taken down meanwhile
            return
        line = self.query_one(FilterLine)
        line.metrics = {name for summary in self._every for name in summary.val}
        self._marks.remove(set(self._marks) - {summary.run.id for summary in self._every})
        self._columns = columns(self._every)
        column = self._column = next(here for here in self._columns if here.name == self._column.name)
        self._shown = sorted_runs(filter(line.filter.matches, self._every), column, reverse=self._reversed)
        arrow = " ↓" if column.descending != self._reversed else " ↑"
        heads = [
            Column(here.name + arrow * (here is column), here.drop_order, here.right, strong=here is column)
            for here in self._columns
        ]
        listing = self.query_one(Listing)
        listing.show([Column("", 0), *heads], [self._line(summary) for summary in self._shown])
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

    def _line(self, summary: RunSummary) -> Row:
        letter = self._marks.letter(summary.run.id)
        cached = self._lines.get(summary.run.id)
        state = letter, self._age_period, self._columns
        if cached is None or cached[0] is not summary or cached[1] != state:
            cells: list[StyledText] = [(here.text(summary), here.style(summary)) for here in self._columns]
            mark = (letter or " ", f"bold $text-{letter_color(letter)}" if letter else "")
            self._lines[summary.run.id] = cached = summary, state, Row(summary.run.id, (mark, *cells))
        return cached[-1]

    def _empty(self, sentence: str) -> None:
        for name in ("#list", "#chosen"):
            self.query_one(name).display = False
        self.query_one("#empty", Static).update(Content.styled(sentence, "$foreground-muted"))
        self.query_one("#empty").display = True

    @on(Listing.Chosen)
    def _tell(self) -> None:
        """Count the runs above the list, and describe the chosen run below it."""
        column = self._column
        total, shown = len(self._every), len(self._shown)
        parts = [f"{shown} of {total} runs" if shown < total else f"{total} runs" if total != 1 else "1 run"]
        parts.append(column.order_words[self._reversed])
        if self._marks:
            hidden = len(self._marks) - sum(summary.run.id in self._marks for summary in self._shown)
            parts.append(f"{len(self._marks)} marked" + f" ({hidden} not shown)" * bool(hidden))
        self.query_one("#count", Static).update(Content.styled(" · ".join(parts), "$foreground-muted"))
        if summary := self.chosen:
            self.query_one("#chosen", Static).update(run_details(summary))
        self.refresh_bindings()

    @property
    def chosen(self) -> RunSummary | None:
        """The run under the cursor."""
        at = self.query_one(Listing).chosen
        return next((summary for summary in self._shown if summary.run.id == at), None)

    @property
    def marked(self) -> list[RunSummary]:
        """The marked runs in the order of their marks, also those that the filter hides."""
        by_id = {summary.run.id: summary for summary in self._every}
        return [by_id[run] for run in self._marks if run in by_id]

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in _ACTIONS or not self.is_mounted:
            return True
        summary = self.chosen
        possible = {
            "open": summary and summary.status != UNREADABLE,
            "stop": summary and live(summary.status) and summary.status != "stopping",
            "resume": summary and resumable(summary.status),
            "branch": summary and summary.step,
            "clear": self.query_one(FilterLine).text,
            "delete": summary or self._marks,
            "describe": summary or self._marks,
            "export": summary or self._marks,
            "compare": self._every,
            "filter": self._every,
        }
        return bool(possible.get(action, summary)) or None

    @on(Listing.Opened)
    def action_open(self) -> None:
        summary = self.chosen
        if summary and summary.status == UNREADABLE:
            self.app.notify(summary.message, severity="error", markup=False)
        elif summary:
            self.navigator.open_run(summary.run)

    def action_stop(self) -> None:
        if self.chosen:
            self.navigator.ask_to_stop(Run(self.chosen.run.path))

    def action_resume(self) -> None:
        if self.chosen:
            self.navigator.resume(Run(self.chosen.run.path))

    def action_branch(self) -> None:
        if self.chosen:
            self.navigator.branch(Run(self.chosen.run.path))

    def action_filter(self) -> None:
        self.query_one(FilterLine).edit()

    def action_clear(self) -> None:
        self.query_one(FilterLine).clear()

    @on(FilterLine.Changed)
    def _filtered(self) -> None:
        self._show()

    @on(FilterLine.Left)
    def _focus_list(self) -> None:
        self.query_one(Listing).focus()

    def action_sort(self) -> None:
        self._sort(self._columns[(self._columns.index(self._column) + 1) % len(self._columns)])

    @on(Listing.HeadClicked)
    def _head_clicked(self, event: Listing.HeadClicked) -> None:
        if event.index:  # the first one is the marks'
            self._sort(self._columns[event.index - 1])

    def _sort(self, column: RunColumn) -> None:
        self._reversed = column == self._column and not self._reversed
        self._column = column
        self._show()

    def action_turn(self) -> None:
        """Reverse the order."""
        self._sort(self._column)

    def action_mark(self) -> None:
        if self.chosen:
            self._mark([self.chosen.run.id])

    def action_mark_all(self) -> None:
        self._mark([summary.run.id for summary in self._shown])

    def _mark(self, ids: list[str]) -> None:
        """Mark runs; where all of them are marked, take the marks away."""
        if all(run in self._marks for run in ids):
            self._marks.remove(ids)
        else:
            self._marks.add(ids)
        self._show()

    def action_compare(self) -> None:
        by_letter = {self._marks.letter(summary.run.id): summary.run for summary in self.marked if summary.spec}
        by_letter.pop(MORE, None)
        if len(by_letter) < 2:
            self.app.notify("Mark two runs at least with m (or ^t), then compare them.", markup=False)
        else:
            self.navigator.compare(by_letter)

    def action_copy(self) -> None:
        if self.chosen:
            self.app.copy_to_clipboard(printable(self.chosen.run.id))
            self.app.notify(f"{self.chosen.run.id} is copied, where your terminal lets it (OSC 52).", markup=False)

    def action_delete(self) -> None:
        chosen = self.marked or [summary for summary in (self.chosen,) if summary]
        if refusal := deletion_refusal(chosen):
            self.app.notify(refusal, severity="error", markup=False)
        elif chosen:
            self._delete(chosen)

    @work(group="delete", exclusive=True)
    async def _delete(self, chosen: list[RunSummary]) -> None:
        shown = {summary.run.id for summary in self._shown}
        hidden = sum(summary.run.id not in shown for summary in chosen)
        await delete_runs(self.app, chosen, hidden)
        self._look_now.set()

    def action_describe(self) -> None:
        """Ask for name, tags and note of the marked runs, else of the chosen one."""
        from workbench.tui.runs.description import DescriptionDialog  # its text area takes its time

        chosen = self.marked or [summary for summary in (self.chosen,) if summary]
        readable = [summary for summary in chosen if summary.status != UNREADABLE]
        if readable:
            dialog = DescriptionDialog([one.run for one in readable], [one.metadata for one in readable])
            self.app.push_screen(dialog, lambda written: self._look_now.set() if written else None)
        elif chosen:
            self.app.notify(chosen[0].message, severity="error", markup=False)

    @work(group="export", exclusive=True)
    async def action_export(self) -> None:
        chosen, what = (self.marked, "the marked") if self._marks else (self._shown, "what is shown")
        await export_runs(self.app, chosen, what)
