"""Asking a run for examples: its child is opened when first asked, kept, and opened anew when the weights changed."""

from __future__ import annotations

import threading
from contextlib import closing

from workbench.inference.client import Client
from workbench.inference.protocol import Examples, Judged, Listed
from workbench.runs.store import Run, RunError


class Asker:
    """A run's child. ``ask`` waits: call it beside the screen; the rest is called on the screen's loop."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._client: Client | None = None
        self._mark: object = None  # of the weights that the child has read
        self._turn = threading.Lock()
        self.wanted: Examples | None = None  # the newest question: an older one gives way to it
        self.heard: Judged | None = None  # how far the child is

    def ask(self, asked: Examples) -> Listed | None:
        """The examples; ``None`` where another question is ``wanted`` by now.

        Raises:
            ValueError, RunError: there are none to be had; one sentence says why.
        """
        with self._turn:
            self.heard = None
            if self.wanted is not asked:
                return None
            client = self._opened()
            try:
                with closing(client.examples(asked)) as replies:
                    for reply in replies:
                        if isinstance(reply, Listed) or self.wanted is not asked:
                            return reply if isinstance(reply, Listed) else None
                        self.heard = reply if isinstance(reply, Judged) else None
            except RunError:
                self._close()
                raise
        return None

    def leave(self) -> None:
        """End the child, whatever it is about, without waiting for it."""
        self.wanted = None
        if self._client is not None:
            self._client.end()
        threading.Thread(target=self._left, daemon=True).start()

    def _left(self) -> None:
        with self._turn:
            self._close()

    def _opened(self) -> Client:
        mark = self._weights()
        if self._client is None or mark != self._mark:
            self._close()
            self._client, self._mark = Client(self._run), mark
        return self._client

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _weights(self) -> object:
        try:
            stat = self._run.best_file.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns
