"""Driver of the terminal: it draws where the terminal is, and ends with it."""

from __future__ import annotations

import codecs
import os
import selectors
import signal
import sys
import termios
import threading
from contextlib import suppress
from functools import cache
from io import TextIOWrapper
from types import FrameType
from typing import Any

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from workbench.render.terminal_gone import end_with_terminal, leave

_TICK = 0.1  # seconds after which a lone Esc is a key
_TO_LEAVE = 2.0  # seconds within which the screen ends after SIGTERM, whether or not the terminal reads


class TerminalDriver(LinuxDriver):
    """Textual's driver, drawing on the terminal whatever stderr is; without a terminal the process ends."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._file = self._out = _drawing_stream()
        self._guarded = False

    def start_application_mode(self) -> None:
        if not self._guarded:  # it starts again after each Ctrl-Z
            self._guarded = True
            end_with_terminal((self.fileno, self._out.fileno()))
        super().start_application_mode()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGTERM, self._terminate)

    def _terminate(self, number: int, _: FrameType | None) -> None:
        """Leave; where the terminal takes nothing more, without putting it in order."""
        timer = threading.Timer(_TO_LEAVE, self._end, (128 + number,))
        timer.daemon = True
        timer.start()
        self._loop.call_soon_threadsafe(self._app.exit)

    def _end(self, code: int) -> None:
        if self.attrs_before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        os._exit(code)

    def run_input_thread(self) -> None:
        """Turn what is typed into messages; bytes that are no text in the terminal's encoding are replaced."""
        parser = XTermParser(self._debug)
        decode = codecs.getincrementaldecoder(encoding())(errors="replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(_TICK):
                    for message in parser.feed(decode(self._read())):
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)

    def _read(self) -> bytes:
        """Read what is there; where it is the end, there is no terminal any more, or not for this process."""
        try:
            typed = os.read(self.fileno, 4096)
        except OSError:
            leave()
        return typed or leave()


@cache
def drawing_descriptor() -> int:
    """Return the descriptor of the terminal that the screen is drawn on: that of stderr, of stdout, or a new one.

    Raises:
        OSError: there is no terminal.
    """
    for stream in (sys.__stderr__, sys.__stdout__):
        with suppress(OSError, ValueError, AttributeError):
            if stream.isatty():  # type: ignore[union-attr]
                return stream.fileno()  # type: ignore[union-attr]
    return os.open("/dev/tty", os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)


def encoding() -> str:
    """Return the encoding of what is typed and drawn: that of stdout."""
    return getattr(sys.__stdout__, "encoding", None) or "utf-8"


def _drawing_stream() -> TextIOWrapper:
    return open(drawing_descriptor(), "w", encoding=encoding(), errors="replace", newline="", closefd=False)
