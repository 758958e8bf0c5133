"""Travel of a run's folder to a node of Ray and back, where the node does not see it. No torch, no Ray.

The run's lock is held here meanwhile. What comes back is written in the order in which one counts on the other: events,
then files, then ``last.pt``, each whole or not at all.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from tasks.shared import files
from workbench.executors.ray.node import BACK, LAST
from workbench.runs import folder
from workbench.runs.run import Run

PART = 8 << 20  # bytes of a file that travel at once


class Ask(Protocol):
    """Question to the actor on the node; it answers when it has an answer."""

    def __call__(self, method: str, *arguments: Any) -> Any: ...


def send(run: Run, ask: Ask) -> None:
    """Send a run's folder to the scratch folder of a node.

    Raises:
        RunError, OSError: a file cannot be read.
    """
    ask("prepare", run.path.name)
    names = {run.spec_file.name, run.metadata_file.name, run.events_file.name, *_saved(run)}
    for name in sorted(names):
        with suppress(FileNotFoundError), folder.open_regular(run.path / name) as file:
            offset = 0
            while (part := file.read(PART)) or not offset:
                ask("put", name, offset, part)
                offset += len(part)
                if len(part) < PART:
                    break


class Landing:
    """Files and events that have come back of a run that trains on a node's copy.

    Args:
        stamps: of the copy's files as they were sent.
    """

    def __init__(self, run: Run, ask: Ask, stamps: dict[str, list[int]]) -> None:
        self._run, self._ask = run, ask
        self._known = dict(stamps)
        self._events, self._log = _size(run.events_file), 0

    def take(self) -> bool:
        """Bring back what is new.

        Returns:
            False where files were just being replaced: ask again.

        Raises:
            OSError: it cannot be written here; what had come back before is untouched, and may be asked for again.
        """
        changes = self._ask("changes", self._known, self._events, self._log)
        if changes is None:
            return False
        self._log = self._append(self._run.log_file, self._log, changes["log"])
        self._events = self._append(self._run.events_file, self._events, changes["events"], flush=True)
        for name, stamp, size in sorted(changes["files"], key=lambda found: found[0] == LAST):
            if BACK.fullmatch(name):
                self._replace(name, size)
                self._known[name] = stamp
        for name in changes["gone"]:
            with suppress(FileNotFoundError):
                (self._run.path / name).unlink()
            self._known.pop(name, None)
        return True

    def _replace(self, name: str, size: int) -> None:
        with files.replacing(self._run.path / name) as file:
            offset = 0
            while offset < size:
                part = self._ask("part", name, offset, min(PART, size - offset))
                if not part:
                    raise OSError(f"{name} ended early on its way.")
                file.write(part)
                offset += len(part)

    def _append(self, path: Path, known: int, end: int, *, flush: bool = False) -> int:
        """Append to a file what the node's has between two offsets; nothing of it where that fails.

        Returns:
            the offset up to which it has come back.
        """
        if known >= end:
            return known
        with folder.open_regular(path, "ab") as file:
            before = os.fstat(file.fileno()).st_size
            try:
                while known < end:
                    part = self._ask("part", path.name, known, min(PART, end - known))
                    left = part
                    while left:
                        left = left[file.write(left) :]
                    known += len(part)
                    if not part:
                        break
                if flush:
                    os.fsync(file.fileno())
            except BaseException:
                os.ftruncate(file.fileno(), before)
                raise
        return known


def _saved(run: Run) -> list[str]:
    return [name for name in os.listdir(run.path) if BACK.fullmatch(name)]  # noqa: PTH208


def _size(path: Path) -> int:
    try:
        return folder.status(path).st_size
    except FileNotFoundError:
        return 0
