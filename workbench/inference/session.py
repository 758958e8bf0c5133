"""Inference session: a child process that is kept open between requests, and reopened when the weights change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from workbench.inference.client import Client
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
    def request(self, run: Run | None = None) -> Iterator[Client]:
        """Lend the client for one request; other requests wait until it is given back.

        Args:
            run: whose best weights answer; none: the server summarises networks alone.

        Raises:
            RunError: the run has no weights, the server is gone, or the session was closed meanwhile;
                one sentence says which.
        """
        generation = self._generation
        with self._one_request:
            client = self._open(run, generation)
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

    def _open(self, run: Run | None, generation: object) -> Client:
        if generation is self._generation:
            opened_for = generation, _weights(run)
            if self._client is None or opened_for != self._opened_for:
                self._discard()
                self._client, self._opened_for = Client(run), opened_for
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


def _weights(run: Run | None) -> tuple[object, ...]:
    """Return the identity of a run's best weights: training replaces the file when it finds better ones."""
    if run is None:
        return ()
    try:
        stat = run.best_file.stat()
    except OSError:
        return (run.path,)
    return run.path, stat.st_ino, stat.st_mtime_ns
