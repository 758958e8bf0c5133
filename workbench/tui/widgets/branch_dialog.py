"""Dialog that branches a run: the checkpoint to begin with, and the settings to change."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import ClassVar, NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from workbench.config.spec import RunSpec, SpecError
from workbench.render.text import printable
from workbench.runs import branches, launch
from workbench.runs.checkpoints import BEST, LAST
from workbench.runs.run import Run
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.unreadable import UNREADABLE, unreadable
from workbench.tui.widgets.dialogs import Dialog


class Branched(NamedTuple):
    """A branch that was begun, and its worker."""

    run: Run
    worker: Popen[bytes]


class BranchDialog(Dialog[Branched | None]):
    """Begins a branch of a run and starts its worker; ``None``: nothing was begun."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False),
        Binding("ctrl+s", "begin", show=False, priority=True),
    ]
    AUTO_FOCUS = "#changes"

    def __init__(self, run: Run, folder: Path) -> None:
        super().__init__()
        self._run = run
        self._folder = folder
        self._beginning = False

    def compose(self) -> ComposeResult:
        steps = ", ".join([BEST, LAST, *map(str, self._run.kept_steps)])
        with Vertical(id="dialog") as dialog:
            dialog.border_title = f"branch {printable(self._run.id)}"
            dialog.border_subtitle = "Enter or ^s starts, Esc: not"
            yield Static(f"begin with ({steps})", markup=False, classes="label")
            yield Input(LAST, compact=True, id="at")
            yield Static("settings to change", classes="label")
            yield Input(placeholder="train.lr=0.0003 train.epochs=30", compact=True, id="changes")
            yield Static(markup=False, id="answer")

    def on_mount(self) -> None:
        self._check()

    @on(Input.Changed)
    def _changed(self) -> None:
        self._check()

    @work(exclusive=True, group="check")
    async def _check(self) -> None:
        """Show what would be begun, or why nothing can be."""
        try:
            described = await run_in_thread(partial(branches.describe, self._run, *self._wanted(), self._folder))
        except (SpecError, *UNREADABLE) as error:
            self._refuse(error)
        else:
            self._say(_told(described), "$foreground-muted")

    def _wanted(self) -> tuple[str, dict[str, str]]:
        """Return the checkpoint and the settings as typed.

        Raises:
            SpecError: a setting has no ``=``, or a quotation mark is not closed.
        """
        try:
            pairs = [word.partition("=") for word in shlex.split(self.query_one("#changes", Input).value)]
        except ValueError:
            raise SpecError("A quotation mark is not closed.") from None
        if lone := next((key for key, sign, _ in pairs if not sign), None):
            raise SpecError(f"{lone} has no value: write KEY=VALUE.")
        return self.query_one("#at", Input).value.strip(), {key: value for key, _, value in pairs}

    @on(Input.Submitted)
    def action_begin(self) -> None:
        if not self._beginning:
            self._beginning = True
            self._begin()

    @work(exclusive=True, group="begin")
    async def _begin(self) -> None:
        def begin(at: str, values: dict[str, str]) -> Branched:
            run = branches.begin(self._run, at, values, self._folder)
            return Branched(run, launch.start(run))

        try:
            self.dismiss(await run_in_thread(partial(begin, *self._wanted())))
        except (SpecError, *UNREADABLE) as error:
            self._refuse(error)
        finally:
            self._beginning = False

    def _refuse(self, error: Exception) -> None:
        sentence = unreadable("The run's folder", error) if isinstance(error, OSError) else str(error)
        self._say(sentence, "$text-warning")

    def _say(self, sentence: str, style: str) -> None:
        self.query_one("#answer", Static).update(Content.styled(printable(sentence), style))

    def action_close(self) -> None:
        self.dismiss(None)


def _told(described: RunSpec) -> str:
    assert described.parent is not None
    changed = ", ".join(described.parent.before) or "nothing"
    only = ", the weights alone" * described.parent.weights_only
    return f"From step {described.parent.step:,}{only}; changed: {changed}."
