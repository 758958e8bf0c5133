"""A run's state at a glance, read from its events' end: what a list needs, however long the run is. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from workbench.runs.events import Eval, Event, Failed, Finished, Started, Step, Stopped, decode
from workbench.runs.journal import History, Tail

_CHUNK = 16 * 1024  # bytes read at a time, from the end back
_HEAD = 16 * 1024  # bytes in which a run's first event is looked for
_RARE = (b'{"event":"eval"', b'{"event":"started"')  # how the lines begin that are looked for far back
_LATER = {Started, Finished, Stopped, Failed}


class Glance:
    """A run's last events of each kind, and its best evaluation, without what they show.

    The first look reads back from the file's end until all of that is found, the following ones what is new.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tail: Tail | None = None
        self.history = History()

    def look(self) -> History:
        """The history as it stands now: few events, yet the same status, step and best figures as the whole one.

        Raises:
            OSError: the events cannot be read.
        """
        if self._tail is not None:
            events, restarted = self._tail.read()
            if not restarted and not any(isinstance(event, Started) for event in events):
                self._keep(events)
                return self.history
        self.history = History()
        try:
            with self._path.open("rb") as file:
                found, end = _last(file)
        except FileNotFoundError:
            return self.history
        self._tail = Tail(self._path, end)
        self._keep(found)
        return self.history

    def _keep(self, events: list[Event]) -> None:
        history = self.history
        history.extend([_bare(event) for event in events])
        history.steps = history.steps[-1:]
        best = history.evals[-1].best.step if history.evals else 0
        history.evals = [e for e in history.evals[:-1] if e.step == best][-1:] + history.evals[-1:]
        history.samples, history.alarms = [], []


def _last(file: BinaryIO) -> tuple[list[Event], int]:
    """The run's last events that count, in their order, and where the last whole line ends."""
    size = file.seek(0, os.SEEK_END)
    wanted: list[bytes] = []
    lines = _backwards(file, size, wanted)
    end = size - len(next(lines))
    found: list[Event] = []
    seen: set[type] = set()
    best: int | None = None  # the step of the best evaluation
    reach: float = float("inf")  # what a life before wrote after this step was in vain
    for line in lines:
        if wanted and not line.startswith(_RARE):
            continue
        event = decode(line)
        if event is None or getattr(event, "step", 0) > reach:
            continue
        if isinstance(event, Step):  # the last one is enough, and what ended before it went on
            wanted += _RARE
        if isinstance(event, Started):
            reach = min(reach, event.from_step)
        elif isinstance(event, Eval):
            best = event.best.step if best is None else best
            if Eval in seen and event.step != best:
                continue
        elif isinstance(event, Finished | Stopped | Failed) and seen & _LATER:
            continue  # it went on after that
        if isinstance(event, Finished):
            best = event.best.step
        found.append(event)
        seen.add(type(event))
        if isinstance(event, Eval) and event.step == best and Step in seen:
            break
    if Started not in seen and (first := _first(file)):
        found.append(first)
    return found[::-1], end


def _first(file: BinaryIO) -> Started | None:
    file.seek(0)
    event = decode(file.read(_HEAD).partition(b"\n")[0])
    return event if isinstance(event, Started) else None


def _backwards(file: BinaryIO, end: int, wanted: Sequence[bytes]) -> Iterator[bytes]:
    """The lines before ``end``, the last one first: what stands after the last line's end is the first of them.

    As soon as ``wanted`` holds anything, stretches are passed over in which none of it occurs.
    """
    rest = b""
    while end > 0:
        start = max(0, end - _CHUNK)
        file.seek(start)
        rest, newline, lines = (file.read(end - start) + rest).partition(b"\n")
        if newline and (not wanted or any(part in lines for part in wanted)):
            yield from reversed(lines.split(b"\n"))
        end = start
    yield rest


def _bare(event: Event) -> Event:
    return msgspec.structs.replace(event, views=[]) if isinstance(event, Eval | Finished) and event.views else event
