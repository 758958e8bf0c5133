"""Network that the settings describe: its number of parameters, and its parts."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from textwrap import wrap

from rich.cells import cell_len, set_cell_size
from rich.filesize import decimal
from textual import work
from textual.content import Content
from textual.message import Message
from textual.timer import Timer

from workbench.config.spec import RunSpec
from workbench.inference.protocol import NetworkSummary, Part
from workbench.inference.session import InferenceSession
from workbench.render.text import printable
from workbench.runs.folder import RunError
from workbench.tui.lab.text_lines import StatusLine
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.static_text import StaticText

_FLOAT = 4  # bytes of a parameter
_NAME, _COUNT = 18, 14  # columns of a part's name and of its parameters
_NO_BREAK = "\N{NO-BREAK SPACE}"
_ROOMY = 56  # columns from which on they stand beside the shapes


class NetworkSummaryLine(StatusLine):
    """Number of parameters, from a child process, requested a moment after the last change.

    Args:
        data: the data folder that the user named.
    """

    SOON = 0.5  # seconds after the first paint
    SETTLED = 0.3  # seconds after the last change

    class Updated(Message):
        """The network's parts; ``None``: they are not known. Stale: they belong to former settings."""

        def __init__(self, summary: NetworkSummary | None, *, stale: bool = False) -> None:
            super().__init__()
            self.summary = summary
            self.stale = stale

    def __init__(self, id: str, data: Path | None) -> None:
        super().__init__("network", id)
        self._data = data
        self._described: RunSpec | None = None
        self._counted: RunSpec | None = None
        self._last: NetworkSummary | None = None
        self._session = InferenceSession()
        self._shown = False
        self._requesting = False
        self._timer: Timer | None = None

    def resume(self) -> None:
        """Request the count a moment after the Lab is painted."""
        self._shown = True
        self.call_after_refresh(self._request_in, self.SOON)

    def suspend(self) -> None:
        """End the child, as the Lab is left."""
        self._shown = False
        self._session.close()
        self._session = InferenceSession()  # one that still opens its child holds up no later request

    def on_unmount(self) -> None:
        self.suspend()

    def show(self, described: RunSpec | None) -> None:
        """Show this run's network; ``None``: the settings do not fit together."""
        if described is None:
            self._described = self._counted = None
            self.say(("not counted while the settings cannot be used", "$foreground-muted"))
            self.post_message(self.Updated(self._last, stale=True))
        elif self._described is None or _shape(described) != _shape(self._described):
            self._described = described
            self.say(("counting …", "$foreground-muted"))
            self.post_message(self.Updated(self._last, stale=True))
            if self._timer is not None:
                self._request_in(self.SETTLED)

    def _request_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(seconds, self._request)

    @work(group="network summary")
    async def _request(self) -> None:
        """Request the newest settings' network until it is known; the answers to older ones are dropped."""
        if self._requesting:
            return
        self._requesting = True
        try:
            while self._shown and (described := self._described) is not None and described is not self._counted:
                session = self._session
                try:
                    answer: NetworkSummary | str = await run_in_thread(
                        partial(_summarise, session, described, self._data)
                    )
                except (RunError, ValueError) as error:
                    answer = str(error)
                if described is self._described and session is self._session:
                    self._counted = described
                    self._show(answer)
        finally:
            self._requesting = False

    def _show(self, answer: NetworkSummary | str) -> None:
        if isinstance(answer, str):
            self.say((printable(answer), "$text-error"), explains=True)
            self._last = None
            self.post_message(self.Updated(None))
            return
        size = f"{answer.parameters:,} parameters, {decimal(answer.parameters * _FLOAT)}"
        self.say((size, "bold"), (f", {answer.note}" if answer.note else "", "$text-warning"))
        self._last = answer
        self.post_message(self.Updated(answer))


def _summarise(session: InferenceSession, described: RunSpec, data: Path | None) -> NetworkSummary:
    with session.request() as client:
        return client.network_summary(described, data)


class Structure(StaticText):
    """The network's parts: their weights and numbers of parameters."""

    def __init__(self) -> None:
        super().__init__()
        self._summary: NetworkSummary | None = None

    def show(self, summary: NetworkSummary | None, *, stale: bool) -> None:
        self._summary = summary
        self.set_class(stale, "-stale")
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        self.update(lay_out(self._summary, self.size.width) if self._summary else "")


def lay_out(summary: NetworkSummary, width: int) -> Content:
    """Return each part's name, shapes and parameters, in columns where these have room."""
    lines: list[Content] = []
    for part in summary.parts:
        name, count = printable(part.name), f"{part.parameters:,}" if part.parameters else "–"
        beside, rest = "", _wrapped(part, width - 2)
        margin = 2
        if width >= _ROOMY:
            name = set_cell_size(name, max(_NAME, cell_len(name) + 1))
            beside, *rest = _wrapped(part, width - cell_len(name) - _COUNT)
            margin = cell_len(name)
        gap = " " * max(1, width - cell_len(name) - cell_len(beside) - len(count))
        lines.append(Content.assemble((name, "bold"), (beside, "$foreground-muted"), gap, count))
        lines += [Content.styled(" " * margin + line, "$foreground-muted") for line in rest]
    return Content("\n").join(lines)


def _wrapped(part: Part, room: int) -> list[str]:
    """Return a part's weights, each beside its shape; of a part without weights, its description."""
    shapes = [f"{printable(name)} ({', '.join(map(str, shape))})" for name, shape in part.weights.items()]
    held = ", ".join(shape.replace(" ", _NO_BREAK) for shape in shapes)
    lines = wrap(held or printable(part.about), max(8, room)) or [""]
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _shape(described: RunSpec) -> tuple[object, ...]:
    """Return all that the network depends on."""
    return described.task, described.cell, described.options, described.cell_options, described.settings
