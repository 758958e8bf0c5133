"""One run, live: where it stands, its curves, and what its task has to show."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Static

import tasks
from tasks.views import Confusion, View
from workbench import words
from workbench.events import Eval, Event, Finished, Step
from workbench.metrics import heading
from workbench.runs import Run
from workbench.tui.aside import aside
from workbench.tui.bindings import bindings
from workbench.tui.catalogue import changed
from workbench.tui.screens.confusion import ConfusionScreen
from workbench.tui.screens.page import Page
from workbench.tui.status import Seen, live, resumable
from workbench.tui.watch import Look, Watcher
from workbench.tui.widgets import panes
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.charts import Chart
from workbench.tui.widgets.curve import Curve, Smoothed
from workbench.tui.widgets.form import written
from workbench.tui.widgets.progress import Progress, message
from workbench.tui.widgets.result import Result, strongest
from workbench.tui.widgets.table import Passage, lay_out
from workbench.tui.widgets.tabs import TabRow

CHARTS, RESULT, ABOUT = "charts", "result", "about"
_WIDE, _TALL, _ONE_CHART = 110, 32, 22


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
        self._settings = tasks.settings(run.spec.task)
        self._raw, self._smooth = Curve("train raw", "primary", faint=True), Smoothed("train", "primary")
        self._val, self._metric = Curve("validation", "accent"), Curve("validation", "accent")
        self.looked = asyncio.Event()  # at the run's folder for the first time
        self._panes: dict[str, Widget] = {}
        self._views: dict[str, panes.Shown] = {}

    def compose(self) -> ComposeResult:
        described = self.run.spec
        yield TopBar("run")
        yield Progress(self.run, f"{described.task} with {described.cell}", described.data == "starter")
        yield Static(markup=False, id="message")
        with Container(id="body"):
            with Vertical(id="side"):
                yield TabRow("tabs")
                yield Container(id="views")
                yield Result(self.run, self._settings, id="result")
            with Vertical(id="charts"):
                yield Chart("loss", [self._raw, self._smooth, self._val], id="loss")
                if self._settings.metric != "loss":
                    metric = self._settings.metric
                    yield Chart(heading(metric), [self._metric], metric=metric, id="metric")
        yield BottomBar("run")

    async def on_mount(self) -> None:
        self._panes[ABOUT] = Passage(self._about(), classes="pane")
        await self.query_one("#views").mount(self._panes[ABOUT])
        self._arrange()
        self._follow()

    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        """Look, show, wait: the only place where the run's history is read."""
        first, told = True, ""
        while True:
            try:
                look = await aside(self._watcher.look)
            except OSError as error:
                self._say(f"The run's folder cannot be read: {error.strerror}.")
            else:
                if not self.query(Progress):  # the screen was taken down meanwhile
                    return
                if first or look.events or look.status != self.status or look.told != told:
                    await self._show(look)
                    first, told = False, look.told
            self.looked.set()
            await asyncio.sleep(self.EVERY)

    async def _show(self, look: Look) -> None:
        history = self._watcher.history
        changed, self.status = look.status != self.status, look.status
        if changed:
            self.refresh_bindings()
        if look.afresh:
            for curve in (self._raw, self._smooth, self._val, self._metric):
                curve.clear()
        self._draw([*history.steps, *history.evals] if look.afresh else look.events)
        self.query_one(Progress).show(look.status, history)
        text = message(look.status, history, look.log_line, str(self.run.path), look.told)
        self.query_one("#message", Static).update(text)
        self.query_one("#message").display = bool(text)
        self.query_one(Result).show_history(history)
        if look.events:
            await self._show_views()
            self.refresh_bindings()
            about = self._panes[ABOUT]
            if isinstance(about, Passage):
                about.show(self._about())
        self._arrange()

    def _draw(self, events: Sequence[Event]) -> None:
        """Let the curves grow by what is new."""
        loss, main = self.query_one("#loss", Chart), self.query("#metric").results(Chart)
        for event in events:
            if isinstance(event, Step):
                self._raw.add(event.step, event.loss)
                self._smooth.add(event.step, event.loss)
            elif isinstance(event, Eval):
                self._val.add(event.step, event.metrics.get("loss"))
                self._metric.add(event.step, event.metrics.get(self._settings.metric))
        if any(isinstance(event, Step | Eval) for event in events):
            loss.changed()
        for chart in main:
            level = strongest(self._watcher.history, self._settings)
            if level != chart.level or any(isinstance(event, Eval) for event in events):
                chart.level = level
                chart.changed()

    async def _show_views(self) -> None:
        """What the network wrote, then the views of the test when there are any, else of the last evaluation."""
        history = self._watcher.history
        views: Sequence[View] = history.evals[-1].views if history.evals else []
        if isinstance(history.ended, Finished) and history.ended.views:
            views = history.ended.views
        newest = panes.named([*panes.samples(history.samples), *views], taken=(CHARTS, RESULT, ABOUT))
        for name, shown in newest.items():
            if self._views.get(name) == shown:
                continue
            self._views[name] = shown
            old = self._panes.get(name)
            if old is not None and panes.show(old, shown):
                continue
            if old is not None:
                await old.remove()
            self._panes[name] = fresh = panes.pane(shown)
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
        charts = {chart.title: chart for chart in self.query_one("#charts").query_children(Chart)}
        alone = list(charts) if self.size.height < _ONE_CHART else [CHARTS]  # low screens show one chart at a time
        names = [*([] if wide else alone), *self._panes, *([] if wide and tall else [RESULT])]
        if ABOUT in names:  # last, as it is read once
            names = [*(name for name in names if name != ABOUT), ABOUT]
        tabs.offer(names)
        chosen = tabs.chosen
        drawn = not wide and chosen in alone
        self.query_one("#charts").display = wide or drawn
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

    def able(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":
            return (live(self.status) and self.status != "stopping") or None
        if action == "resume":
            return resumable(self.status) or None
        if action == "fill":
            return any(isinstance(view, Confusion) for view in self._views.values()) or None
        return True

    def action_next_pane(self) -> None:
        self.query_one(TabRow).action_step(1)

    def action_fill(self) -> None:
        self.workbench.enter(ConfusionScreen(self.run))

    def action_stop(self) -> None:
        self.workbench.ask_to_stop(self.run)

    def action_resume(self) -> None:
        self.workbench.resume(self.run)

    def action_back(self) -> None:
        self.workbench.back()

    def _say(self, sentence: str) -> None:
        self.query_one("#message", Static).update(Content.styled(sentence, "$text-error"))
        self.query_one("#message").display = True

    def _about(self) -> Content:
        """What does not change while it trains: the description, the machine, the notes."""
        described, history = self.run.spec, self._watcher.history
        rows: list[tuple[str, str]] = [("run", self.run.id), ("folder", str(self.run.path))]
        rows.append(("data", "starter (small)" if described.data == "starter" else described.data_dir or "full"))
        if started := history.started:
            rows += [
                ("device", f"{started.device}, {started.precision}"),
                ("host", f"{started.host}, process {started.pid}"),
                ("parameters", f"{started.parameters:,}"),
                ("training rows", f"{started.train_size:,}"),
                ("steps an epoch", f"{started.steps_per_epoch:,}"),
                ("versions", ", ".join(f"{k} {v}" for k, v in started.versions.items())),
            ]
        if history.checkpoint:
            rows.append(("checkpoint", f"step {history.checkpoint.step:,}"))
        rows += [(key, written(value)) for key, value in changed(described).items()]
        parts: list[Content | str | tuple[str, str]] = [lay_out(["", ""], rows)]
        if history.started:
            protocol = [history.started.protocol] if history.started.protocol else []
            parts += [f"\n\n{note}" for note in [*protocol, *history.started.notes]]
        parts += [(f"\n\nStep {a.step:,}: {a.message}", "$text-warning") for a in history.alarms[-20:]]
        if isinstance(history.ended, Finished):
            parts.append(f"\n\nFinished after {words.duration(history.ended.wall_s)}: {history.ended.reason}")
        return Content.assemble(*parts)
