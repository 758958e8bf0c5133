"""Writer and reader of ``events.jsonl``: one line an event, appended whole, read from an offset. No torch."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from workbench.runs.events import Event, decode_all, encode

_RESERVE = 32 * 1024  # bytes given up on a full disk, so that the last events can still be written


class Journal:
    """Writer: one ``os.write`` a line on a descriptor opened to append."""

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
        """Flush what was appended to the disk."""
        os.fsync(self._fd)

    def give_up_reserve(self) -> None:
        """Free the reserved bytes on a full disk."""
        with suppress(OSError):
            self._reserve.unlink()

    def close(self) -> None:
        """Close the file and free the reserve."""
        self.give_up_reserve()
        os.close(self._fd)


class Tail:
    """Reader of the events that are new since the last call; keeps (inode, offset, unfinished line).

    Args:
        offset: beginning of the first line to read.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path = path
        self._inode = -1
        self._offset = offset
        self._unfinished = b""
        self.behind = False  # True after a call that left events for the next

    def read(self, most: int = -1) -> tuple[list[Event], bool]:
        """Read the events since the last call; a line that is not whole is left for the next.

        Args:
            most: largest number of bytes to read; -1: all.

        Returns:
            the events, and whether the file is another one now, from its beginning.
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
        lines, end, self._unfinished = (self._unfinished + new).rpartition(b"\n")
        return decode_all(lines + end), restarted


def _ends_whole(path: Path) -> bool:
    """Return whether the file's last line is whole."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
