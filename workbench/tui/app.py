"""The application: the screen that is shown, the runs that it started, and leaving."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text
from textual.driver import Driver
from textual.screen import Screen

from tasks.base import PlainError
from workbench.config.environment import DEBUG, unexpected
from workbench.config.spec import RunSpec
from workbench.executors import jobs
from workbench.inference.protocol import Inspect
from workbench.runs import launch, store
from workbench.runs.run import Run
from workbench.tui.appearance import COMPACT, MEDIUM, TALL, WIDE, Appearance
from workbench.tui.help.palette import Palette
from workbench.tui.help.screen import Help
from workbench.tui.keys import Place, bindings
from workbench.tui.lab.screen import LabScreen
from workbench.tui.services.owned_runs import OwnedRuns
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.unreadable import UNREADABLE, unreadable
from workbench.tui.session import Session
from workbench.tui.terminal import TerminalDriver
from workbench.tui.widgets.bars import TopBar
from workbench.tui.widgets.dialogs import CANCEL, STOP, leave, stop
from workbench.tui.widgets.messages import Messages
from workbench.tui.widgets.page import Page

if TYPE_CHECKING:
    from workbench.tui.widgets.branch_dialog import Branched


def _poem() -> Screen[None]:
    from workbench.tui.poem.screen import PoemScreen  # the first paint waits for the Lab alone

    return PoemScreen()


def _runs() -> Screen[None]:
    from workbench.tui.runs.screen import RunsScreen

    return RunsScreen()


def _studies() -> Screen[None]:
    from workbench.tui.studies.screen import StudiesScreen

    return StudiesScreen()


def _inspect() -> Screen[None]:
    from workbench.tui.inspect.screen import InspectScreen

    return InspectScreen()


_FIRST = ("base", "lab")  # style sheets that the first paint needs, with the last
_PAGES = ("run", "charts", "confusion", "runs", "compare", "studies", "poem", "inspect", "race")
_LAST = ("over", "ansi")
_SOON = 0.3  # seconds after which the other pages' style sheets are read, unless one of them is shown before


def _sheets(*names: str) -> list[Path]:
    return [Path(__file__).with_name("styles") / f"{name}.tcss" for name in names]


class WorkbenchApp(Messages, Appearance):
    """Reader of run folders, and sender of start and stop: the ``Navigator`` of its screens."""

    CSS_PATH = [*_sheets(*_FIRST, *_LAST)]  # noqa: RUF012
    TITLE = "Workbench"
    BINDINGS = bindings("everywhere")
    COMMANDS = {Palette}  # noqa: RUF012
    SCREENS = {  # noqa: RUF012
        "lab": LabScreen,
        "runs": _runs,
        "studies": _studies,
        "poem": _poem,
        "inspect": _inspect,
    }
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (COMPACT, "-compact"), (WIDE, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (MEDIUM, "-medium"), (TALL, "-tall")]  # noqa: RUF012

    def __init__(
        self,
        runs_folder: Path,
        data: Path | None = None,
        open_run: Run | None = None,
        *,
        readonly: bool = False,
        replay: float = 0.0,
    ) -> None:
        super().__init__()
        self.session = Session(runs_folder, data, readonly, OwnedRuns())
        self.pages: dict[Place, Screen[None]] = {}
        self._first = open_run
        self._replay = replay  # speed at which the first run is shown again; 0: it is shown as it stands
        self._open: Screen[None] | None = None  # the Run screen, kept while another one is shown
        self._origin: Place = "runs"  # the place from which the Run screen was opened
        self._inspected_from: Place = "run"  # the place from which the Inspect screen was opened
        self._moving = asyncio.Lock()  # held while screens change: a change that is broken off leaves half a screen

    def get_driver_class(self) -> type[Driver]:
        """Return the program's own driver in place of Textual's for terminals."""
        chosen = super().get_driver_class()
        return TerminalDriver if issubclass(TerminalDriver, chosen) else chosen

    def _fatal_error(self) -> None:
        """End the screen with one plain sentence after an unexpected error; trainings go on."""
        if os.environ.get(DEBUG) or self._exception is None:
            super()._fatal_error()
        else:
            self.panic(Text(f"workbench: {unexpected(self._exception)}"))

    async def on_mount(self) -> None:
        self.set_interval(1.0, self._count_live_runs)
        if self._first:
            await self._open_run(self._first, self._replay)
        else:
            await self._put("lab")
            self.set_timer(_SOON, self.read_styles)

    def read_styles(self) -> None:
        """Read the style sheets of the other pages, once; those that have the last word stay the last."""
        sheet = self.stylesheet
        if any(sheet.has_source(str(path)) for path in _sheets(*_PAGES)):
            return
        last = _sheets(*_LAST)
        for path in last:
            del sheet.source[str(path), ""]
        sheet.read_all([*_sheets(*_PAGES), *last])
        sheet.parse()  # of what is known already nothing anew

    @property
    def place(self) -> Place:
        """The full screen that is shown, under whatever dialog."""
        return next((screen.place for screen in self.screen_stack if isinstance(screen, Page)), "lab")

    def _count_live_runs(self) -> None:
        """Show in the top bar how many runs are training."""
        training = len(self.session.owned_runs.live())
        for screen in self.screen_stack[-1:]:
            for bar in screen.query(TopBar):
                bar.training = training

    async def _put(self, screen: Screen[None] | str) -> None:
        """Show a screen in place of the one that is shown, and of any dialog over it."""
        while self.screen.is_modal:
            await self.pop_screen()
        if screen != "lab":
            self.read_styles()
        if screen == "inspect":
            self._inspected_from = self.place
        elif self.place in self.SCREENS and self.place != "inspect":  # not one that belongs to the run
            self._origin = self.place
        if len(self.screen_stack) > 1:
            await self.switch_screen(screen)
        else:
            await self.push_screen(screen)

    def open_run(self, run: Run) -> None:
        """Show a run's screen."""
        self.run_worker(self._open_run(run), group="open")

    async def _open_run(self, run: Run, replay: float = 0.0) -> None:
        from workbench.tui.run.replay.screen import ReplayScreen  # its imports are not needed for the first paint
        from workbench.tui.run.screen import RunScreen

        try:
            screen = ReplayScreen(run, replay) if replay else RunScreen(run)
        except (*UNREADABLE, KeyError) as error:
            self._report(error)
            if len(self.screen_stack) == 1:  # the program was to begin with it
                await self._put("runs")
            return
        if not replay:
            self.session.owned_runs.add(run)
        async with self._moving:
            old, self._open = self._open, screen
            self.install_screen(screen, f"run {id(screen)}")
            await self._put(screen)
            if old is not None:
                self.uninstall_screen(old)
                await old.remove()

    def open_confusion(self, run: Run) -> None:
        """Show a run's confusion matrix on a screen of its own."""
        from workbench.tui.confusion.screen import ConfusionScreen

        self.run_worker(self._enter(ConfusionScreen(run)), group="open")

    @property
    def opened(self) -> Run | None:
        """The run whose screen was opened last."""
        from workbench.tui.run.screen import RunScreen

        return self._open.run if isinstance(self._open, RunScreen) else None

    def inspect(self, run: Run, subject: Inspect | None) -> None:
        """Show a run's network on a text or a row, step by step."""
        self.run_worker(self._inspect(run, subject), group="open")

    async def _inspect(self, run: Run, subject: Inspect | None) -> None:
        from workbench.tui.inspect.screen import InspectScreen

        async with self._moving:
            if self.place != "inspect":
                await self._put("inspect")
            for screen in self.screen_stack:
                if isinstance(screen, InspectScreen):
                    screen.inspect(run, subject)

    def compare(self, runs: Mapping[str, Run]) -> None:
        """Show runs, by their letters, side by side."""
        from workbench.tui.compare.screen import CompareScreen

        self.run_worker(self._enter(CompareScreen(runs)), group="open")

    def race(self, described: RunSpec) -> None:
        """Race a run's cell against its twin, with the run's settings."""
        from workbench.tui.race.screen import RaceScreen

        self.run_worker(self._enter(RaceScreen(described)), group="open")

    async def _enter(self, page: Page) -> None:
        """Show a screen that is removed when another one is shown."""
        async with self._moving:
            await self._put(page)

    async def action_go(self, place: Place) -> None:
        """Show the screen of a place; return when it is shown."""
        async with self._moving:
            if place == self.place:
                return
            if place in self.SCREENS:
                await self._put(place)
            elif self._open is not None:
                await self._put(self._open)
            elif run := await run_in_thread(self._live_run):
                self.open_run(run)
            else:
                self.notify("No run is open yet: start one in the Lab, or open one from Runs.")

    def _live_run(self) -> Run | None:
        """Return the newest run of the folder that is training, whoever started it."""
        with suppress(*UNREADABLE):
            return next((run for run in store.listing(self.session.runs_folder) if run.trains()), None)
        return None

    def go(self, place: Place) -> None:
        """Show the screen of a place."""
        self.run_worker(self.action_go(place))

    def back(self) -> None:
        """Return from the Run or the Inspect screen to the one that it was opened from."""
        if self.place == "inspect":
            self.go(self._inspected_from if self._inspected_from in self.SCREENS else "run")
            return
        self.go(self._origin if self._origin in self.SCREENS else "runs")

    def ask_to_stop(self, run: Run) -> None:
        """Request a run's end, once the user has confirmed it."""

        def act_on(answer: str | None) -> None:
            if answer == STOP:
                self.run_worker(self._request_stop(run), group="stop")

        self.push_screen(stop(run), act_on)

    async def _request_stop(self, run: Run) -> None:
        """Request a run's end, on a thread: a cluster may take its time to answer."""
        try:
            await run_in_thread(partial(jobs.request_stop, run))
        except (OSError, PlainError) as error:
            self._report(error)

    def resume(self, run: Run) -> None:
        """Start a worker that continues a run from its last checkpoint."""
        self.run_worker(self._resume(run), group="resume")

    async def _resume(self, run: Run) -> None:
        try:
            self.session.owned_runs.add(run, await run_in_thread(partial(launch.start, run)))
            self.notify(f"{run.id} goes on from its last checkpoint.", markup=False)
        except UNREADABLE as error:
            self._report(error)

    def branch(self, run: Run) -> None:
        """Ask for the settings of a branch of a run; start it and show its screen."""
        from workbench.tui.widgets.branch_dialog import BranchDialog  # not needed for the first paint

        def show(branched: Branched | None) -> None:
            if branched is not None:
                self.session.owned_runs.add(branched.run, branched.worker)
                self.open_run(branched.run)

        self.push_screen(BranchDialog(run, self.session.runs_folder), show)

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (OSError, PlainError) as error:
            self._report(error)

    def _report(self, error: Exception) -> None:
        sentence = unreadable(error.filename or "The run", error) if isinstance(error, OSError) else str(error)
        self.notify(sentence, severity="error", markup=False)

    def action_help(self) -> None:
        self.push_screen(Help(self.place, readonly=self.session.readonly))

    async def action_quit(self) -> None:
        self.action_leave()

    def action_leave(self) -> None:
        """Leave; ask first about the runs that are training, unless the screen is read-only."""
        live = [] if self.session.readonly else self.session.owned_runs.live_here()
        if not live:
            self.exit()
        elif not self.screen.is_modal:
            self.push_screen(leave(live), partial(self._leave, live))

    def _leave(self, live: list[Run], answer: str | None) -> None:
        if answer in (None, CANCEL):
            return
        for run in live if answer == STOP else []:
            self._attempt(partial(jobs.request_stop, run))
        outcome, verb = ("saves a checkpoint and ends", "resume") if answer == STOP else ("goes on training", "watch")
        lines = [f"{run.id} {outcome}:\n  workbench {verb} {run.command_name}" for run in live]
        self.exit(message=Text("\n".join(lines), no_wrap=True, overflow="ignore"))
