"""Files opened and unpacked within the memory at hand. No torch."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import IO, Protocol

from tasks.base import DataError
from tasks.shared import memory

CHUNK = 1 << 20  # bytes
_PARSED = 8  # bytes of memory that a byte of text takes at most while it is parsed
_RATIO = 50  # of unpacked to packed bytes; texts and tables pack to a third or a tenth
_SMALL = 256 << 20  # bytes that are unpacked whatever the ratio is


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes; none at its end."""
        ...


def opened(path: Path) -> io.BufferedReader:
    """Open a file for reading; a link to one is followed, a pipe or a device is not waited for.

    Raises:
        DataError: it is a pipe or a device.
        OSError: it cannot be opened, or is a folder.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise DataError(f"{path} is a pipe or a device: put the file itself there.")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def whole(path: Path) -> bytes:
    """Return all bytes of a file.

    Raises:
        DataError: it is a pipe or a device, or larger than the memory at hand allows.
        OSError: it cannot be read.
    """
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > CHUNK:  # to ask what is at hand costs more than reading a small file
            reading = f"Reading {path} ({memory.amount(size)})"
            memory.require(size * _PARSED, reading, "give a smaller file, or a part of it")
        return file.read(size)


class Allowance:
    """Bytes that may be unpacked from one file: by the memory at hand, and by what texts ever pack to.

    Args:
        path: the packed file, named in messages.
        packed: its size in bytes.
    """

    def __init__(self, path: Path, packed: int) -> None:
        self._path = path
        chosen = memory.set_limit()
        self._memory = (memory.at_hand() if chosen is None else chosen) // _PARSED
        self._chosen = chosen is not None
        self._ratio = None if chosen is not None else max(_SMALL, _RATIO * packed)
        self._streamed = self._kept = 0

    def stream(self, size: int) -> None:
        """Take in bytes that are unpacked and passed on.

        Raises:
            MemoryLimitError: they are more than a file of this size can reasonably hold.
        """
        self._check_ratio(self._streamed + size)
        self._streamed += size

    def keep(self, size: int) -> None:
        """Take in bytes that stay in memory.

        Raises:
            MemoryLimitError: they need more than is at hand.
        """
        self._check_memory(self._kept + size)
        self._kept += size

    def foresee(self, size: int) -> None:
        """Refuse a member of the archive by the size that it says it has, before any of it is unpacked.

        Raises:
            MemoryLimitError: it is more than may be unpacked or kept.
        """
        self._check_ratio(self._streamed + size)
        self._check_memory(self._kept + size)

    def _check_ratio(self, size: int) -> None:
        if self._ratio is not None and size > self._ratio:
            raise memory.MemoryLimitError(
                f"{self._path} unpacks to more than {memory.amount(self._ratio)}, {_RATIO} times its size or more, as "
                "no text does: look at what it is, and fetch it again; if it is right, say what memory may be used "
                f"with {memory.VARIABLE} (gigabytes, or none for no limit)."
            )

    def _check_memory(self, size: int) -> None:
        if size > self._memory:
            have = memory.amount(self._memory * _PARSED)
            there = f"{memory.VARIABLE} allows {have}" if self._chosen else f"{have} are at hand"
            raise memory.MemoryLimitError(
                f"{self._path} unpacks to more than {memory.amount(self._memory)}, which takes {_PARSED} times as much "
                f"memory to read, and {there}: give a smaller file, or say what may be used with {memory.VARIABLE} "
                "(gigabytes, or none for no limit)."
            )


class Metered:
    """A stream of unpacked bytes that counts against an allowance."""

    def __init__(self, stream: Readable, allowance: Allowance) -> None:
        self._stream, self._allowance = stream, allowance

    def read(self, size: int = CHUNK, /) -> bytes:
        """Return the next bytes."""
        read = self._stream.read(size)
        self._allowance.stream(len(read))
        return read


class MeteredFile(io.RawIOBase):
    """A stream of unpacked bytes that counts against an allowance, as a file of Python's."""

    def __init__(self, stream: IO[bytes], allowance: Allowance) -> None:
        self._metered = Metered(stream, allowance)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        read = self._metered.read(min(len(view), CHUNK))
        view[: len(read)] = read
        return len(read)


def unpacked(stream: Readable, allowance: Allowance, *, metered: bool = True) -> bytes:
    """Return all bytes of a stream, read in chunks.

    Args:
        metered: they count as streamed too.

    Raises:
        MemoryLimitError: they are more than the allowance.
    """
    content = io.BytesIO()
    while chunk := stream.read(CHUNK):
        if metered:
            allowance.stream(len(chunk))
        allowance.keep(len(chunk))
        content.write(chunk)
    return content.getvalue()
