"""``events.jsonl``: appended one whole line at a time, read from an offset. No torch."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import cast

from workbench.runs.events import (
    Alarm,
    Baseline,
    Checkpoint,
    Ended,
    Eval,
    Event,
    Failed,
    Finished,
    Sample,
    Started,
    Step,
    Stopped,
    decode_all,
    encode,
)

_RESERVE = 32 * 1024  # bytes given up on a full disk, so that the last events can still be written
_TAIL = 32 * 1024  # bytes read from a file's end, at first


class Journal:
    """The writer: one ``os.write`` a line on a descriptor opened to append."""

    def __init__(self, path: Path) -> None:
        self._reserve = path.with_name("reserve")
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._torn = not _ends_whole(path)
        with suppress(OSError):
            self._reserve.write_bytes(b"\0" * _RESERVE)

    def append(self, event: Event) -> None:
        """Write an event.

        Raises:
            OSError: the disk is full (or worse); what was there before is untouched.
        """
        line = b"\n" * self._torn + encode(event)
        written = os.write(self._fd, line)
        self._torn = written < len(line)
        if self._torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self) -> None:
        os.fsync(self._fd)

    def give_up_reserve(self) -> None:
        """Free a little room on a full disk."""
        with suppress(OSError):
            self._reserve.unlink()

    def close(self) -> None:
        self.give_up_reserve()
        os.close(self._fd)


class Tail:
    """A reader: keeps (inode, offset, unfinished line) and takes whole lines only.

    Args:
        offset: where a line begins that is the first to be read.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path = path
        self._inode = -1
        self._offset = offset
        self._unfinished = b""
        self.behind = False  # the last call left something for the next

    def read(self, most: int = -1) -> tuple[list[Event], bool]:
        """The events since the last call, and whether the file is another one now (start over).

        Args:
            most: bytes of a long file at once; the rest is for the next call.
        """
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return [], False
        restarted = self._inode not in (-1, stat.st_ino) or stat.st_size < self._offset
        if restarted:
            self._offset, self._unfinished = 0, b""
        self._inode = stat.st_ino
        self.behind = False
        if stat.st_size == self._offset:
            return [], restarted
        with self._path.open("rb", buffering=0) as file:
            file.seek(self._offset)
            new = file.read(most)
        self._offset += len(new)
        self.behind = self._offset < stat.st_size
        whole, end, self._unfinished = (self._unfinished + new).rpartition(b"\n")
        return decode_all(whole + end), restarted


class History:
    """What a run's events add up to: resumed runs count once, what a killed life wrote in vain is dropped."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.started: Started | None = None
        self.baseline: Baseline | None = None
        self.steps: list[Step] = []
        self.evals: list[Eval] = []
        self.samples: list[Sample] = []
        self.alarms: list[Alarm] = []
        self.checkpoint: Checkpoint | None = None
        self.ended: Ended | None = None

    def add(self, event: Event) -> None:
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
                self.evals.append(event)
            case Sample():
                self.samples.append(event)
            case Alarm():
                self.alarms.append(event)
            case Checkpoint():
                self.checkpoint = event
            case Finished() | Stopped() | Failed():
                self.ended = event

    def extend(self, events: list[Event]) -> None:
        for kind, alike in groupby(events, type):
            if kind is Step:  # nearly all are
                self.steps.extend(cast("Iterable[Step]", alike))
            else:
                for event in alike:
                    self.add(event)

    @property
    def empty(self) -> bool:
        """Nothing is known yet."""
        return not (self.started or self.steps or self.evals or self.ended or self.checkpoint)

    @property
    def step(self) -> int:
        """The last step that anything is known of."""
        last = [e.step for e in (*self.steps[-1:], *self.evals[-1:], self.ended, self.checkpoint) if e is not None]
        return max(last, default=self.started.from_step if self.started else 0)

    def _forget_after(self, step: int) -> None:
        self.steps = [e for e in self.steps if e.step <= step]
        self.evals = [e for e in self.evals if e.step <= step]
        self.samples = [e for e in self.samples if e.step <= step]
        self.alarms = [e for e in self.alarms if e.step <= step]
        if self.checkpoint and self.checkpoint.step > step:
            self.checkpoint = None


def read(path: Path) -> History:
    """A run's whole history."""
    history = History()
    history.extend(Tail(path).read()[0])
    return history


def recent(path: Path) -> History:
    """A run's last events, read from the file's end: enough for its status and its last figures."""
    history = History()
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            reach = _TAIL
            while True:
                start = max(0, size - reach)
                file.seek(start)
                lines, end, _ = file.read().rpartition(b"\n")
                if start == 0 or b"\n" in lines:
                    break
                reach *= 4  # a line longer than that
    except FileNotFoundError:
        return history
    history.extend(decode_all((lines.partition(b"\n")[2] if start else lines) + end))
    return history


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
