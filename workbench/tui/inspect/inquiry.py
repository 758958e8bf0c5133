"""Inquiries about one run's weights, answered in a child process: the newest alone counts."""

from __future__ import annotations

import threading
from contextlib import closing, suppress

from workbench.inference.client import Cancelled, Client
from workbench.inference.protocol import FindUnits, Inspect, Judged, UnitsFound
from workbench.inference.session import InferenceSession
from workbench.runs.folder import RunError
from workbench.runs.inspections import Inspection, UnitSearch
from workbench.tui.inspect.weights import Weights


class Inquiry:
    """Inspections by one run's weights. ``inspect`` waits: call it on a thread beside the screen."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._session = InferenceSession()
        self._wanted = 0  # number of the newest request
        self._asked: Client | None = None  # while it is at work
        self._handing = threading.Lock()

    def renew(self) -> int:
        """Drop what is under way, and return the number of the next request."""
        with self._handing:
            self._wanted += 1
            if self._asked is not None:
                with suppress(RunError):
                    self._asked.cancel()
            return self._wanted

    def inspect(self, number: int, request: Inspect) -> Inspection | None:
        """Return an inspection; ``None`` where a newer request has come meanwhile.

        Raises:
            ValueError, RunError: it cannot be had; one sentence says why.
        """
        weights = self.weights
        if number != self._wanted:
            return None
        with self._session.request(weights.run, weights.at) as client:
            with self._handing:
                if number != self._wanted:
                    return None
                self._asked = client
            try:
                found = client.inspect(request).inspection
            except (Cancelled, ValueError):
                if number != self._wanted:
                    return None
                raise
            finally:
                with self._handing:
                    self._asked = None
        return found if number == self._wanted else None

    def close(self) -> None:
        """Give up what is under way and end the child, without waiting for it."""
        self._wanted += 1
        self._session.close()


class UnitInquiry:
    """Search for the units that go with a trait, in a child of its own: texts are inspected meanwhile."""

    def __init__(self) -> None:
        self._session = InferenceSession()
        self.weights: Weights | None = None  # whose units are being searched; none: no search is wanted
        self.progress: Judged | None = None

    def find(self, weights: Weights, request: FindUnits) -> UnitSearch | None:
        """Return the units; ``None`` where the search was given up. It waits.

        Raises:
            ValueError, RunError: there are none to be had; one sentence says why.
        """
        with self._session.request(weights.run, weights.at) as client:
            self.progress = None
            if self.weights is not weights:
                return None
            with closing(client.find_units(request)) as replies:  # leaving it early cancels the search
                for reply in replies:
                    if isinstance(reply, UnitsFound):
                        return reply.found
                    if self.weights is not weights:
                        return None
                    self.progress = reply if isinstance(reply, Judged) else None
        return None

    def close(self) -> None:
        """Give up the search and end the child, without waiting for it."""
        self.weights = None
        self._session.close()
