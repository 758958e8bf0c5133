"""Panes of one or two networks, which stand on the same text, the same step and the same unit."""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import Container

from workbench.inference.protocol import Inspect
from workbench.tui.inspect.inspected_pane import InspectedPane
from workbench.tui.inspect.picture import Choice, Painter
from workbench.tui.inspect.weights import Weights


class InspectedPanes(Container):
    """Panes beside or above one another, the first network's first; none before a run is chosen."""

    @property
    def every(self) -> list[InspectedPane]:
        """The panes in their order."""
        return [*self.query(InspectedPane)]

    @property
    def weights(self) -> list[Weights]:
        """The weights that answer, of each pane."""
        return [pane.weights for pane in self.every]

    @property
    def painter(self) -> Painter | None:
        """Pictures of the first network; none before it has answered."""
        every = self.every
        return every[0].painter if every else None

    @property
    def chosen(self) -> int | None:
        """The unit that is chosen in the first pane."""
        every = self.every
        return every[0].grid.chosen if every else None

    @property
    def notes(self) -> list[str]:
        """Sentences on what was not read as it was typed, each once."""
        return [*dict.fromkeys(note for pane in self.every if pane.painter for note in pane.painter.inspection.notes)]

    @property
    def have_twins(self) -> bool:
        """True where a network hides its gates, or shows them by a twin."""
        return any(pane.weights.twin or pane.hides_gates for pane in self.every)

    def with_twins(self) -> list[Weights]:
        """Return the weights with the twins of the cells that hide their gates; without, where a twin is shown."""
        shown = any(weights.twin for weights in self.weights)
        return [pane.weights._replace(twin=not shown and pane.hides_gates) for pane in self.every]

    async def hold(self, weights: Sequence[Weights]) -> None:
        """Hold a pane for each of these weights: add and remove as many as it takes."""
        panes = self.every
        for pane in panes[len(weights) :]:
            await pane.remove()
        for pane, one in zip(panes, weights, strict=False):
            pane.weights = one
        for one in weights[len(panes) :]:
            await self.mount(InspectedPane(one))

    def ask(self, request: Inspect) -> None:
        """Ask every network."""
        for pane in self.every:
            pane.ask(request)

    def refuse(self, problem: str) -> None:
        """Draw nothing, and say why."""
        for pane in self.every:
            pane.refuse(problem)

    def show(self, choice: Choice) -> None:
        """Draw what is chosen."""
        for pane in self.every:
            pane.show(choice)

    def point(self, step: int) -> None:
        """Put the cursors on a step, the columns of two pictures in line."""
        every = self.every
        labels = max(pane.grid.label_width for pane in every) if len(every) > 1 else 0
        for pane in every:
            pane.grid.align(labels)
            pane.point(step)

    def choose_unit(self, number: int) -> None:
        """Choose a unit in every picture."""
        for pane in self.every:
            pane.grid.choose_number(number)

    def share_chosen(self) -> None:
        """Choose the unit of the focused picture in the other one too."""
        focused = next((pane.grid for pane in self.every if pane.grid.has_focus), None)
        if focused is not None and focused.chosen is not None:
            self.choose_unit(focused.chosen)

    def widen(self, by: int) -> None:
        """Widen the columns of every picture; narrow them, where negative."""
        for pane in self.every:
            pane.grid.widen(by)

    def close(self) -> None:
        """End the children."""
        for pane in self.every:
            pane.inquiry.close()
