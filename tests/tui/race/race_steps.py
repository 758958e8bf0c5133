"""A race that the test tells, in place of a child process."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from workbench.races.events import Event, RaceError
from workbench.tui.race import screen


class ToldRaces:
    """Tells the same events in every race, then what ends it.

    Args:
        events: of a race.
        failure: a sentence with which it fails after them; empty: it ends.
    """

    def __init__(self, events: Sequence[Event], failure: str = "", *, open_ended: bool = False) -> None:
        self.words: list[list[str]] = []
        self.stopped = self.closed = 0
        self.events, self.failure, self.open_ended = list(events), failure, open_ended

    def start(self, words: Sequence[str]) -> ToldRace:
        self.words.append([*words])
        return ToldRace(self)


class ToldRace:
    def __init__(self, races: ToldRaces) -> None:
        self._races = races
        self._left = list(races.events)
        self._over = threading.Event()

    def read(self) -> list[Event] | None:
        if self._left:
            told, self._left = self._left, []
            return told
        if self._races.open_ended:
            self._over.wait()
        if self._races.failure:
            raise RaceError(self._races.failure)
        return None

    def told(self) -> str:
        return "Downloading names [red]: 12 %"

    def stop(self) -> None:
        self._races.stopped += 1
        self._over.set()

    def close(self) -> None:
        self._races.closed += 1
        self._over.set()


def told(
    patch: pytest.MonkeyPatch, events: Sequence[Event], failure: str = "", *, open_ended: bool = False
) -> ToldRaces:
    """Let every race of the screen be told."""
    races = ToldRaces(events, failure, open_ended=open_ended)
    patch.setattr(screen, "RaceProcess", races.start)
    return races
