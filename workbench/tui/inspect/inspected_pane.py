"""Pane of one run's weights: what they do at each step of the text, drawn as chosen."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

import cells
from workbench.inference.protocol import Inspect
from workbench.render.text import printable
from workbench.runs.checkpoints import BEST, LAST
from workbench.runs.folder import RunError
from workbench.tui.inspect.inquiry import Inquiry
from workbench.tui.inspect.picture import Choice, Painter, Picture
from workbench.tui.inspect.step_grid import StepGrid
from workbench.tui.inspect.weights import Weights
from workbench.tui.services.polling import TAKEN_DOWN
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.static_text import StaticText

_TWIN = " h shows them by its hand-written twin with the same weights."


class InspectedPane(Vertical):
    """Requests inspections and draws the newest."""

    class Changed(Message):
        """An inspection has come, or a sentence why there is none."""

    def __init__(self, weights: Weights) -> None:
        super().__init__(classes="inspected")
        self.inquiry = Inquiry(weights)
        self.painter: Painter | None = None
        self.problem = ""  # why there is nothing to draw
        self.picture: Picture | None = None
        self._choice = Choice()
        self.grid = StepGrid()
        self._sentence = StaticText(classes="sentence")

    def compose(self) -> ComposeResult:
        yield self.grid
        yield self._sentence

    def on_mount(self) -> None:
        self._draw()

    def on_unmount(self) -> None:
        self.inquiry.close()

    @property
    def weights(self) -> Weights:
        """The weights that answer."""
        return self.inquiry.weights

    @weights.setter
    def weights(self, weights: Weights) -> None:
        if weights.run.path != self.weights.run.path:
            self.painter = None
        self.inquiry.weights = weights

    @property
    def hides_gates(self) -> bool:
        """True of a cell without gates whose hand-written twin may have some."""
        found = self.painter.inspection if self.painter else None
        return (
            found is not None and not any(cell.gates for cell in found.cells) and bool(cells.declared_twin(found.cell))
        )

    def refuse(self, problem: str) -> None:
        """Draw nothing, and drop what is under way."""
        self.inquiry.renew()
        self.painter, self.problem = None, problem
        self._draw()

    @work(exclusive=True)
    async def ask(self, subject: Inspect) -> None:
        """Request an inspection: first what comes quickly, then with the contributions."""
        inquiry, number = self.inquiry, self.inquiry.renew()
        with suppress(*TAKEN_DOWN):
            self._show_waiting()
            for contributions in (False, True):
                request = msgspec.structs.replace(subject, contributions=contributions, twin=inquiry.weights.twin)
                try:
                    found = await run_in_thread(partial(inquiry.inspect, number, request))
                except (ValueError, RunError) as error:
                    self.painter, self.problem = None, str(error)
                    found = None
                    self._tell()
                    return
                if found is None:
                    return
                self.painter, self.problem = Painter(found), ""
                self._tell()

    def _show_waiting(self) -> None:
        if self.painter is None:
            self.problem = ""
            self._draw()

    def _tell(self) -> None:
        if self.is_attached:
            self._draw()
            self.post_message(self.Changed())

    def show(self, choice: Choice) -> None:
        """Draw what is chosen."""
        self._choice = choice
        self._draw()

    def _draw(self) -> None:
        weights, painter = self.weights, self.painter
        picture = painter.paint(self._choice) if painter else None
        self.picture = picture
        cell = painter.inspection.cell if painter else weights.run.spec.cell
        at = "" if weights.at == BEST else f", {weights.at if weights.at == LAST else f'step {weights.at}'}"
        title = picture.title if picture else ""
        self.border_title = Content.assemble(
            (f"{printable(cell)}{at}", "bold $text-primary"), f"  {title}  ", (weights.run.id, "$foreground-muted")
        )
        drawn = painter is not None and picture is not None and picture.make is not None
        self.grid.display, self._sentence.display = drawn, not drawn
        if drawn and painter and picture:
            self.grid.show(painter.inspection.symbols, picture)
        else:
            self.border_subtitle = ""
            self._sentence.update(self._why(picture))

    def _why(self, picture: Picture | None) -> Content:
        if self.problem:
            return Content.styled(printable(self.problem), "$text-error")
        if picture is None:
            return Content.styled(f"Opening {self.weights.run.id} …", "$foreground-muted")
        offered = self._choice.view == "gates" and self.hides_gates and not self.weights.twin
        return Content.styled(printable(picture.problem) + _TWIN * offered, "$text-warning")

    def point(self, step: int) -> None:
        """Put the cursor on a step."""
        self.grid.point(step)

    @on(StepGrid.Scrolled)
    def _retell(self) -> None:
        self.border_subtitle = self.grid.told if self.grid.display else ""
