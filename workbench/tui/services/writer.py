"""One network held open in a child process, writing beside the screen."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial

from workbench.inference.client import Client
from workbench.inference.protocol import Begun, Character, End, Generate
from workbench.runs.store import Run, RunError
from workbench.tui.services.threads import run_in_thread


class Pen:
    """Opens a run's network when it is first to write, and keeps it as long as the same one writes.

    Every call waits: make it beside the screen.
    """

    def __init__(self) -> None:
        self._client: Client | None = None
        self._held: object = None  # the weights that it has open
        self._one_at_a_time = threading.Lock()

    def write(
        self,
        run: Run,
        asked: Generate,
        stopped: threading.Event,
        opened: Callable[[], None],
        told: Callable[[Begun | Character], None],
    ) -> End:
        """Write until the network ends its text, or until ``stopped`` is set.

        Args:
            opened: called when the network is ready to write.
            told: called with what it begins with, then with each character that it writes.

        Raises:
            RunError: the run cannot be asked, or its process is gone; one sentence says why.
            ValueError: the beginning or a setting cannot be used; one sentence says why.
        """
        with self._one_at_a_time:
            client = self._open(run)
            opened()
            try:
                return _write(client, asked, stopped, told)
            except RunError:
                self._close()
                raise

    def close(self) -> None:
        """End the child; a network that is asked again is opened anew."""
        with self._one_at_a_time:
            self._close()

    def _open(self, run: Run) -> Client:
        weights = _weights(run)
        if self._client is None or weights != self._held:
            self._close()
            self._client, self._held = Client(run), weights
        return self._client

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


async def streamed(
    pen: Pen, run: Run, asked: Generate, stopped: threading.Event, opened: Callable[[], None]
) -> AsyncIterator[Begun | Character | End]:
    """What a pen tells, on the screen's loop: the beginning, each character, the end.

    Raises:
        RunError, ValueError: as ``Pen.write``.
    """
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[Begun | Character | None] = asyncio.Queue()

    def here(call: Callable[..., None], *what: object) -> None:
        with suppress(RuntimeError):  # the screen has been left
            loop.call_soon_threadsafe(call, *what)

    work = partial(pen.write, run, asked, stopped, partial(here, opened), partial(here, told.put_nowait))
    writing = asyncio.ensure_future(run_in_thread(work))
    writing.add_done_callback(lambda _: told.put_nowait(None))
    try:
        while (reply := await told.get()) is not None:
            yield reply
        yield await writing
    finally:
        writing.cancel()


def _write(client: Client, asked: Generate, stopped: threading.Event, told: Callable[[Begun | Character], None]) -> End:
    over = End(reason="cancelled")
    if stopped.is_set():
        return over
    replies = client.generate(asked)
    try:
        for reply in replies:
            if stopped.is_set():
                break
            if isinstance(reply, End):
                over = reply
            else:
                told(reply)
    finally:
        replies.close()  # what is left of it is cancelled
    return over


def _weights(run: Run) -> object:
    """Which weights a run has now: a training replaces them when it finds better ones."""
    try:
        now = run.best_file.stat()
    except OSError:
        return run.path, None
    return run.path, now.st_ino, now.st_mtime_ns
