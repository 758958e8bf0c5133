"""The state of a run, folded from its events: from all, or from the latest, read back from the file's end. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import msgspec

from workbench.runs.events import (
    Alarm,
    Baseline,
    Best,
    Checkpoint,
    Ended,
    Eval,
    Event,
    Failed,
    Finished,
    Probe,
    Sample,
    Started,
    Step,
    Stopped,
    decode,
)
from workbench.runs.folder import open_regular
from workbench.runs.journal import LONGEST, Tail, too_long

_CHUNK = 16 * 1024  # bytes read at a time, from the end back
_HEAD = 16 * 1024  # bytes in which a run's first event is looked for
_RARE = (b'{"event":"eval"', b'{"event":"started"')  # beginnings of the lines that are looked for far back
_SUPERSEDING = {Started, Finished, Stopped, Failed}  # an end before one of these no longer counts
_Measured = TypeVar("_Measured", Eval, Probe)


class History:
    """Fold of a run's events; those that a killed worker wrote after the checkpoint that was resumed are dropped."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget every event."""
        self.started: Started | None = None
        self.baseline: Baseline | None = None
        self.steps: list[Step] = []
        self.evals: list[Eval] = []
        self.probes: list[Probe] = []
        self.samples: list[Sample] = []
        self.alarms: list[Alarm] = []
        self.checkpoint: Checkpoint | None = None
        self.ended: Ended | None = None

    def add(self, event: Event) -> None:
        """Take in an event."""
        match event:
            case Started():
                self._forget_after(event.from_step)
                self.started = event
                self.ended = None
            case Baseline():
                self.baseline = event
            case Step():
                self.steps.append(event)
            case Eval():
                _append(self.evals, event)
            case Probe():
                _append(self.probes, event)
            case Sample():
                self.samples.append(event)
            case Alarm():
                self.alarms.append(event)
            case Checkpoint():
                self.checkpoint = event
            case Finished() | Stopped() | Failed():
                self.ended = event

    def extend(self, events: list[Event]) -> None:
        """Take in events in the order in which they were written."""
        for kind, group in groupby(events, type):
            if kind is Step:  # nearly all are
                self.steps.extend(cast("Iterable[Step]", group))
            else:
                for event in group:
                    self.add(event)

    def drop_shown(self) -> None:
        """Drop what a follower has shown and needs no more: a long run's steps and views would fill its memory.

        The steps since the evaluation before the last one stay, the last evaluation's views, and the first probe,
        the best evaluation's and the last.
        """
        since = self.evals[-2].step if len(self.evals) > 1 else 0
        first = next((index for index, event in enumerate(self.steps) if event.step > since), len(self.steps))
        del self.steps[: min(first, len(self.steps) - 1)]
        for index in range(len(self.evals) - 2, -1, -1):
            if not self.evals[index].views:
                break
            self.evals[index] = msgspec.structs.replace(self.evals[index], views=[])
        best = self.best.step if self.best else None
        self.probes[1:-1] = [probe for probe in self.probes[1:-1] if probe.step == best]

    @property
    def empty(self) -> bool:
        """True as long as no event counts."""
        return not any(vars(self).values())

    @property
    def time(self) -> float:
        """Time of the last event in Unix seconds; 0 where there is none."""
        last = (self.started, self.baseline, self.checkpoint, self.ended)
        lists = (self.steps, self.evals, self.probes, self.samples, self.alarms)
        return max((e.time for e in (*last, *(e for kind in lists for e in kind[-1:])) if e is not None), default=0.0)

    @property
    def best(self) -> Best | None:
        """The best evaluation so far; ``None`` before the first."""
        if isinstance(self.ended, Finished):
            return self.ended.best
        return self.evals[-1].best if self.evals else None

    @property
    def step(self) -> int:
        """The last step of which there is an event."""
        last = [e.step for e in (*self.steps[-1:], *self.evals[-1:], self.ended, self.checkpoint) if e is not None]
        return max(last, default=self.started.from_step if self.started else 0)

    def _forget_after(self, step: int) -> None:
        self.steps = [e for e in self.steps if e.step <= step]
        self.evals = [e for e in self.evals if e.step <= step]
        self.probes = [e for e in self.probes if e.step <= step]
        self.samples = [e for e in self.samples if e.step <= step]
        self.alarms = [e for e in self.alarms if e.step <= step]
        if self.checkpoint and self.checkpoint.step > step:
            self.checkpoint = None


def _append(events: list[_Measured], event: _Measured) -> None:
    """Append an event, in place of the last one at the same step: a branch killed at its start measures there again."""
    if events and events[-1].step == event.step:
        events.pop()
    events.append(event)


def read_history(path: Path) -> History:
    """Read a run's whole history; an empty one where there is no file.

    Raises:
        OSError: the events cannot be read.
    """
    history = History()
    for events in Tail(path).read_all():
        history.extend(events)
    return history


def read_end(path: Path) -> History:
    """Read the last event alone: enough for a run's status.

    Raises:
        OSError: the events cannot be read.
    """
    history = History()
    try:
        with open_regular(path) as file:
            lines = _backwards(path, file, file.seek(0, os.SEEK_END), ())
            next(lines)  # not whole yet
            for line in lines:
                if (event := decode(line)) is not None:
                    history.add(event)
                    break
    except FileNotFoundError:
        pass
    return history


class LatestEvents:
    """A run's last event of each kind and its best evaluation: what a list of runs needs, however long the run is.

    The first call reads back from the file's end until all of that is found, the following ones what is new.

    Args:
        keep_views: keep what the evaluations show; else their ``views`` are emptied.
    """

    def __init__(self, path: Path, *, keep_views: bool = False) -> None:
        self._path = path
        self._keep_views = keep_views
        self._tail: Tail | None = None
        self.history = History()

    def read(self) -> History:
        """Return the history as it stands now: few events, with status, step and best figures of the whole one.

        Raises:
            OSError: the events cannot be read.
        """
        if self._tail is not None:
            events, restarted = self._tail.read()
            if not restarted and not any(isinstance(event, Started) for event in events):
                self._add(events)
                return self.history
        self.history = History()
        try:
            with open_regular(self._path) as file:
                events, end = _latest(self._path, file)
        except FileNotFoundError:
            return self.history
        self._tail = Tail(self._path, end)
        self._add(events)
        return self.history

    def _add(self, events: list[Event]) -> None:
        history = self.history
        history.extend(events if self._keep_views else [_without_views(event) for event in events])
        history.steps = history.steps[-1:]
        best = history.evals[-1].best.step if history.evals else 0
        history.evals = [e for e in history.evals[:-1] if e.step == best][-1:] + history.evals[-1:]
        history.probes, history.samples, history.alarms = [], [], []


def _latest(path: Path, file: BinaryIO) -> tuple[list[Event], int]:
    """Return the last events that count, in their order, and the offset at which the last whole line ends."""
    size = file.seek(0, os.SEEK_END)
    markers: list[bytes] = []
    lines = _backwards(path, file, size, markers)
    end = size - len(next(lines))
    events: list[Event] = []
    kinds: set[type] = set()
    best: int | None = None  # the step of the best evaluation
    last_step: float = float("inf")  # a later worker dropped what was written after this step
    for line in lines:
        if markers and not line.startswith(_RARE):
            continue
        event = decode(line)
        if event is None or getattr(event, "step", 0) > last_step:
            continue
        if isinstance(event, Step):  # one is enough, and an end before it no longer counts
            markers += _RARE
        if isinstance(event, Started):
            last_step = min(last_step, event.from_step)
        elif isinstance(event, Eval):
            best = event.best.step if best is None else best
            if Eval in kinds and event.step != best:
                continue
        elif isinstance(event, Finished | Stopped | Failed) and kinds & _SUPERSEDING:
            continue  # the run went on after it
        if isinstance(event, Finished):
            best = event.best.step
        events.append(event)
        kinds.add(type(event))
        if isinstance(event, Eval) and event.step == best and Step in kinds:
            break
    if Started not in kinds and (first := _first(file)):
        events.append(first)
    return events[::-1], end


def _first(file: BinaryIO) -> Started | None:
    file.seek(0)
    event = decode(file.read(_HEAD).partition(b"\n")[0])
    return event if isinstance(event, Started) else None


def _backwards(path: Path, file: BinaryIO, end: int, markers: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the lines before ``end``, the last one first; the first that is yielded is the unfinished rest.

    As soon as ``markers`` holds any, chunks in which none of them occurs are skipped.

    Raises:
        NotOpened: a line is longer than ``LONGEST``.
    """
    rest: list[bytes] = []  # parts of the line that is not whole yet, the last one first
    length = 0
    while end > 0:
        start = max(0, end - _CHUNK)
        file.seek(start)
        first, newline, lines = file.read(end - start).partition(b"\n")
        if newline:
            *whole, last = lines.split(b"\n")
            last = b"".join((last, *reversed(rest)))
            rest, length = [], 0
            if not markers or any(part in line for line in (last, *whole) for part in markers):
                yield from (last, *reversed(whole))
        rest.append(first)
        length += len(first)
        if length > LONGEST:
            raise too_long(path)
        end = start
    yield b"".join(reversed(rest))


def _without_views(event: Event) -> Event:
    if isinstance(event, Finished) and (event.views or event.kept):
        return msgspec.structs.replace(event, views=[], kept=[])
    return msgspec.structs.replace(event, views=[]) if isinstance(event, Eval) and event.views else event
