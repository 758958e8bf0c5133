"""Inference session: a child process that is kept open between requests, and reopened when the weights change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from workbench.inference.client import Client
from workbench.runs.checkpoints import BEST, LAST
from workbench.runs.folder import RunError
from workbench.runs.run import Run


class InferenceSession:
    """An inference server's client, opened by the first request and kept for the next ones.

    It is opened anew for another run, after the run's best weights were replaced, and after the server ended.
    Requests wait: make them on a thread beside the screen. ``close`` returns at once, on any thread.
    """

    def __init__(self) -> None:
        self._client: Client | None = None
        self._opened_for: tuple[object, tuple[object, ...]] | None = None  # generation and weights of the client
        self._one_request = threading.Lock()
        self._generation = object()  # replaced by each ``close``

    @contextmanager
    def request(self, run: Run | None = None, at: str = BEST) -> Iterator[Client]:
        """Lend the client for one request; other requests wait until it is given back.

        Args:
            run: whose weights answer; none: the server summarises networks alone.
            at: the weights: ``best``, ``last``, or the step of an evaluation that is kept.

        Raises:
            RunError: the run has no weights, the server is gone, or the session was closed meanwhile;
                one sentence says which.
        """
        generation = self._generation
        with self._one_request:
            client = self._open(run, at, generation)
            try:
                yield client
            except RunError:
                self._discard()
                raise

    def close(self) -> None:
        """End the server and whatever it does, without waiting for it; a later request opens another."""
        self._generation = object()
        if self._client is not None:
            self._client.end()
        threading.Thread(target=self._discard_closed, daemon=True).start()

    def _open(self, run: Run | None, at: str, generation: object) -> Client:
        if generation is self._generation:
            opened_for = generation, _weights(run, at)
            if self._client is None or opened_for != self._opened_for:
                self._discard()
                self._client, self._opened_for = _client(run, at), opened_for
        if generation is not self._generation or self._client is None:  # what was opened, ``close`` discards
            raise RunError("The inference session was closed: ask again.")
        return self._client

    def _discard(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _discard_closed(self) -> None:
        with self._one_request:
            if self._opened_for is None or self._opened_for[0] is not self._generation:
                self._discard()


def _client(run: Run | None, at: str) -> Client:
    return Client(run) if at == BEST else Client(run, at)


def _weights(run: Run | None, at: str) -> tuple[object, ...]:
    """Return the identity of a run's weights: training replaces the file of the best when it finds better ones."""
    if run is None:
        return ()
    try:
        stat = (run.last_file if at == LAST else run.best_file).stat()
    except OSError:
        return run.path, at
    return (run.path, at) if at not in (BEST, LAST) else (run.path, at, stat.st_ino, stat.st_mtime_ns)
