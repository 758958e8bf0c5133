"""Gradient through time of a run, read beside its first one and another run's, which the user chooses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from workbench.tui.run.memory import Measured
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.twins import Twin, candidates, default_twin
from workbench.tui.services.unreadable import UNREADABLE, unreadable
from workbench.tui.services.watcher import Watcher
from workbench.tui.widgets.dialogs import ChoiceDialog
from workbench.tui.widgets.page import Page


class GradientComparison:
    """Reads what the *memory* pane shows.

    Attributes:
        twin: the other run; none: this run's gradients stand alone.
    """

    def __init__(self, watcher: Watcher) -> None:
        self.twin: Twin | None = None
        self._sought = False  # a twin, among the runs beside this one
        self._watcher = watcher

    def read(self, folder: Path, step: int | None) -> Measured:
        """Read the gradients at an evaluation; call it on a thread.

        Args:
            folder: of the runs, where the first twin is sought.
            step: of the evaluation; ``None``: the newest.

        Raises:
            RunError, OSError: they cannot be read.
        """
        probes = self._watcher.history.probes
        first, newest = (probes[0], probes[-1]) if probes else (None, None)
        if first and not self._sought:
            self.twin, self._sought = default_twin(folder, self._watcher.run), True
        twin, shown = self.twin, newest if step is None else self._watcher.probe(step)
        return Measured(shown, first, *((twin.look(), twin.name) if twin else ()))

    async def ask(self, page: Page, changed: Callable[[], object]) -> None:
        """Ask for the other run, on a screen.

        Args:
            changed: called after a choice.
        """
        folder, run = page.session.runs_folder, self._watcher.run
        try:
            others = await run_in_thread(partial(candidates, folder, run))
        except UNREADABLE as error:
            page.app.notify(unreadable(f"The runs in {folder}", error), severity="error", markup=False)
            return
        if not others:
            sentence = f"No other run of {run.spec.task} in {folder} has measured its gradient: train another cell."
            page.app.notify(sentence, markup=False)
            return

        def chosen(number: int | None) -> None:
            if number is not None:
                self.twin = others[number][0] if number < len(others) else None
                changed()

        choices = [*((twin.name, about) for twin, about in others), ("none", "this run alone")]
        page.app.push_screen(ChoiceDialog("Draw the gradient of which run beside it?", choices), chosen)
