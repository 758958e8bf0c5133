"""The contract between the application and its screens: a session's folders and rights, the ways between the screens.

Screens, widgets and the palette know the application by this contract alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from textual.app import App
from textual.screen import Screen

from workbench.config.spec import RunSpec
from workbench.inference.protocol import Inspect
from workbench.runs.run import Run
from workbench.tui.keys import Place
from workbench.tui.services.owned_runs import OwnedRuns


@dataclass(frozen=True)
class Session:
    """Folders and rights of one run of the screen, the same as long as it lasts."""

    runs_folder: Path
    data: Path | None  # the data folder that the user named
    readonly: bool  # the screen starts, stops, deletes and writes nothing: for one that others see and use
    owned_runs: OwnedRuns


@runtime_checkable
class Navigator(Protocol):
    """The application as its screens use it: they neither import it nor one another."""

    session: Session
    pages: dict[Place, Screen[None]]  # the full screens that have been shown

    @property
    def place(self) -> Place:
        """The full screen that is shown, under whatever dialog."""

    @property
    def opened(self) -> Run | None:
        """The run whose screen was opened last."""

    async def action_go(self, place: Place) -> None:
        """Show the screen of a place; return when it is shown."""

    def go(self, place: Place) -> None:
        """Show the screen of a place."""

    def back(self) -> None:
        """Return from the Run or the Inspect screen to the one that it was opened from."""

    def open_run(self, run: Run) -> None:
        """Show a run's screen."""

    def open_confusion(self, run: Run) -> None:
        """Show a run's confusion matrix on a screen of its own."""

    def inspect(self, run: Run, subject: Inspect | None) -> None:
        """Show a run's network on a text or a row, step by step."""

    def compare(self, runs: Mapping[str, Run]) -> None:
        """Show runs, by their letters, side by side."""

    def race(self, described: RunSpec) -> None:
        """Race a run's cell against its twin, with the run's settings."""

    def resume(self, run: Run) -> None:
        """Start a worker that continues a run from its last checkpoint."""

    def branch(self, run: Run) -> None:
        """Ask for the settings of a branch of a run; start it and show its screen."""

    def ask_to_stop(self, run: Run) -> None:
        """Request a run's end, once the user has confirmed it."""


def navigator_of(app: App[object]) -> Navigator:
    """Return the application as a navigator.

    Raises:
        TypeError: it is another application.
    """
    if not isinstance(app, Navigator):
        raise TypeError(f"{type(app).__name__} does not lead from screen to screen.")
    return app
