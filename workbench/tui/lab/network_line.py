"""The network that the settings describe: how many parameters, and where they are."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, cast

from rich.cells import cell_len, set_cell_size
from rich.filesize import decimal
from textual import work
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from workbench.config.spec import RunSpec
from workbench.inference.protocol import Part, Sketched
from workbench.inference.session import InferenceSession
from workbench.render.text import printable
from workbench.runs.store import RunError
from workbench.tui.lab.status_line import FootLine
from workbench.tui.services.threads import run_in_thread

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp

_FLOAT = 4  # bytes of a parameter
_NAME, _COUNT = 18, 14  # columns of a part's name and of its parameters
_TIE = "\N{NO-BREAK SPACE}"
_ROOMY = 56  # columns from which on they stand beside the shapes


class NetworkLine(FootLine):
    """How many parameters; asked a moment after the last change, of a child process."""

    SOON = 0.5  # seconds after the first paint
    SETTLED = 0.3  # seconds after the last change

    class Told(Message):
        """What the network consists of; ``None``: that cannot be told. Stale: of settings from before."""

        def __init__(self, sketched: Sketched | None, *, stale: bool = False) -> None:
            super().__init__()
            self.sketched = sketched
            self.stale = stale

    def __init__(self, id: str) -> None:
        super().__init__("network", id)
        self._wanted: RunSpec | None = None
        self._answered: RunSpec | None = None
        self._last: Sketched | None = None
        self._session = InferenceSession()
        self._shown = False
        self._asking = False
        self._soon: Timer | None = None

    def resume(self) -> None:
        """The Lab is shown: ask a moment after it is painted."""
        self._shown = True
        self.call_after_refresh(self._ask_in, self.SOON)

    def suspend(self) -> None:
        """The Lab is left: the child ends."""
        self._shown = False
        self._session.close()
        self._session = InferenceSession()  # one that still opens its child holds up no later request

    def on_unmount(self) -> None:
        self.suspend()

    def show(self, described: RunSpec | None) -> None:
        """Tell of this run's network; ``None``: the settings do not fit together."""
        if described is None:
            self._wanted = self._answered = None
            self._none("not counted while the settings cannot be used")
        elif self._wanted is None or _shape(described) != _shape(self._wanted):
            self._wanted = described
            self.say(("counting …", "$foreground-muted"))
            self.post_message(self.Told(self._last, stale=True))
            if self._soon is not None:
                self._ask_in(self.SETTLED)

    def _ask_in(self, seconds: float) -> None:
        if self._soon is not None:
            self._soon.stop()
        self._soon = self.set_timer(seconds, self._ask)

    @work(group="sketch")
    async def _ask(self) -> None:
        """Ask for the newest settings until they are answered; what comes for older ones is dropped."""
        if self._asking:
            return
        self._asking = True
        try:
            while self._shown and (described := self._wanted) is not None and described is not self._answered:
                session, data = self._session, cast("WorkbenchApp", self.app).data
                try:
                    answer: Sketched | str = await run_in_thread(partial(_summarise, session, described, data))
                except (RunError, ValueError) as error:
                    answer = str(error)
                if described is self._wanted and session is self._session:
                    self._answered = described
                    self._tell(answer)
        finally:
            self._asking = False

    def _tell(self, answer: Sketched | str) -> None:
        if isinstance(answer, str):
            self._none(answer, error=True)
            return
        size = f"{answer.parameters:,} parameters, {decimal(answer.parameters * _FLOAT)}"
        self.say((size, "bold"), (f", {answer.note}" if answer.note else "", "$text-warning"))
        self._last = answer
        self.post_message(self.Told(answer))

    def _none(self, words: str, *, error: bool = False) -> None:
        self.say((printable(words), "$text-error" if error else "$foreground-muted"), explains=error)
        self._last = None
        self.post_message(self.Told(None))


def _summarise(session: InferenceSession, described: RunSpec, data: Path | None) -> Sketched:
    with session.request() as client:
        return client.sketch(described, data)


class Structure(Static):
    """The network part by part: what each holds, and how much of it there is."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._sketched: Sketched | None = None

    def show(self, sketched: Sketched | None, *, stale: bool) -> None:
        self._sketched = sketched
        self.set_class(stale, "-stale")
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        self.update(lay_out(self._sketched, self.size.width) if self._sketched else "")


def lay_out(sketched: Sketched, width: int) -> Content:
    """Each part's name, shapes and parameters, in columns where these have room."""
    lines: list[Content] = []
    for part in sketched.parts:
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
    """A part's weights, each beside its shape; what the part does where it has none."""
    shapes = [f"{printable(name)} ({', '.join(map(str, shape))})" for name, shape in part.weights.items()]
    held = ", ".join(shape.replace(" ", _TIE) for shape in shapes)
    lines = wrap(held or printable(part.about), max(8, room)) or [""]
    return [line.replace(_TIE, " ") for line in lines]


def _shape(described: RunSpec) -> tuple[object, ...]:
    """All that the network depends on."""
    return described.task, described.cell, described.options, described.cell_options, described.settings
