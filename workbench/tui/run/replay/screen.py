"""Screen of a replay: a run's screen as it was, at any speed, paused, and stepped forward and back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget

from workbench.render import format
from workbench.runs.run import Run
from workbench.tui.keys import bindings
from workbench.tui.run.replay.player import Player, Playing
from workbench.tui.run.screen import RunScreen
from workbench.tui.services.watcher import Look
from workbench.tui.widgets.progress import fit_to_width

_STATE = "bold $on-warning on $warning-muted"
_PLAYING, _RESTING = 0.25, 3600.0  # seconds between two looks; a key wakes it
_AROUND = [Binding("tab", "app.focus_next", show=False), Binding("shift+tab", "app.focus_previous", show=False)]


class ReplayLine(Widget):
    """Speed and place of the replay, in one line."""

    _playing = Playing(1.0, False)

    def show(self, playing: Playing) -> None:
        """Show another place."""
        if playing != self._playing:
            self._playing = playing
            self.refresh()

    def render(self) -> Content:
        playing = self._playing
        state = "at its end" if playing.over and playing.total else "paused" if playing.paused else "playing"
        at = f"{format.duration(playing.seconds)} of {format.duration(playing.length)}"
        number = f"event {playing.shown:,} of {playing.total:,}"
        keys = ("[ ] evaluation  { } event", "$foreground-muted")
        pieces = [(f" replay ×{playing.speed:g} ", _STATE), (state, "bold"), (at, ""), (number, ""), keys]
        return fit_to_width([*pieces], self.size.width)


class ReplayScreen(RunScreen, inherit_bindings=False):
    """The Run screen of what was; nothing on it acts on a worker.

    Args:
        speed: times as fast as the run was.
        clock: seconds, which grow while the replay runs.
    """

    place = "replay"
    BINDINGS = [*bindings("replay"), *_AROUND]  # noqa: RUF012

    def __init__(self, run: Run, speed: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._player = Player(run, speed, clock)
        super().__init__(run, self._player)

    def lines(self) -> Iterable[Widget]:
        yield ReplayLine(id="replay")
        yield from super().lines()

    @property
    def title_of_run(self) -> str:
        return f"replay of {super().title_of_run}"

    def _look(self) -> Look:
        return self._player.look()

    def _interval(self) -> float:
        return _RESTING if self._player.playing.paused else _PLAYING

    async def _show_look(self, look: Look) -> bool:
        more = await super()._show_look(look)
        self.query_one(ReplayLine).show(self._player.playing)
        return more

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("pause", "step_event", "step_evaluation", "speed"):
            return True
        return super().is_possible(action, parameters)

    def action_pause(self) -> None:
        self._player.pause()
        self._wake.set()

    def action_step_event(self, by: int) -> None:
        self._player.step_event(by)
        self._wake.set()

    def action_step_evaluation(self, by: int) -> None:
        self._player.step_evaluation(by)
        self._wake.set()

    def action_speed(self, factor: float) -> None:
        self._player.change_speed(factor)
        self.query_one(ReplayLine).show(self._player.playing)
        self._wake.set()
