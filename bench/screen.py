"""A program on a pseudo-terminal whose screen is read: what the benchmarks of the screen share."""

from __future__ import annotations

import fcntl
import os
import queue
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import pyte

WORKBENCH = str(Path(sys.executable).with_name("workbench"))
Seen = Callable[[pyte.Screen], bool]
# the last: a program that compiles its sources at every start is nobody's
_NOT_PASSED_ON = ("COLUMNS", "LINES", "NO_COLOR", "PYTHONDONTWRITEBYTECODE")
sys.setswitchinterval(0.0005)  # the reader notes the moment at which something came


class Program:
    """It runs until it is closed. A thread takes what it writes at once; it is interpreted when asked for."""

    def __init__(self, *words: object, size: tuple[int, int] = (120, 36), env: Mapping[str, str] | None = None) -> None:
        self._master, slave = os.openpty()
        columns, rows = size
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        here = {key: value for key, value in os.environ.items() if key not in _NOT_PASSED_ON}
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._came: queue.Queue[tuple[float, bytes]] = queue.Queue()
        self._spent: dict[float, float] = {}
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            [str(word) for word in words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**here, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})},
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._take, daemon=True)
        self._reader.start()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(5)  # or it would read what the next program writes
        os.close(self._master)

    def _take(self) -> None:
        clock = (~self.process.pid << 3) | 2  # Linux: of all threads of a process
        with suppress(OSError):
            while new := os.read(self._master, 65536):
                moment = time.perf_counter()
                self._spent[moment] = time.clock_gettime(clock)
                self._came.put((moment, new))

    def spent(self, moment: float) -> float:
        """Seconds of processor time that the program itself, without its children, had used when something came."""
        return self._spent[moment]

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def until(self, seen: Seen, seconds: float = 30) -> float:
        """When that was first to be seen.

        Raises:
            TimeoutError: it was not.
        """
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            with suppress(queue.Empty):
                moment, new = self._came.get(timeout=left)
                self._stream.feed(new)
                if seen(self.screen):
                    return moment
        raise TimeoutError(f"It did not appear within {seconds:g} seconds on:\n{self.text}")

    def shows(self, *words: str, seconds: float = 30) -> float:
        """When all of the words stood on the screen."""
        if all(word in self.text for word in words):
            return time.perf_counter()
        return self.until(lambda _: all(word in self.text for word in words), seconds)

    def rest(self, seconds: float = 0.4, most: float = 20) -> None:
        """Read until nothing came for a while."""
        end = time.perf_counter() + most
        with suppress(queue.Empty):
            while time.perf_counter() < end:
                self._stream.feed(self._came.get(timeout=seconds)[1])

    def type(self, keys: str) -> float:
        """Press keys; when."""
        moment = time.perf_counter()
        os.write(self._master, keys.encode())
        return moment

    def effect(self, keys: str, seen: Seen, seconds: float = 0.6) -> float | None:
        """Seconds from a key to what it leads to; nothing is interpreted meanwhile, so that nothing is in its way."""
        while not self._came.empty():
            self._stream.feed(self._came.get()[1])
        pressed = self.type(keys)
        time.sleep(seconds)
        found = None
        while not self._came.empty():
            moment, new = self._came.get()
            self._stream.feed(new)
            if found is None and seen(self.screen):
                found = moment - pressed
        return found

    def cpu(self) -> float:
        """Seconds of a core that it has used, with its children, those that have ended among them."""
        own = psutil.Process(self.process.pid)
        times = [one.cpu_times() for one in (own, *self.children())]
        ended = times[0].children_user + times[0].children_system
        return ended + sum(one.user + one.system for one in times)

    def children(self) -> list[psutil.Process]:
        """The processes that it has started and that live."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def megabytes(self) -> float:
        """What it holds in memory now."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6


def starter_data(cache: str) -> None:
    """What is started from here reads the small starter data, and downloads nothing."""
    os.environ.pop("WORKBENCH_DATA", None)
    os.environ.update({"WORKBENCH_CACHE": cache, "WORKBENCH_MIRROR": "http://127.0.0.1:9"})


def table(head: tuple[str, ...], *rows: tuple[object, ...]) -> None:
    """Print a small table."""
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
