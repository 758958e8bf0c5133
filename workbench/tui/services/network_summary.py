"""What networks would consist of, asked of one child that is kept while the Lab is shown. No torch here."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

from workbench.config.spec import RunSpec
from workbench.inference.client import Client
from workbench.inference.protocol import Sketched
from workbench.runs.store import RunError
from workbench.tui.services.threads import run_in_thread


class Sketcher:
    """Answers one question at a time; its child is started by the first one.

    Args:
        data: the data folder that the user named.
    """

    def __init__(self, data: Path | None) -> None:
        self._data = data
        self._client: Client | None = None
        self._closed = False

    async def sketch(self, described: RunSpec) -> Sketched:
        """What the network of ``described`` would consist of.

        Raises:
            ValueError: it cannot be built; one sentence says why. RunError: there is no child to ask any more.
        """
        return await run_in_thread(partial(self._ask, described))

    def close(self) -> None:
        """Let the child end, and do not wait for it."""
        self._closed = True
        if self._client is not None:
            threading.Thread(target=self._client.close, daemon=True).start()

    def _ask(self, described: RunSpec) -> Sketched:
        if self._client is None:
            client = Client()
            if self._closed:
                client.close()
                raise RunError("Nobody asks any more.")
            self._client = client
        try:
            return self._client.sketch(described, self._data)
        except RunError:
            if not self._closed:
                self._client.close()
            self._client = None  # the next question starts another
            raise
