"""Writer and reader of ``events.jsonl``: one line an event, appended whole, read from an offset. No torch."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from workbench.runs import folder
from workbench.runs.events import Event, decode_all, encode
from workbench.runs.folder import NotOpened

LONGEST = 64 << 20  # bytes of a line: no event is as long
_BLOCK = 4 << 20  # bytes read at a time
_RESERVE = 32 * 1024  # bytes given up on a full disk, so that the last events can still be written


class Journal:
    """Writer: one ``os.write`` a line on a descriptor opened to append."""

    def __init__(self, path: Path) -> None:
        self._reserve = path.with_name("reserve")
        self._file = folder.open_regular(path, "ab")
        self._torn = not _ends_whole(path)
        with suppress(OSError):
            self._reserve.unlink(missing_ok=True)
            with folder.open_regular(self._reserve, "xb") as reserve:
                reserve.write(b"\0" * _RESERVE)

    def append(self, event: Event) -> None:
        """Write an event.

        Raises:
            OSError: the disk is full (or worse); what was there before is untouched.
        """
        line = b"\n" * self._torn + encode(event)
        written = os.write(self._file.fileno(), line)
        self._torn = written < len(line)
        if self._torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self) -> None:
        """Flush what was appended to the disk."""
        os.fsync(self._file.fileno())

    def give_up_reserve(self) -> None:
        """Free the reserved bytes on a full disk."""
        with suppress(OSError):
            self._reserve.unlink()

    def close(self) -> None:
        """Close the file and free the reserve."""
        self.give_up_reserve()
        self._file.close()


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
            most: largest number of bytes to read; -1: all, but no more than ``LONGEST``.

        Returns:
            the events, and whether the file is another one now, from its beginning.
        """
        self.behind = False
        try:
            stat = folder.status(self._path)
        except FileNotFoundError:
            return [], False
        restarted = self._inode not in (-1, stat.st_ino) or stat.st_size < self._offset
        if restarted:
            self._offset, self._unfinished = 0, b""
        self._inode = stat.st_ino
        if stat.st_size == self._offset:
            return [], restarted
        with folder.open_regular(self._path) as file:
            file.seek(self._offset)
            new = file.read(most if most >= 0 else LONGEST)
        self._offset += len(new)
        self.behind = self._offset < stat.st_size
        lines, end, self._unfinished = (self._unfinished + new).rpartition(b"\n")
        if len(self._unfinished) > LONGEST:
            raise too_long(self._path)
        return decode_all(lines + end), restarted

    def read_all(self) -> Iterator[list[Event]]:
        """Yield the events since the last call, block by block.

        Raises:
            RunError, OSError: the file cannot be read.
        """
        self.behind = True
        while self.behind:
            yield self.read(_BLOCK)[0]


def too_long(path: Path) -> NotOpened:
    """Return the error for an events file with a line that no event is as long as."""
    return NotOpened(path, f"{path.name} has a line of more than {LONGEST >> 20} MiB.")


def _ends_whole(path: Path) -> bool:
    """Return whether the file's last line is whole."""
    with folder.open_regular(path) as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
