"""Screen of the studies of a folder: the runs of one as they fill its table, started, stopped, opened, compared."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from string import ascii_uppercase
from typing import NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Static

from tasks.base import PlainError
from workbench.runs.folder import RunError
from workbench.runs.run import Run
from workbench.runs.summary import UNREADABLE
from workbench.studies.study import Member
from workbench.tui.keys import bindings
from workbench.tui.services.cluster_jobs import ask_clusters, with_live_jobs
from workbench.tui.services.polling import poll
from workbench.tui.services.unreadable import unreadable
from workbench.tui.studies import study_actions
from workbench.tui.studies.results import StudyResults, TableChoice, next_of, study_results
from workbench.tui.studies.results_pane import ResultsPane
from workbench.tui.studies.runs_pane import RunsPane
from workbench.tui.studies.study_catalogue import QUEUED, STOPPING, StudyCatalogue, StudySummary
from workbench.tui.studies.study_lines import STUDY_COLUMNS, study_line, study_row
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.listing import Listing
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.static_text import StaticText
from workbench.tui.widgets.tabs import TabRow

STUDIES, RUNS, TABLE = "studies", "runs", "table"  # the panes
_WIDE, _STACKED = 110, (76, 22)  # cells of a screen with the panes side by side, and with the table below the runs
_MOST_STUDIES = 5  # lines of the list of studies beside the runs
_MOST_COMPARED = len(ascii_uppercase)


class _Reading(NamedTuple):
    """Everything that was read at one look."""

    studies: Sequence[StudySummary]
    chosen: str  # the study that the results are of
    results: StudyResults | None
    problem: str = ""  # why there are none


class StudiesScreen(Page):
    """Screen that follows the studies; of the chosen one each run."""

    place = "studies"
    has_fields = False
    BINDINGS = [*bindings(place), Binding("r", "start", show=False)]  # noqa: RUF012
    AUTO_FOCUS = ""  # the runs are focused once there are any
    EVERY = 1.0  # seconds between two looks at the folder

    def compose(self) -> ComposeResult:
        yield TopBar("studies")
        yield Static(markup=False, id="empty")
        yield StaticText(id="head")
        yield TabRow("tabs")
        with Container(id="body"):
            with Vertical(id="left"):
                yield Listing(id=f"{STUDIES}-pane")
                yield RunsPane(f"{RUNS}-pane")
            yield ResultsPane(f"{TABLE}-pane")
        yield BottomBar("studies")

    def on_mount(self) -> None:
        self._catalogue = StudyCatalogue(self.session.runs_folder)
        self._reading = _Reading((), "", None)
        self._choices: dict[str, TableChoice] = {}
        self._place = ""  # where a study was started last
        self._wanted = ""  # the study under the cursor
        self._look_now = asyncio.Event()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._show_chosen())
        self._arrange()
        self._follow()
        self.run_worker(ask_clusters(self._live_jobs, readonly=self.session.readonly), group="jobs")

    def _live_jobs(self) -> list[Run]:
        """Return the runs of the studies that clusters may still have."""
        studies = self._reading.studies if self.is_current else ()
        return with_live_jobs(member.summary for study in studies if study.live for member in study.members)

    def on_screen_resume(self) -> None:
        self._look_now.set()

    @work(group="scan")
    async def _follow(self) -> None:
        """Follow the folder: the only place where it is read."""
        await poll(self._read, self._show_news, self._unreadable, self._interval, self._look_now)

    def _interval(self) -> float | None:
        """Seconds between two looks; none while another screen is shown."""
        return self.EVERY if self.is_current else None

    def _read(self) -> _Reading:
        """Read the studies and the results of the chosen one, on a thread."""
        wanted = self._wanted
        every = self._catalogue.scan(wanted)
        one = next((summary for summary in every if summary.id == wanted), every[0] if every else None)
        if one is None or one.message:
            return _Reading(every, one.id if one else "", None, one.message if one else "")
        try:
            return _Reading(every, one.id, study_results(one, self._choices.get(one.id, TableChoice())))
        except PlainError as error:
            return _Reading(every, one.id, None, str(error))

    async def _show_news(self, reading: _Reading) -> bool:
        if self.query(RunsPane):  # else the screen is being taken down
            self._reading = reading
            self._show()
        return False

    def _unreadable(self, error: OSError | RunError) -> None:
        self._reading = _Reading((), "", None)
        self._show(unreadable(f"The studies in {self.session.runs_folder}", error))

    @property
    def _studies_list(self) -> Listing:
        return self.query_one(f"#{STUDIES}-pane", Listing)

    @property
    def _runs_pane(self) -> RunsPane:
        return self.query_one(RunsPane)

    @property
    def _results_pane(self) -> ResultsPane:
        return self.query_one(ResultsPane)

    @property
    def chosen(self) -> StudySummary | None:
        """The chosen study."""
        at = self._studies_list.chosen
        return next((summary for summary in self._reading.studies if summary.id == at), None)

    @property
    def _results(self) -> StudyResults | None:
        """Results of the chosen study; none before they are read."""
        chosen = self.chosen
        return self._reading.results if chosen and chosen.id == self._reading.chosen else None

    def _show(self, problem: str = "") -> None:
        """Show what was read.

        Args:
            problem: why nothing could be.
        """
        studies = self._reading.studies
        self._studies_list.show(STUDY_COLUMNS, [study_row(summary) for summary in studies])
        empty = problem or (
            f"There are no studies in {self.session.runs_folder} yet.\n\n"
            "A study is many runs under one name, and the table of their results. In another terminal,\n"
            "workbench study new NAME names --cells rnn,lstm --seeds 3 describes one, and\n"
            "workbench lab run names-rnn-lstm --quick trains the runs of a published report."
        )
        self.query_one("#empty", Static).update(Content.styled(empty, "$foreground-muted"))
        self._arrange()
        self._show_chosen()

    def _show_chosen(self) -> None:
        """Show the chosen study: its state, its runs, its table."""
        summary, results = self.chosen, self._results
        self.query_one("#head", StaticText).update(study_line(summary, self.size.width - 4) if summary else Content(""))
        members = summary.members if summary else ()
        choice = self._choices.get(summary.id, TableChoice()) if summary else TableChoice()
        problem = self._reading.problem if summary and summary.id == self._reading.chosen else ""
        self._runs_pane.show(members, results, problem)
        self._results_pane.show(summary, results, choice, problem if members else "")
        if self.focused is None and members:
            self._focus_pane()
        self.refresh_bindings()

    @on(Listing.Chosen)
    def _moved(self) -> None:
        """Follow the cursor of a list; another study is read at once."""
        self._wanted = self._studies_list.chosen
        if self._wanted != self._reading.chosen:
            self._show_chosen()
            self._look_now.set()
        self._runs_pane.show_details()

    def _arrange(self) -> None:
        """Show the panes beside one another where there is room, else the table below the runs, else one at a time."""
        width, height = self.size
        several, any_ = len(self._reading.studies) > 1, bool(self._reading.studies)
        wide, stacked = width >= _WIDE, width >= _STACKED[0] and height >= _STACKED[1]
        tabs = self.query_one(TabRow)
        offered = [RUNS, *([] if stacked else [TABLE]), *([STUDIES] if several else [])]
        tabs.offer(offered)
        tabs.display = any_ and not wide and len(offered) > 1
        shown = tabs.chosen
        self._studies_list.display = several and (wide or shown == STUDIES)
        self.query_one(f"#{RUNS}-pane").display = wide or shown == RUNS
        self.query_one(f"#{TABLE}-pane").display = wide or shown == TABLE or (stacked and shown == RUNS)
        self.query_one("#left").display = wide or shown != TABLE
        self._studies_list.styles.height = min(_MOST_STUDIES, len(self._reading.studies)) + 1 if wide else "1fr"
        self.set_class(wide, "-beside")
        self.set_class(not wide and shown == TABLE, "-alone")
        self.query_one("#empty").display = not any_
        for name in ("#head", "#body"):
            self.query_one(name).display = any_
        self.refresh_bindings()

    def _focus_pane(self) -> None:
        """Focus the list of the pane that is shown."""
        lists = {STUDIES: self._studies_list, TABLE: self._results_pane.listing}
        lists.get(self.query_one(TabRow).chosen, self._runs_pane.listing).focus()

    @on(TabRow.Chosen)
    def _pane_chosen(self) -> None:
        self._arrange()
        self._focus_pane()

    def on_resize(self) -> None:
        self._arrange()
        self._show_chosen()

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted or not self.query(RunsPane):
            return True
        summary, results = self.chosen, self._results
        begun = [member for member in (summary.members if summary else ()) if member.summary]
        possible = {
            "start": summary and summary.startable,
            "stop": summary and summary.live and summary.state != STOPPING,
            "open": begun,
            "compare": len(begun) > 1,
            "metric": results and len(results.metrics) > 1,
            "rows": results and len(results.varying) > 1,
            "columns": results and len(results.varying) > 1,
            "report": begun,
            "next_pane": self.query_one(TabRow).display,
        }
        return bool(possible.get(action, True)) or None

    def action_next_pane(self) -> None:
        self.query_one(TabRow).action_step(1)

    @on(Listing.Opened)
    def action_open(self) -> None:
        """Open the run under the cursor; in the table compare the runs of the row."""
        if self.focused is self._results_pane.listing:
            self._compare(self._results_pane.row_members)
        elif self.focused is self._studies_list:
            tabs = self.query_one(TabRow)
            tabs.choose(RUNS) if tabs.display else self._runs_pane.listing.focus()
        elif member := self._runs_pane.member:
            self._open(member)

    def _open(self, member: Member) -> None:
        if member.summary is None:
            self.app.notify(f"{member.run.id} has not begun: s starts what is left of the study.", markup=False)
        elif member.state == UNREADABLE:
            self.app.notify(member.summary.message, severity="error", markup=False)
        else:
            self.navigator.open_run(Run(member.run.path))

    def action_compare(self) -> None:
        """Compare the runs of the table's row that the cursor is on, or that the run under it is in."""
        if self.focused is self._results_pane.listing:
            self._compare(self._results_pane.row_members)
        elif (member := self._runs_pane.member) and self._results:
            rows = [[one for cell in row for one in cell] for row in self._results.table.members]
            self._compare(next((row for row in rows if member.number in {one.number for one in row}), []))

    def _compare(self, members: Sequence[Member]) -> None:
        begun = [member for member in members if member.summary and member.summary.spec]
        if len(begun) < 2:
            self._open(begun[0]) if begun else self.app.notify("No run of this row has begun.", markup=False)
            return
        if len(begun) > _MOST_COMPARED:
            self.app.notify(f"The first {_MOST_COMPARED} of the row's {len(begun)} runs are compared.", markup=False)
        self.navigator.compare({letter: Run(one.run.path) for letter, one in zip(ascii_uppercase, begun, strict=False)})

    def action_metric(self) -> None:
        if results := self._results:
            self._choose(metric=next_of(results.metrics, results.table.metric))

    def action_rows(self) -> None:
        """Put the next setting in the rows: all that are left, then each alone."""
        if results := self._results:
            choice = self._choices.get(self._reading.chosen, TableChoice())
            self._choose(rows=next_of(["", *(key for key in results.varying if key != choice.columns)], choice.rows))

    def action_columns(self) -> None:
        """Put the next setting in the columns: the study's own, then each."""
        if results := self._results:
            choice = self._choices.get(self._reading.chosen, TableChoice())
            columns = next_of(["", *results.varying], choice.columns)
            self._choose(columns=columns, rows="" if columns == choice.rows else choice.rows)

    def _choose(self, **values: str) -> None:
        """Show another table."""
        at = self._reading.chosen
        self._choices[at] = self._choices.get(at, TableChoice())._replace(**values)
        self._look_now.set()

    @work(group="start")
    async def action_start(self) -> None:
        if summary := self.chosen:
            self._place = await study_actions.start(self.app, summary.study, self.session.owned_runs, self._place)
            self._look_now.set()

    @work(group="stop", exclusive=True)
    async def action_stop(self) -> None:
        if summary := self.chosen:
            await study_actions.stop(self.app, summary.study, summary.counts.get(QUEUED, 0))
            self._look_now.set()

    @work(group="report")
    async def action_report(self) -> None:
        if summary := self.chosen:
            await study_actions.write_report(self.app, summary.study)
