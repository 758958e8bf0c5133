"""Search for the examples in a cell of the confusion matrix, by the network itself."""

from __future__ import annotations

from contextlib import closing

from workbench.inference.protocol import Examples, Judged, Listed
from workbench.inference.session import InferenceSession
from workbench.runs.run import Run


class ExampleSearch:
    """One search at a time; the newest request wins. ``find`` waits: call it on a thread beside the screen."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._session = InferenceSession()
        self.requested: Examples | None = None  # the newest request: an older one gives way to it
        self.progress: Judged | None = None

    def find(self, request: Examples) -> Listed | None:
        """Return the examples; ``None`` where another request is ``requested`` by now.

        Raises:
            ValueError, RunError: there are none to be had; one sentence says why.
        """
        with self._session.request(self._run) as client:
            self.progress = None
            if self.requested is not request:
                return None
            with closing(client.examples(request)) as replies:  # leaving it early cancels the search
                for reply in replies:
                    if isinstance(reply, Listed):
                        return reply
                    if self.requested is not request:
                        return None
                    self.progress = reply if isinstance(reply, Judged) else None
        return None

    def close(self) -> None:
        """Give up the search and end the session, without waiting for it."""
        self.requested = None
        self._session.close()
