"""Which moment of a run is shown, where that is not the newest; and how one comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content
from textual.widget import Widget

from workbench.runs.events import Eval
from workbench.tui.widgets.progress import Piece, fit


class Moment(NamedTuple):
    """An earlier evaluation, or a display that a person has stopped."""

    shown: Eval | None = None
    number: int = 0
    of: int = 0
    paused_at: int | None = None  # a step
    live: bool = True  # it trains, so that there will be others

    @property
    def usual(self) -> bool:
        return self.shown is None and self.paused_at is None


class MomentLine(Widget):
    """A line for each of the two, there only while it is so."""

    _moment = Moment()

    def on_mount(self) -> None:
        self.display = False

    def show(self, moment: Moment) -> None:
        if moment == self._moment:
            return
        self._moment = moment
        self.display = not moment.usual
        self.styles.height = (moment.shown is not None) + (moment.paused_at is not None)
        self.refresh()

    def render(self) -> Content:
        moment, width = self._moment, self.size.width
        lines: list[list[Piece]] = []
        if moment.shown is not None:
            number = (f" evaluation {moment.number:,} of {moment.of:,} ", "bold $on-warning on $warning-muted")
            where = f"step {moment.shown.step:,}"
            epoch = f"epoch {moment.shown.epoch:.2f}"
            lines.append(
                [number, f"n: back to {'live' if moment.live else 'the end'}", where, epoch, "[ earlier  ] later"]
            )
        if moment.paused_at is not None:
            word = (" display paused ", "bold $on-warning on $warning-muted")
            lines.append([word, "training goes on", "space: go on", f"at step {moment.paused_at:,}"])
        return Content("\n").join(fit(line, width) for line in lines)


def stepped(steps: Sequence[int], shown: int | None, by: int, live: int) -> int | None:
    """The step of the evaluation to show after so many forward or back; ``None``: the newest, as they come.

    Args:
        steps: of all evaluations.
        shown: the one that is shown now.
        live: its number, counted from zero, where ``shown`` is ``None``.
    """
    if not steps:
        return None
    at = by + (live if shown is None else steps.index(shown))
    return None if at >= live else steps[max(0, at)]
