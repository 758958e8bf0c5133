"""Dialog of the data that a training would read, before one is started."""

from __future__ import annotations

import threading
from typing import ClassVar, NamedTuple

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from tasks.preview import Preview
from workbench.render import preview as rendered
from workbench.render.text import printable
from workbench.tui.services.data_preview import PreviewError, PreviewProcess
from workbench.tui.services.polling import TAKEN_DOWN
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.dialogs import Dialog
from workbench.tui.widgets.table import Passage

_STYLES: dict[rendered.Role, str] = {
    "": "",
    "head": "bold $text-primary",
    "muted": "$foreground-muted",
    "bar": "$primary",
    "good": "$text-success",
    "warning": "$text-warning",
}


class Seen(NamedTuple):
    """Result of a look at the data, if they could be read, and the wish to start a training with them."""

    preview: Preview | None
    start: bool


class PreviewDialog(Dialog[Seen]):
    """Reads the data in a child process and shows what it found.

    Args:
        process: the reading, not begun yet.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,p,f12,q", "close", show=False),
        Binding("s,f5", "start", show=False),
    ]
    AUTO_FOCUS = "Passage"
    EVERY = 0.5  # seconds between two looks at what the child tells

    def __init__(self, task: str, process: PreviewProcess, *, can_start: bool) -> None:
        super().__init__()
        self._task_name, self._process, self._can_start = task, process, can_start
        self._found: Preview | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = f"data of {printable(self._task_name)}"
            dialog.border_subtitle = "Esc: give up"
            yield Passage(Content.styled("reading …", "$text-warning"), id="previewed")

    def on_mount(self) -> None:
        self._clock = self.set_interval(self.EVERY, self._tell)
        self._read()

    def on_unmount(self) -> None:
        threading.Thread(target=self._process.close, daemon=True).start()

    @work
    async def _read(self) -> None:
        try:
            self._found = await run_in_thread(self._process.read)
        except PreviewError as error:
            self._finish(Content.styled(printable(str(error)), "$text-error"))
        else:
            self._finish(None)

    def _finish(self, failure: Content | None) -> None:
        """Show what was found, or why nothing was."""
        try:
            dialog, passage = self.query_one("#dialog"), self.query_one(Passage)
        except TAKEN_DOWN:
            return
        self._clock.stop()
        starts = self._found is not None and self._can_start
        dialog.border_subtitle = f"{'s starts a training · ' * starts}Esc closes"
        passage.show(self._drawn if failure is None else failure)

    def _tell(self) -> None:
        """Show the progress that the child tells."""
        told = self._process.told
        self.query_one(Passage).show(Content.styled(f"reading … {printable(told)}".rstrip(), "$text-warning"))

    def _drawn(self, room: int) -> Content:
        assert self._found is not None
        drawn = rendered.lines(self._found, room)
        return Content("\n").join(Content.assemble(*((s.text, _STYLES[s.role]) for s in line)) for line in drawn)

    def action_close(self) -> None:
        self.dismiss(Seen(self._found, start=False))

    def action_start(self) -> None:
        """Start a training with these data, once they are seen."""
        if self._found is None or not self._can_start:
            self.app.bell()
        else:
            self.dismiss(Seen(self._found, start=True))
