"""Client of an inference server in a child process, so that its caller needs no torch."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from workbench.config.spec import RunSpec
from workbench.inference.protocol import (
    SUMMARIES,
    Begun,
    Cancel,
    Character,
    Describe,
    End,
    Error,
    Examples,
    Explain,
    FindUnits,
    Generate,
    Inspect,
    Inspected,
    Judged,
    Listed,
    Network,
    NetworkSummary,
    NetworkSummaryRequest,
    Predict,
    Ready,
    Reply,
    Request,
    UnitsFound,
    Views,
    encode,
    reply,
)
from workbench.runs.checkpoints import BEST
from workbench.runs.folder import RunError
from workbench.runs.run import Run

T = TypeVar("T")
_GONE = "The process that answers is gone: ask again."


class Cancelled(ValueError):
    """The request was cancelled. The message is one plain sentence."""


_GRACE = 5.0  # seconds for the child to end by itself once its stdin is closed


class Client:
    """An inference server in a child process. Every call waits: make it on a thread beside the screen.

    One request at a time; ``cancel`` and ``end`` alone may be called on another thread while replies are read.

    Args:
        run: whose weights answer; none: only ``network_summary`` is answered.
        at: the weights: ``best``, ``last``, or the step of an evaluation that is kept.

    Raises:
        RunError: the server cannot be started, or the run has no weights; one sentence says why.
    """

    def __init__(self, run: Run | None = None, at: str = BEST) -> None:
        self._ids, self._under_way = count(1), 0
        self._sending = threading.Lock()
        who = f"Run {run.id}" if run else "A network"
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "workbench.inference.server", str(run.path) if run else SUMMARIES, at],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise RunError(f"{who} cannot be asked: no process could be started ({error.strerror}).") from None
        try:
            first = self._receive()
            if not isinstance(first, Ready):
                raise RunError(first.message if isinstance(first, Error) else f"{who} cannot be asked.")
        except RunError:
            self.close()
            raise
        self.writes = first.writes

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def predict(self, text: str) -> Views:
        """Return the views of a prediction.

        Raises:
            ValueError: the text cannot be answered; one sentence says why.
            RunError: the child is gone.
        """
        return self._request(Predict(id=next(self._ids), text=text), Views)

    def describe(self) -> Network:
        """Return the network's printout and the number of its parameters.

        Raises:
            RunError: the child is gone.
        """
        return self._request(Describe(id=next(self._ids)), Network)

    def network_summary(self, described: RunSpec, data: Path | None = None) -> NetworkSummary:
        """Summarise the network of a run that is not made yet.

        Args:
            data: the data folder that the user named.

        Raises:
            ValueError: it cannot be built; one sentence says why.
            RunError: the child is gone.
        """
        raw = msgspec.Raw(msgspec.json.encode(described))
        return self._request(NetworkSummaryRequest(id=next(self._ids), spec=raw, data=str(data or "")), NetworkSummary)

    def explain(self, text: str) -> Views:
        """Return the views that explain a text, character by character and by rule.

        Raises:
            ValueError: it cannot be explained; one sentence says why.
            RunError: the child is gone.
        """
        return self._request(Explain(id=next(self._ids), text=text), Views)

    def generate(self, request: Generate) -> Generator[Begun | Character | End, None, None]:
        """Yield the beginning, the characters as they are written, then the end; leaving early cancels it.

        Args:
            request: its ``id`` is replaced by this client's own.

        Raises:
            ValueError: the beginning or a setting cannot be used; one sentence says why.
            RunError: the child is gone.
        """
        yield from self._stream(request, Begun, Character)

    def examples(self, request: Examples) -> Generator[Judged | Listed | End, None, None]:
        """Yield how many rows are classified, now and then, and the examples; leaving early cancels the search.

        Raises:
            ValueError: there are none to be had (no such class, the data are gone); one sentence says why.
            RunError: the child is gone.
        """
        yield from self._stream(request, Judged)

    def inspect(self, request: Inspect) -> Inspected:
        """Return gates, states, answers and contributions on a sequence.

        Args:
            request: its ``id`` is replaced by this client's own.

        Raises:
            ValueError: the sequence cannot be read; one sentence says why.
            RunError: the child is gone.
        """
        return self._request(msgspec.structs.replace(request, id=next(self._ids)), Inspected)

    def find_units(self, request: FindUnits) -> Generator[Judged | UnitsFound | End, None, None]:
        """Yield how many rows are read, then the units that go with each trait; leaving early cancels the search.

        Raises:
            ValueError: the rows cannot be had or read; one sentence says why.
            RunError: the child is gone.
        """
        yield from self._stream(request, Judged)

    def cancel(self) -> None:
        """End the request that is under way, from another thread: its call raises ``Cancelled``.

        The iterator of a generation or of a search for examples yields its last reply instead.

        Raises:
            RunError: the child is gone.
        """
        with self._sending:
            under_way = self._under_way
        self._send(Cancel(id=under_way))

    def close(self) -> None:
        """Send no more requests, and wait until the child has ended."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        with suppress(OSError):
            self._child.stdin.close()
        self._child.stdout.close()  # a child that still writes ends by it
        try:
            self._child.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def end(self) -> None:
        """Terminate the child, from any thread; a call that waits for a reply raises ``RunError``."""
        self._child.terminate()

    def _stream(self, request: Generate | Examples | FindUnits, *steps: type[Reply]) -> Iterator[Any]:
        """Yield the replies of the types ``steps``, and the first other one, which is the last."""
        self._send(msgspec.structs.replace(request, id=next(self._ids)))
        over = False
        try:
            while not over:
                received = self._receive()
                over = not isinstance(received, steps)
                if isinstance(received, Error):
                    raise ValueError(received.message)
                yield received
        finally:
            if not over:
                with suppress(RunError):
                    self.cancel()
                    while isinstance(self._receive(), steps):
                        pass

    def _request(self, request: Request, expected: type[T]) -> T:
        self._send(request)
        received = self._receive()
        if isinstance(received, Error):
            raise ValueError(received.message)
        if isinstance(received, End):
            raise Cancelled("The request was cancelled.")
        assert isinstance(received, expected)
        return received

    def _send(self, request: Request) -> None:
        assert self._child.stdin is not None
        try:
            with self._sending:
                self._under_way = request.id
                self._child.stdin.write(encode(request))
                self._child.stdin.flush()
        except (OSError, ValueError):
            raise RunError(_GONE) from None

    def _receive(self) -> Reply:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line.endswith(b"\n"):
            raise RunError(_GONE)
        return reply(line)
