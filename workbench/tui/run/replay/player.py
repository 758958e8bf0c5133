"""Player of a run's events: they come again as they came, by a clock that is handed in, or step by step."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from workbench.runs.events import Eval, Event, Failed, Finished, Started, Stopped
from workbench.runs.journal import Tail
from workbench.runs.run import Run
from workbench.tui.services.watcher import Look, Seen, Watcher

LONGEST_PAUSE = 10.0  # seconds without an event that are waited for; pauses between a run's lives are left out
_APART = 1e-6  # seconds between events of one moment: each is shown by itself when they are stepped through
SLOWEST, FASTEST = 0.01, 10_000.0  # times as fast as the run was


class Playing(NamedTuple):
    """Place in the replay."""

    speed: float  # times as fast as the run was
    paused: bool
    shown: int = 0  # events
    total: int = 0
    seconds: float = 0.0  # of the run, without its long pauses
    length: float = 0.0

    @property
    def over(self) -> bool:
        """True where every event is shown."""
        return self.shown == self.total


class Player(Watcher):
    """Reads a run's events once, and gives them out in place of the folder's new ones.

    Args:
        clock: seconds, which grow while the replay runs.
    """

    def __init__(self, run: Run, speed: float, clock: Callable[[], float]) -> None:
        super().__init__(run)
        self._clock = clock
        self._guard = threading.Lock()  # it is read on a thread, and moved by keys
        self._every: list[Event] = []
        self._times: list[float] = []  # seconds of the replay at which each event comes
        self._evals: list[int] = []  # the number of events up to and with each evaluation
        self._loaded = False
        self._shown = 0
        self._at, self._looked = 0.0, clock()
        self._speed, self._paused = speed, False

    @property
    def playing(self) -> Playing:
        """Place at which the replay stands."""
        length = self._times[-1] if self._times else 0.0
        at = min(self._at, length)
        return Playing(self._speed, self._paused, self._shown, len(self._every), at, length)

    def latest(self) -> None:
        """A replay begins at the beginning."""

    def look(self) -> Look:
        """Return the events that are due by now; where the replay was set back, all of them again.

        Raises:
            OSError: the events cannot be read.
        """
        with self._guard:
            self._load()
            self._advance()
            due = bisect_right(self._times, self._at)
            restarted = due < self._shown
            if restarted:
                self.history.clear()
                self._shown = 0
            events, self._shown = self._every[self._shown : due], due
            self._take(events)
            return Look(self._state(), events, restarted)

    def pause(self) -> None:
        """Stand still, or go on; at the end go on from the beginning."""
        with self._guard:
            self._advance()
            if self._paused and self.playing.over:
                self._at = 0.0
            self._paused = not self._paused

    def change_speed(self, factor: float) -> None:
        """Go on so many times as fast."""
        with self._guard:
            self._advance()
            self._speed = min(FASTEST, max(SLOWEST, self._speed * factor))

    def step_event(self, by: int) -> None:
        """Stand still so many events later (earlier, where negative)."""
        with self._guard:
            self._stand_at(self._shown + by)

    def step_evaluation(self, by: int) -> None:
        """Stand still at the evaluation after this place (before, where negative); beyond the last at the end."""
        with self._guard:
            at = bisect_right(self._evals, self._shown) if by > 0 else bisect_left(self._evals, self._shown) - 1
            ends = 0 if at < 0 else len(self._every)
            self._stand_at(self._evals[at] if 0 <= at < len(self._evals) else ends)

    def _stand_at(self, count: int) -> None:
        """Pause where so many events are shown, and those of the same moment."""
        count = min(len(self._every), max(1, count)) if self._every else 0
        self._paused = True
        self._at = self._times[count - 1] if count else 0.0

    def _advance(self) -> None:
        now = self._clock()
        if not self._paused:
            self._at += max(0.0, now - self._looked) * self._speed
        self._looked = now
        if self._loaded and self._times and self._at >= self._times[-1]:
            self._at, self._paused = self._times[-1], True

    def _load(self) -> None:
        if self._loaded:
            return
        for events in Tail(self.run.events_file).read_all():
            self._every += [msgspec.structs.replace(e, views=[]) if isinstance(e, Eval) else e for e in events]
        at, before = 0.0, self._every[0].time if self._every else 0.0
        for number, event in enumerate(self._every):
            gap = 0.0 if isinstance(event, Started) else min(LONGEST_PAUSE, max(0.0, event.time - before))
            at, before = max(at + gap, at + _APART * (number > 0)), event.time
            self._times.append(at)
        self._evals = [number for number, event in enumerate(self._every, 1) if isinstance(event, Eval)]
        self._loaded, self._looked = True, self._clock()

    def _take(self, events: list[Event]) -> None:
        """Take events into the history, with the views of the newest evaluation alone."""
        self.history.extend(events)
        self.history.drop_shown()
        del self.history.steps[:-1]
        evals = self.history.evals
        if evals and not evals[-1].views:
            evals[-1] = msgspec.structs.replace(evals[-1], views=self.views(evals[-1].step))

    def _state(self) -> Seen:
        match self.history.ended:
            case Finished():
                return "finished"
            case Stopped():
                return "stopped"
            case Failed():
                return "failed"
        return "starting" if self.history.empty else "running"
