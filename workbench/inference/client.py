"""Asking a run through a child process, so that whoever asks needs no torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from workbench.config.spec import RunSpec
from workbench.inference.protocol import (
    SKETCH,
    Begun,
    Cancel,
    Character,
    Describe,
    End,
    Error,
    Examples,
    Explain,
    Generate,
    Judged,
    Listed,
    Network,
    Predict,
    Ready,
    Reply,
    Request,
    Sketch,
    Sketched,
    Views,
    encode,
    reply,
)
from workbench.runs.store import Run, RunError

_SECONDS = 5.0  # for the child to end by itself once it is no longer asked


class Client:
    """A child that answers questions to a run. Every call waits: call it beside a screen, never on its loop.

    One question at a time; ``cancel`` and ``end`` alone may come from another thread while an answer is read.

    Args:
        run: whose best weights answer; none: only ``sketch`` is answered.

    Raises:
        RunError: the run cannot be asked; one sentence says why.
    """

    def __init__(self, run: Run | None = None) -> None:
        self._ids, self._under_way = count(1), 0
        who = f"Run {run.id}" if run else "A network"
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "workbench.inference.server", str(run.path) if run else SKETCH],
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
        """Raises: ValueError: the text cannot be answered; one sentence says why. RunError: the child is gone."""
        found = self._one(Predict(id=next(self._ids), text=text))
        assert isinstance(found, Views)
        return found

    def describe(self) -> Network:
        """Raises: RunError: the child is gone."""
        found = self._one(Describe(id=next(self._ids)))
        assert isinstance(found, Network)
        return found

    def sketch(self, described: RunSpec, data: Path | None = None) -> Sketched:
        """What the network of a run that is not made yet would consist of.

        Args:
            data: the data folder that the user named.

        Raises:
            ValueError: it cannot be built; one sentence says why. RunError: the child is gone.
        """
        raw = msgspec.Raw(msgspec.json.encode(described))
        found = self._one(Sketch(id=next(self._ids), spec=raw, data=str(data or "")))
        assert isinstance(found, Sketched)
        return found

    def explain(self, text: str) -> Views:
        """Raises: ValueError: it cannot be explained; one sentence says why. RunError: the child is gone."""
        found = self._one(Explain(id=next(self._ids), text=text))
        assert isinstance(found, Views)
        return found

    def generate(self, asked: Generate) -> Generator[Begun | Character | End, None, None]:
        """What it begins with, the characters as they are written, then the end; leaving early cancels it.

        Args:
            asked: ``id`` is this client's to choose; ``cancel`` ends what was asked last.

        Raises:
            ValueError: the beginning or a setting cannot be used; one sentence says why.
            RunError: the child is gone.
        """
        yield from self._step_by_step(asked, Begun, Character)

    def examples(self, asked: Examples) -> Generator[Judged | Listed | End, None, None]:
        """How far the child is, now and then, and the examples; leaving early cancels the search.

        Raises:
            ValueError: there are none to be had (no such class, the data are gone); one sentence says why.
            RunError: the child is gone.
        """
        yield from self._step_by_step(asked, Judged)

    def cancel(self) -> None:
        """End the generation, or the search for examples, that is under way; its iterator goes on to its end.

        Raises:
            RunError: the child is gone.
        """
        self._send(Cancel(id=self._under_way))

    def close(self) -> None:
        """Ask nothing more, and wait until the child has ended."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        with suppress(OSError):
            self._child.stdin.close()
        self._child.stdout.close()  # a child that still writes ends by it
        try:
            self._child.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def end(self) -> None:
        """Stop the child whatever it is about, from any thread; who waits for it is told that it is gone."""
        self._child.terminate()

    def _step_by_step(self, asked: Generate | Examples, *step: type[Reply]) -> Iterator[Any]:
        """The replies to what is answered step by step, ``step`` each, up to and with the one that is none."""
        self._under_way = number = next(self._ids)
        self._send(msgspec.structs.replace(asked, id=number))
        over = False
        try:
            while not over:
                found = self._receive()
                over = not isinstance(found, step)
                if isinstance(found, Error):
                    raise ValueError(found.message)
                yield found
        finally:
            if not over:
                with suppress(RunError):
                    self.cancel()
                    while isinstance(self._receive(), step):
                        pass

    def _one(self, asked: Request) -> Reply:
        self._send(asked)
        found = self._receive()
        if isinstance(found, Error):
            raise ValueError(found.message)
        return found

    def _send(self, asked: Request) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(encode(asked))
            self._child.stdin.flush()
        except (OSError, ValueError):
            raise RunError("The process that answers is gone: ask again.") from None

    def _receive(self) -> Reply:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line.endswith(b"\n"):
            raise RunError("The process that answers is gone: ask again.")
        return reply(line)
