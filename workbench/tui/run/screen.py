"""One run, live: where it stands, its curves, and what its task has to show."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.events import Resize
from textual.widget import MountError, Widget
from textual.widgets import Static

import tasks
from tasks.views import Confusion, View
from workbench.runs.events import Finished, Step
from workbench.runs.store import Run
from workbench.tui.keys import bindings
from workbench.tui.run import view_panes
from workbench.tui.run.chart import Chart
from workbench.tui.run.charts import Charts
from workbench.tui.run.facts import about
from workbench.tui.run.result import Result, strongest
from workbench.tui.run.scrubber import Moment, MomentLine, stepped
from workbench.tui.services.gauges import Gauges, Load
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.watcher import Look, Seen, Watcher
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.progress import Progress, message
from workbench.tui.widgets.status import live, resumable
from workbench.tui.widgets.table import Passage
from workbench.tui.widgets.tabs import TabRow

CHARTS, RESULT, ABOUT = "charts", "result", "about"
_WIDE, _TALL, _ONE_CHART = 110, 32, 22
_TAKEN_DOWN = (NoMatches, MountError)  # what a screen meets that is left while it waits
_GAUGED = 1.0  # seconds between two looks at the machine


class RunScreen(Page):
    """Follows a run's folder for as long as it is open; when the run ends, what it showed stays."""

    place = "run"
    has_fields = False
    BINDINGS = bindings(place)
    EVERY = 0.25  # seconds between two looks at the run's folder

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.status: Seen = "starting"
        self._watcher = Watcher(run)
        self._gauges, self._gauged = Gauges(), 0.0
        self._load: Load | None = None
        self._settings = tasks.settings(run.spec.task)
        self.looked = asyncio.Event()  # at the run's folder for the first time
        self._panes: dict[str, Widget] = {}
        self._views: dict[str, view_panes.Shown] = {}
        self._changing = asyncio.Lock()  # held while panes come and go
        self._evaluation: int | None = None  # the step of an earlier one that is shown
        self._paused_at: int | None = None  # the step at which the display stands still
        self._wake = asyncio.Event()  # set: look now

    def compose(self) -> ComposeResult:
        described = self.run.spec
        yield TopBar("run")
        yield Progress(self.run, f"{described.task} with {described.cell}", described.data == "starter")
        yield Static(markup=False, id="message")
        yield MomentLine(id="moment")
        with Container(id="body"):
            with Vertical(id="side"):
                yield TabRow("tabs")
                self._panes[ABOUT] = Passage(about(self.run, self._watcher.history), classes="pane")
                yield Container(self._panes[ABOUT], id="views")
                yield Result(self.run, self._settings, id="result")
            yield Charts(self._settings)
        yield BottomBar("run")

    def on_mount(self) -> None:
        self._arrange()
        self._follow()

    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        with suppress(*_TAKEN_DOWN):
            await self._look_again_and_again()

    async def _look_again_and_again(self) -> None:
        """Look, show, wait: the only place where the run's history is read."""
        before: object = None
        while True:
            look = None
            try:
                if self._paused_at is None:
                    look = await run_in_thread(self._glance)
            except OSError as error:
                self._say(f"The run's folder cannot be read: {error.strerror}.")
            if look and look.more:
                self._grow(look)
                before = None
                await asyncio.sleep(0)
                continue
            if look and (look.events or before != (look.status, look.told, self._load)):
                told = any(not isinstance(event, Step) for event in look.events)
                await self._show(look, anew=before is None or told or look.status != self.status)
                before = (look.status, look.told, self._load)
            self.looked.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self.EVERY * (1 if live(self.status) else 4))
            self._wake.clear()

    def _glance(self) -> Look:
        """On a thread: the folder, and every second the machine."""
        look = self._watcher.look()
        if time.monotonic() - self._gauged >= _GAUGED:
            self._gauged = time.monotonic()
            self._load = self._gauges.read(self._watcher.history.started) if live(look.status) else None
        return look

    def _grow(self, look: Look) -> None:
        charts, history = self.query_one(Charts), self._watcher.history
        if look.afresh:
            charts.clear()
        charts.grow(look.events, strongest(history, self._settings))
        self.query_one(Progress).show(look.status, history, self._load)

    async def _show(self, look: Look, *, anew: bool) -> None:
        history = self._watcher.history
        changed, self.status = look.status != self.status, look.status
        if changed:
            self.refresh_bindings()
        self._grow(look)
        text = message(look.status, history, look.log_line, str(self.run.path), look.told)
        self.query_one("#message", Static).update(text)
        self.query_one("#message").display = bool(text)
        if anew:
            self._show_moment()
            await self._show_views()
            self.refresh_bindings()
            passage = self._panes[ABOUT]
            if isinstance(passage, Passage):
                passage.show(about(self.run, history))
            self._arrange()

    def _show_moment(self) -> None:
        """Which evaluation is shown, in words and in the charts; a resumed run may have dropped it."""
        evals = self._watcher.history.evals
        index = next((index for index, found in enumerate(evals) if found.step == self._evaluation), None)
        shown = None if index is None else evals[index]
        self._evaluation = shown.step if shown else None
        moment = Moment(shown, 1 + (index or 0), len(evals), self._paused_at, live(self.status))
        self.query_one(MomentLine).show(moment)
        self.query_one(Charts).mark(self._evaluation)
        self.query_one(Result).show_history(self._watcher.history, shown)
        self.refresh_bindings()

    async def _show_views(self) -> None:
        """What the network wrote, then the views of the test when there are any, else of an evaluation."""
        async with self._changing:
            history, step = self._watcher.history, self._evaluation
            samples = history.samples
            views: Sequence[View] = history.evals[-1].views if history.evals else []
            if step is not None:
                try:
                    views = await run_in_thread(partial(self._watcher.views, step))
                except OSError as error:
                    self._say(f"The evaluation at step {step:,} cannot be read: {error.strerror}.")
                samples = [sample for sample in samples if sample.step <= step]
            elif isinstance(history.ended, Finished) and history.ended.views:
                views = history.ended.views
            await self._show_panes([*view_panes.samples(samples), *views])

    async def _show_panes(self, found: Sequence[view_panes.Shown]) -> None:
        newest = view_panes.named(found, taken=(CHARTS, RESULT, ABOUT))
        for name, shown in newest.items():
            if self._views.get(name) == shown:
                continue
            self._views[name] = shown
            old = self._panes.get(name)
            if old is not None and view_panes.show(old, shown):
                continue
            if old is not None:
                await old.remove()
            self._panes[name] = fresh = view_panes.pane(shown)
            fresh.add_class("pane")
            fresh.display = False
            await self.query_one("#views").mount(fresh)
        if newest:
            for name in self._panes.keys() - newest.keys() - {ABOUT}:
                self._views.pop(name, None)
                await self._panes[name].remove()
            self._panes = {**{name: self._panes[name] for name in newest}, ABOUT: self._panes[ABOUT]}

    def _arrange(self) -> None:
        """Side by side where there is room; one pane at a time where there is not."""
        wide, tall = self.size.width >= _WIDE, self.size.height >= _TALL
        tabs = self.query_one(TabRow)
        charts = {chart.title: chart for chart in self.query_one(Charts).query_children(Chart)}
        alone = list(charts) if self.size.height < _ONE_CHART else [CHARTS]  # low screens show one chart at a time
        names = [*([] if wide else alone), *self._panes, *([] if wide and tall else [RESULT])]
        if ABOUT in names:  # last, as it is read once
            names = [*(name for name in names if name != ABOUT), ABOUT]
        tabs.offer(names)
        chosen = tabs.chosen
        drawn = not wide and chosen in alone
        self.query_one(Charts).display = wide or drawn
        for title, chart in charts.items():
            chart.display = wide or chosen in (title, CHARTS)
        self.query_one("#side").set_class(drawn, "-only-tabs")
        self.query_one("#views").display = chosen in self._panes
        self.query_one("#result").display = (wide and tall) or chosen == RESULT
        self.query_one("#result").set_class(chosen == RESULT, "-whole")
        for name, widget in self._panes.items():
            widget.display = name == chosen

    @on(TabRow.Chosen)
    def _chosen(self) -> None:
        self._arrange()

    def on_resize(self, event: Resize) -> None:
        self._arrange()

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "stop":
                return (live(self.status) and self.status != "stopping") or None
            case "resume":
                return resumable(self.status) or None
            case "fill":
                return any(isinstance(view, Confusion) for view in self._views.values()) or None
            case "scrub":
                return bool(self._watcher.history.evals) or None
            case "newest":
                return self._evaluation is not None or None
            case "pause":
                return live(self.status) or self._paused_at is not None or None
        return True

    def action_next_pane(self) -> None:
        self.query_one(TabRow).action_step(1)

    def action_fill(self) -> None:
        self.navigator.open_confusion(self.run)

    def action_chart(self, change: str) -> None:
        self.query_one(Charts).do(change)

    def action_scrub(self, by: int) -> None:
        """Show an earlier or a later evaluation; after the last one, whatever is newest."""
        history = self._watcher.history
        tested = isinstance(history.ended, Finished) and bool(history.ended.views)
        steps = [found.step for found in history.evals]
        by = by if abs(by) == 1 else by * max(1, len(steps) // 100)
        self._go_to(stepped(steps, self._evaluation, by, live=len(steps) - (not tested)))

    def action_newest(self) -> None:
        self._go_to(None)

    def _go_to(self, evaluation: int | None) -> None:
        self._evaluation = evaluation
        self._show_moment()
        self.run_worker(self._show_other(), group="scrub")

    async def _show_other(self) -> None:
        with suppress(*_TAKEN_DOWN):
            await self._show_views()
            self._arrange()

    def action_pause(self) -> None:
        """Hold the display still, or let it catch up; the training goes on either way."""
        self._paused_at = self._watcher.history.step if self._paused_at is None else None
        self._show_moment()
        self._wake.set()

    def action_stop(self) -> None:
        self.navigator.ask_to_stop(self.run)

    def action_resume(self) -> None:
        self.navigator.resume(self.run)

    def action_back(self) -> None:
        self.navigator.back()

    def _say(self, sentence: str) -> None:
        self.query_one("#message", Static).update(Content.styled(sentence, "$text-error"))
        self.query_one("#message").display = True
