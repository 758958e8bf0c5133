"""Scrubber: stepping through a run's evaluations, and the lines that tell which one is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content
from textual.widget import Widget

from workbench.runs.events import Eval
from workbench.tui.widgets.progress import Fragment, fit_to_width

_WARNING = "bold $on-warning on $warning-muted"


class ScrubberState(NamedTuple):
    """Shown evaluation, where it is not the newest, and the step of a paused display."""

    shown: Eval | None = None
    number: int = 0  # of the shown evaluation, from 1
    total: int = 0  # evaluations
    paused_at: int | None = None  # a step
    live: bool = True  # the run trains: more evaluations will come

    @property
    def at_newest(self) -> bool:
        return self.shown is None and self.paused_at is None


class Scrubber(Widget):
    """One line for an earlier evaluation and one for a paused display; hidden where there is neither."""

    _state = ScrubberState()

    def on_mount(self) -> None:
        self.display = False

    def show(self, state: ScrubberState) -> None:
        """Show another state."""
        if state == self._state:
            return
        self._state = state
        self.display = not state.at_newest
        self.styles.height = (state.shown is not None) + (state.paused_at is not None)
        self.refresh()

    def render(self) -> Content:
        state, width = self._state, self.size.width
        lines: list[list[Fragment]] = []
        if state.shown is not None:
            number = (f" evaluation {state.number:,} of {state.total:,} ", _WARNING)
            newest = f"n: back to {'live' if state.live else 'the end'}"
            at = (f"step {state.shown.step:,}", f"epoch {state.shown.epoch:.2f}")
            lines.append([number, newest, *at, "[ earlier  ] later"])
        if state.paused_at is not None:
            paused = (" display paused ", _WARNING)
            lines.append([paused, "training goes on", "space: go on", f"at step {state.paused_at:,}"])
        return Content("\n").join(fit_to_width(line, width) for line in lines)


def scrubber_state(evals: Sequence[Eval], step: int | None, paused_at: int | None, *, live: bool) -> ScrubberState:
    """Return the state at the evaluation of a step; at the newest where there is none of it (any more)."""
    index = next((index for index, event in enumerate(evals) if event.step == step), None)
    return ScrubberState(None if index is None else evals[index], 1 + (index or 0), len(evals), paused_at, live)


def target_evaluation(steps: Sequence[int], shown: int | None, by: int, live: int) -> int | None:
    """Return the step of the evaluation ``by`` places later (earlier, where negative); ``None``: follow the newest.

    Args:
        steps: of all evaluations.
        shown: the step of the evaluation that is shown; ``None`` while the newest is followed.
        live: the index that following the newest counts as.
    """
    if not steps:
        return None
    index = by + (live if shown is None else steps.index(shown))
    return None if index >= live else steps[max(0, index)]
