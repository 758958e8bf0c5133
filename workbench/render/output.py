"""Gate through which every text leaves on stdout and stderr. No Rich.

``guard`` puts it in place at the start of the program: whatever is printed there is printable, is encoded with ASCII in
place of what the terminal lacks, and fails in one way. Only what makes a terminal's own sequences (Rich, tqdm,
prompt_toolkit) is given the stream behind it, by ``unguarded``; Rich's texts pass ``workbench.render.console``.
"""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NoReturn, TextIO

from workbench import descriptors
from workbench.render.text import printable

_ERRORS = "workbench-substitute"


class Unwritable(Exception):
    """Failure to write on stdout. The message is one plain sentence."""


class Output:
    """Standard stream whose failures are told once: stdout's to the program, stderr's to nobody."""

    def __init__(self, stream: TextIO, *, name: str, closed: bool) -> None:
        self._stream, self._name = stream, name
        self._failure = ""
        self.lacking = closed and name == "stdout"  # what is written is lost, which a command that prints must tell

    def write(self, text: str) -> int:
        if not text:
            return 0
        if self.lacking:
            raise Unwritable("stdout cannot be written: it is closed.")
        try:
            return self._stream.write(text)
        except OSError as error:
            self._fail(error)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        """Lose what cannot be written, so that no later flush fails on it again.

        Raises:
            BrokenPipeError: stdout's reader is gone.
            Unwritable: stdout cannot be written for another reason.
        """
        self.discard()
        if self._name == "stderr":
            return
        if isinstance(error, BrokenPipeError):
            raise error
        self._failure = f"{self._name} cannot be written: {error.strerror}."
        raise Unwritable(self._failure) from None

    def finish(self) -> None:
        """Write what waits to be written.

        Raises:
            BrokenPipeError, Unwritable: as ``_fail``, also for an earlier failure that a library kept to itself.
        """
        self.flush()
        if self._failure:
            raise Unwritable(self._failure)

    def discard(self) -> None:
        """Send to the null device what is written from now on, and what waits to be."""
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class PrintableOutput(Output):
    """Standard stream on which only line breaks and tabs are not printable. It has no ``buffer``, to pass it by."""

    def __init__(self, unguarded: Output) -> None:
        self.unguarded = unguarded

    def write(self, text: str) -> int:
        self.unguarded.write(_printable(text))
        return len(text)

    def flush(self) -> None:
        self.unguarded.flush()

    def __getattr__(self, name: str) -> Any:
        if name in ("buffer", "detach", "unguarded"):
            raise AttributeError(name)
        return getattr(self.unguarded, name)


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))


def guard() -> None:
    """Put the gate before stdout and stderr."""
    codecs.register_error(_ERRORS, _substitute)
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if isinstance(stream, PrintableOutput):
            continue
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_ERRORS)
        output = Output(stream, name=name, closed=number in descriptors.closed)
        setattr(sys, name, PrintableOutput(output))


def unguarded(stream: Any) -> Any:
    """Return the stream behind the gate, for a library that writes a terminal's sequences itself."""
    return getattr(stream, "unguarded", stream)


def do_without_stdout() -> None:
    """Let a command go on whose work is done without a stdout: a training's results are in its folder."""
    if isinstance(output := unguarded(sys.stdout), Output):
        output.lacking = False


def finish() -> None:
    """Write what waits to be written.

    Raises:
        BrokenPipeError, Unwritable: as ``Output.finish``.
    """
    sys.stderr.flush()
    if isinstance(output := unguarded(sys.stdout), Output):
        output.finish()


def discard() -> None:
    """Lose what waits for stdout: its reader is gone."""
    if isinstance(output := unguarded(sys.stdout), Output):
        output.discard()


def leave(code: int) -> NoReturn:
    """End the program, after writing what waits to be written; what cannot be is not told twice."""
    with suppress(Unwritable, OSError):
        finish()
    sys.exit(code)


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """Encode what an encoding lacks as ASCII that looks like it, else as question marks."""
    from workbench.render.ascii import substitute

    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(substitute, error.object[error.start : error.end])), error.end
