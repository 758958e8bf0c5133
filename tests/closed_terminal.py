"""A program on a pseudo-terminal that is closed under it without a hang-up signal."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType

from waiting import HANG, until

SIZE = (120, 36)


class Terminal:
    """It reads what the program writes only where it is asked to; hang-ups are ignored.

    Args:
        own: the terminal controls the program's session, as that of a login does.
        stderr: a file that the program's stderr goes to instead.
    """

    def __init__(
        self, *words: str, env: Mapping[str, str] | None = None, own: bool = False, stderr: int | None = None
    ) -> None:
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE[::-1], 0, 0))
        self.seen = b""

        def prepare() -> None:
            os.setsid()
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            if own:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            words,
            stdin=slave,
            stdout=slave,
            stderr=slave if stderr is None else stderr,
            preexec_fn=prepare,
            env={**os.environ, "TERM": "xterm-256color", **(env or {})},
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        if self.master >= 0:
            os.close(self.master)

    def shows(self, *wanted: bytes) -> bytes:
        """Read until all of that was written."""

        def look() -> bool:
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536)
            return all(one in self.seen for one in wanted)

        until(look, f"{wanted} in {self.seen[-2000:]!r}")
        return self.seen

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def full(self) -> bool:
        """Let the program write until the terminal takes no more: it waits for a reader."""
        before = -1
        while before != (before := self._waiting()):
            self.type(b"12" * 40)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.3)
        return before > 0

    def ends(self) -> int:
        """Read until the program has ended; its exit code."""

        def look() -> bool:
            with suppress(OSError):
                self.seen += os.read(self.master, 65536)
            return self.process.poll() is not None

        os.set_blocking(self.master, False)
        until(look, f"its end after {self.seen[-2000:]!r}")
        look()
        return self.process.wait()

    def _waiting(self) -> int:
        """Bytes that were written and not read."""
        found = fcntl.ioctl(self.master, termios.FIONREAD, b"\0\0\0\0")
        return int(struct.unpack("i", found)[0])

    def close(self) -> int:
        """Close the terminal; the program's exit code when it has ended."""
        os.close(self.master)
        self.master = -1
        return self.process.wait(HANG)
