"""Screen of one run, live: progress, curves, and the views of its task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Static

from tasks.base import Settings
from tasks.views import Confusion, Series, View
from workbench.inference.protocol import Inspect
from workbench.runs import lineage
from workbench.runs.events import Finished, Step
from workbench.runs.folder import RunError
from workbench.runs.history import History
from workbench.runs.job import Job
from workbench.runs.job_words import job_words
from workbench.runs.lineage import Relative
from workbench.runs.run import Run
from workbench.tui.keys import Place, bindings
from workbench.tui.run.about import about_text, metadata_of
from workbench.tui.run.chart_panel import ChartPanel
from workbench.tui.run.comparison import GradientComparison
from workbench.tui.run.family import FamilyLine, pick_relative
from workbench.tui.run.memory import MemoryPane
from workbench.tui.run.result import ResultTable
from workbench.tui.run.scrubber import Scrubber, scrubber_state, target_evaluation
from workbench.tui.run.tab_names import ABOUT, CHARTS, MEMORY, OWN_TABS, RESULT, room_of
from workbench.tui.run.view_panes import ViewPanes, pane_names, sample_views
from workbench.tui.services.cluster_jobs import ask_clusters
from workbench.tui.services.gauges import Gauges, Load
from workbench.tui.services.polling import TAKEN_DOWN, poll
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.unreadable import UNREADABLE, unreadable
from workbench.tui.services.watcher import Look, Seen, Watcher
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.chart import Chart
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.progress import Progress, message
from workbench.tui.widgets.static_text import StaticText
from workbench.tui.widgets.status import live, resumable
from workbench.tui.widgets.table import Passage
from workbench.tui.widgets.tabs import TabRow

_GAUGED = 1.0  # seconds between two looks at the machine


class RunScreen(Page):
    """Follows a run's folder for as long as it is open; when the run ends, what it showed stays."""

    place: ClassVar[Place] = "run"
    has_fields = False
    BINDINGS = bindings("run")
    EVERY = 1.0  # seconds between two looks at the run's folder

    def __init__(self, run: Run, watcher: Watcher | None = None) -> None:
        super().__init__()
        self.run = run
        self.status: Seen = "starting"
        self._watcher = watcher or Watcher(run)
        self._family: list[Relative] = []
        self._gauges, self._gauged = Gauges(), 0.0
        self._load: Load | None = None
        self._settings: Settings = run.spec.settings
        self.looked = asyncio.Event()  # at the run's folder for the first time
        self._changing = asyncio.Lock()  # held while panes come and go
        self._evaluation: int | None = None  # the step of an earlier one that is shown
        self._paused_at: int | None = None  # the step at which the display stands still
        self._comparison = GradientComparison(self._watcher)
        self._wake = asyncio.Event()  # set: look now
        self._message: Content | None = None
        self._job: Job | None = None  # of the cluster that has or had it
        self._before: object = None  # status, text and load that are shown

    def compose(self) -> ComposeResult:
        described = self.run.spec
        yield TopBar("run")
        yield Progress(self.run, self.title_of_run, described.data == "starter")
        yield StaticText(id="message")
        yield from self.lines()
        with Container(id="body"):
            with Vertical(id="side"):
                yield TabRow("tabs")
                self._about = Passage(about_text(self.run, self._watcher.history))
                yield ViewPanes((MEMORY, MemoryPane()), (ABOUT, self._about), id="views")
                yield ResultTable(self.run, self._settings, id="result")
            yield ChartPanel(self._settings)
        yield BottomBar(self.place)

    def lines(self) -> Iterable[Widget]:
        """Yield the lines between the run's message and its panes, each hidden while it says nothing."""
        yield Scrubber(id="scrubber")
        yield FamilyLine()

    @property
    def title_of_run(self) -> str:
        """Task and cell in words."""
        return f"{self.run.spec.task} with {self.run.spec.cell}"

    def on_mount(self) -> None:
        self._arrange()
        self._follow()
        self.run_worker(ask_clusters(self._live_job, readonly=self.session.readonly), group="jobs")

    def on_screen_resume(self) -> None:
        self.query_one(Progress).label = metadata_of(self.run).label  # it may have been given a name meanwhile
        self._find_family()

    @work(exclusive=True, group="family")
    async def _find_family(self) -> None:
        """Show the runs that this one was branched from, and those that were branched meanwhile."""
        with suppress(*UNREADABLE, *TAKEN_DOWN):
            self._family = await run_in_thread(partial(lineage.family, self.run))
            self.query_one(FamilyLine).show(self._family)
            self.refresh_bindings()

    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        """Follow the run: the only place where its history is read."""
        with suppress(*UNREADABLE, *TAKEN_DOWN):
            if self.run.spec.parent is not None:
                self.query_one(ChartPanel).inherit(await run_in_thread(partial(lineage.inherited, self.run)))
            if latest := await run_in_thread(self._watcher.latest):
                self._show_latest(*latest)
        await poll(self._look, self._show_look, self._unreadable, self._interval, self._wake)

    def _show_latest(self, status: Seen, history: History) -> None:
        """Show how a long run stands while its curves are still being read."""
        self.query_one(Progress).show(status, history)
        self._show_message(message(status, history, "", str(self.run.path)))

    def _live_job(self) -> list[Run]:
        """Return the run as long as a cluster may have it."""
        return [self.run] if self.is_current and self._job and self._job.live else []

    def _interval(self) -> float | None:
        """Seconds between two looks; none while the display stands still."""
        if self._paused_at is not None:
            return None
        return self.EVERY * (1 if live(self.status) else 4)

    async def _show_look(self, look: Look) -> bool:
        """Show what is new; return whether there is more to read at once."""
        if look.more:
            self._grow(look)
            self._before = None
            return True
        now = look.status, look.report, self._load, job_words(look.status, look.job)
        if look.events or self._before != now:
            has_news = any(not isinstance(event, Step) for event in look.events)
            await self._show(look, anew=self._before is None or has_news or look.status != self.status)
            self._before = now
        if not self.looked.is_set():  # a long run was read in pieces
            self.query_one(ChartPanel).draw_now()
            self.looked.set()
        return False

    def _unreadable(self, error: OSError | RunError) -> None:
        self._say(unreadable("The run's folder", error))
        self.looked.set()

    def _look(self) -> Look:
        """Read the folder, and every second the load of the machine; called on a thread."""
        look = self._watcher.look()
        if time.monotonic() - self._gauged >= _GAUGED:
            self._gauged = time.monotonic()
            self._load = self._gauges.read(self._watcher.history.started) if live(look.status) else None
        return look

    def _grow(self, look: Look) -> None:
        charts = self.query_one(ChartPanel)
        if look.restarted:
            charts.clear()
        charts.add_events(look.events, self._watcher.history)

    async def _show(self, look: Look, *, anew: bool) -> None:
        history = self._watcher.history
        changed, self.status, self._job = look.status != self.status, look.status, look.job
        if changed:
            self.refresh_bindings()
        self._grow(look)
        self.query_one(Progress).show(look.status, history, self._load)
        text = message(look.status, history, look.log_line, str(self.run.path), look.report, look.job)
        self._show_message(text)
        if anew:
            self._show_evaluation()
            await self._show_views()
            self.refresh_bindings()
            self._arrange()

    def _show_message(self, text: Content) -> None:
        if text != self._message:  # an update lays the whole screen out anew
            self._message = text
            self.query_one("#message", Static).update(text)
            self.query_one("#message").display = bool(text)

    def _show_evaluation(self) -> None:
        """Tell which evaluation is shown, in words and in the charts; a resumed run may have dropped it."""
        evals = self._watcher.history.evals
        state = scrubber_state(evals, self._evaluation, self._paused_at, live=live(self.status))
        shown = state.shown
        self._evaluation = shown.step if shown else None
        self.query_one(Scrubber).show(state)
        self.query_one(ChartPanel).mark(self._evaluation)
        self.query_one(ResultTable).show_history(self._watcher.history, shown)
        self.refresh_bindings()

    async def _show_views(self) -> None:
        """Show the samples, then the views of the test where there are any, else of an evaluation."""
        async with self._changing:
            history, step = self._watcher.history, self._evaluation
            samples = history.samples
            views: Sequence[View] = history.evals[-1].views if history.evals else []
            if step is not None:
                try:
                    views = await run_in_thread(partial(self._watcher.views, step))
                except UNREADABLE as error:
                    self._say(unreadable(f"The evaluation at step {step:,}", error))
                samples = [sample for sample in samples if sample.step <= step]
            elif isinstance(history.ended, Finished) and history.ended.views:
                views = history.ended.views
            newest = pane_names([*sample_views(samples), *views], taken=OWN_TABS)
            await self.query_one(ViewPanes).update_views(newest)

    def _arrange(self) -> None:
        """Side by side where there is room; one pane at a time where there is not."""
        room = room_of(self.size)
        tabs, panes = self.query_one(TabRow), self.query_one(ViewPanes)
        charts = {chart.title: chart for chart in self.query_one(ChartPanel).charts}
        tabs.offer(room.tabs([*charts], panes.names, evaluated=bool(self._watcher.history.evals)))
        chosen = tabs.chosen
        drawn = not room.wide and chosen in room.chart_tabs([*charts])
        self.query_one(ChartPanel).display = room.wide or drawn
        for title, chart in charts.items():
            chart.display = room.wide or chosen in (title, CHARTS)
        self.query_one("#side").set_class(drawn, "-only-tabs")
        self.query_one("#result").display = room.shows_result or chosen == RESULT
        self.query_one("#result").set_class(chosen == RESULT, "-whole")
        if chosen == ABOUT:
            self._about.show(about_text(self.run, self._watcher.history))
        if chosen == MEMORY:
            self._show_memory()
        panes.show_only(chosen)

    @on(TabRow.Chosen)
    def _chosen(self) -> None:
        self._arrange()
        self.refresh_bindings()

    @work(exclusive=True, group="memory")
    async def _show_memory(self) -> None:
        """Show the gradient through time at the shown evaluation, beside the first one and the twin's."""
        with suppress(*TAKEN_DOWN):
            step = self._evaluation
            try:
                measured = await run_in_thread(partial(self._comparison.read, self.session.runs_folder, step))
            except UNREADABLE as error:
                self._say(unreadable("The gradient through time", error))
                return
            self.query_one(MemoryPane).show(measured, scrubbed=step is not None)
            self.refresh_bindings()

    def on_resize(self, event: Resize) -> None:
        self._arrange()

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "inspect":
                return self.run.best_file.exists() or None
            case "stop":
                return (live(self.status) and self.status != "stopping") or None
            case "resume":
                return resumable(self.status) or None
            case "fill":
                return any(isinstance(view, Confusion) for view in self.query_one(ViewPanes).views.values()) or None
            case "scrub":
                return bool(self._watcher.history.evals) or None
            case "state":
                return (self._remembers and self.query_one(MemoryPane).has_choice) or None
            case "twin":
                return (self._remembers and bool(self._watcher.history.probes)) or None
            case "metric":
                return bool(self.query_one(ChartPanel).metrics) or None
            case "picture":
                return not self._watcher.history.empty or None
            case "newest":
                return self._evaluation is not None or None
            case "family":
                return len(self._family) > 1 or None
            case "branch":
                return not self._watcher.history.empty or None
            case "pause":
                return live(self.status) or self._paused_at is not None or None
        return True

    def action_next_pane(self) -> None:
        self.query_one(TabRow).action_step(1)

    @property
    def _remembers(self) -> bool:
        """True while the memory pane is shown."""
        return self.query_one(TabRow).chosen == MEMORY

    def action_state(self) -> None:
        """Show the gradient of the next layer, direction or part of the state."""
        self.query_one(MemoryPane).next_curve()

    @work(exclusive=True, group="twin")
    async def action_twin(self) -> None:
        """Ask for the run whose gradient stands beside this one's."""
        await self._comparison.ask(self, self._show_memory)

    def action_fill(self) -> None:
        self.navigator.open_confusion(self.run)

    def action_inspect(self) -> None:
        """Look inside the network on the row that a view shows, such as a forecast's window, else on the first one."""
        views = self.query_one(ViewPanes).views.values()
        shown = (view for view in views if isinstance(view, Series) and view.place is not None)
        subject = next((Inspect(split=view.split or "test", place=view.place) for view in shown), None)
        self.navigator.inspect(self.run, subject)

    def action_chart(self, change: str) -> None:
        """Change the view of the charts by one of ``VIEW_ACTIONS``."""
        self.query_one(ChartPanel).change_view(change)

    def action_metric(self) -> None:
        """Draw the next metric beside the loss."""
        charts, tabs = self.query_one(ChartPanel), self.query_one(TabRow)
        before = charts.query_one("#metric", Chart).title
        charts.next_metric(self._watcher.history)
        tabs.rename(before, charts.query_one("#metric", Chart).title)
        self._arrange()

    def action_scrub(self, by: int) -> None:
        """Show an earlier or a later evaluation; after the last one, the newest as they come."""
        history = self._watcher.history
        has_test = isinstance(history.ended, Finished) and bool(history.ended.views)
        steps = [event.step for event in history.evals]
        by = by if abs(by) == 1 else by * max(1, len(steps) // 100)
        self._go_to(target_evaluation(steps, self._evaluation, by, live=len(steps) - (not has_test)))

    def action_newest(self) -> None:
        self._go_to(None)

    def _go_to(self, evaluation: int | None) -> None:
        self._evaluation = evaluation
        self._show_evaluation()
        self.run_worker(self._show_other(), group="scrub")

    async def _show_other(self) -> None:
        with suppress(*TAKEN_DOWN):
            await self._show_views()
            self._arrange()

    def action_pause(self) -> None:
        """Hold the display still, or let it catch up; the training goes on either way."""
        self._paused_at = self._watcher.history.step if self._paused_at is None else None
        self._show_evaluation()
        self._wake.set()

    def action_picture(self) -> None:
        if self._remembers:
            twin = self._comparison.twin
            self.write_picture([self.run, *([twin.run] if twin else [])], "gradients")
            return
        metric = self.query_one(ChartPanel).metric
        chosen = metric not in ("", self._settings.metric)
        self.write_picture([self.run], "curves", *(("--metric", metric) if chosen else ()))

    def action_stop(self) -> None:
        self.navigator.ask_to_stop(self.run)

    def action_resume(self) -> None:
        self.navigator.resume(self.run)

    def action_branch(self) -> None:
        """Ask for the settings of a branch of this run, and start it."""
        self.navigator.branch(self.run)

    def action_family(self) -> None:
        """Show the tree of the run's family, and open the run that is chosen in it."""
        pick_relative(self, self._family)

    def action_back(self) -> None:
        self.navigator.back()

    def _say(self, sentence: str) -> None:
        self._show_message(Content.styled(sentence, "$text-error"))
