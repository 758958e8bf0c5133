"""The application: which screen is shown, which runs it started, and how one leaves."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from rich.text import Text
from textual.screen import Screen

from workbench.config.environment import DEBUG, defect
from workbench.runs import launch
from workbench.runs.store import Run, RunError
from workbench.tui.appearance import WIDE, Appearance
from workbench.tui.help.palette import Palette
from workbench.tui.help.screen import Help
from workbench.tui.keys import Place, bindings
from workbench.tui.lab.screen import LabScreen
from workbench.tui.services.owned_runs import OwnedRuns
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.bars import TopBar
from workbench.tui.widgets.leaving import CANCEL, STOP, leave, stop
from workbench.tui.widgets.page import Page


def _poem() -> Screen[None]:
    from workbench.tui.poem.screen import PoemScreen  # the first paint waits for the Lab alone

    return PoemScreen()


def _runs() -> Screen[None]:
    from workbench.tui.runs.screen import RunsScreen

    return RunsScreen()


STYLES = ("base", "lab", "run", "charts", "confusion", "runs", "compare", "poem", "over", "ansi")


class WorkbenchApp(Appearance):
    """A reader of run folders, and a sender of start and stop."""

    CSS_PATH = [f"styles/{name}.tcss" for name in STYLES]  # noqa: RUF012
    TITLE = "Workbench"
    BINDINGS = bindings("everywhere")
    COMMANDS = {Palette}  # noqa: RUF012
    SCREENS = {"lab": LabScreen, "runs": _runs, "poem": _poem}  # noqa: RUF012
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-compact"), (WIDE, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (22, "-medium"), (32, "-tall")]  # noqa: RUF012

    def __init__(
        self, runs_folder: Path, data: Path | None = None, open_run: Run | None = None, *, readonly: bool = False
    ) -> None:
        super().__init__()
        self.runs_folder = runs_folder
        self.data = data
        self.readonly = readonly  # it shows, and acts on no run: for a screen that others see and use
        self.pages: dict[Place, Page] = {}  # the screens that have been shown
        self._first = open_run
        self._open: Screen[None] | None = None  # the Run screen, kept while another one is shown
        self.owned_runs = OwnedRuns()
        self._from: Place = "runs"  # where the Run screen was opened from

    def _fatal_error(self) -> None:
        """An error that nobody foresaw ends the screen with one plain sentence; trainings go on."""
        if os.environ.get(DEBUG) or self._exception is None:
            super()._fatal_error()
        else:
            self.panic(Text(f"workbench: {defect(self._exception)}"))

    async def on_mount(self) -> None:
        with suppress(NotImplementedError, RuntimeError, ValueError):  # where the platform or the thread has none
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)  # and restore the terminal
        self.set_interval(1.0, self._count)
        if self._first:
            await self._open_run(self._first)
        else:
            await self._put("lab")

    @property
    def place(self) -> Place:
        """Which screen is shown, under whatever asks something."""
        return next((screen.place for screen in self.screen_stack if isinstance(screen, Page)), "lab")

    def _count(self) -> None:
        """Say above every screen how many runs are training."""
        training = len(self.owned_runs.live())
        for screen in self.screen_stack[-1:]:
            for bar in screen.query(TopBar):
                bar.training = training

    async def _put(self, screen: Screen[None] | str) -> None:
        """Show a screen in place of the one that is shown, and of any question over it."""
        while self.screen.is_modal:
            await self.pop_screen()
        if self.place in self.SCREENS:  # not one that belongs to the run
            self._from = self.place
        if len(self.screen_stack) > 1:
            await self.switch_screen(screen)
        else:
            await self.push_screen(screen)

    def open_run(self, run: Run) -> None:
        """Watch a run."""
        self.run_worker(self._open_run(run), group="open", exclusive=True)

    async def _open_run(self, run: Run) -> None:
        from workbench.tui.run.screen import RunScreen  # not before it is asked for

        try:
            fresh = RunScreen(run)
        except (RunError, KeyError) as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.owned_runs.add(run)
        old, self._open = self._open, fresh
        self.install_screen(fresh, f"run {id(fresh)}")
        await self._put(fresh)
        if old is not None:
            self.uninstall_screen(old)
            await old.remove()

    async def action_go(self, place: Place) -> None:
        if place == self.place:
            return
        if place in self.SCREENS:
            await self._put(place)
        elif self._open is not None:
            await self._put(self._open)
        else:
            self.notify("No run is open yet: start one in the Lab, or open one from Runs.")

    def enter(self, page: Page) -> None:
        """Show a screen that was made for now: it is gone when another one is shown."""
        self.run_worker(self._put(page), group="open", exclusive=True)

    def back(self) -> None:
        self.run_worker(self.action_go(self._from if self._from in self.SCREENS else "runs"))

    def ask_to_stop(self, run: Run) -> None:
        def answered(answer: str | None) -> None:
            if answer == STOP:
                self._attempt(run.request_stop)

        self.push_screen(stop(run), answered)

    def resume(self, run: Run) -> None:
        """Go on with a run that ended early."""
        self.run_worker(self._resume(run), group="resume")

    async def _resume(self, run: Run) -> None:
        try:
            self.owned_runs.add(run, await run_in_thread(partial(launch.start, run)))
            self.notify(f"{run.id} goes on from its last checkpoint.", markup=False)
        except (RunError, OSError) as error:
            self.notify(str(error), severity="error", markup=False)

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (RunError, OSError) as error:
            self.notify(str(error), severity="error", markup=False)

    def action_help(self) -> None:
        self.push_screen(Help(self.place))

    async def action_quit(self) -> None:
        self.action_leave()

    def action_leave(self) -> None:
        """Leave; ask first what becomes of the runs that are training, where one may decide that here."""
        live = [] if self.readonly else self.owned_runs.live()
        if not live:
            self.exit()
        elif not self.screen.is_modal:
            self.push_screen(leave(live), partial(self._left, live))

    def _left(self, live: list[Run], answer: str | None) -> None:
        if answer in (None, CANCEL):
            return
        for run in live if answer == STOP else []:
            self._attempt(run.request_stop)
        said, verb = ("saves a checkpoint and ends", "resume") if answer == STOP else ("goes on training", "watch")
        lines = [f"{run.id} {said}:\n  workbench {verb} {run.command_name}" for run in live]
        self.exit(message=Text("\n".join(lines), no_wrap=True, overflow="ignore"))
