"""Question that the networks are asked: a text or a row, and the answer whose contributions are measured."""

from __future__ import annotations

import msgspec

from workbench.inference.protocol import Inspect
from workbench.runs.inspections import Inspection
from workbench.tui.inspect.subject import FIRST_ROW, neighbour, subject_of


class Question:
    """Subject and target, as the user changes them.

    Attributes:
        subject: the text or the row.
        example: a text to ask about where there is no row; empty: none.
    """

    def __init__(self) -> None:
        self.subject = FIRST_ROW
        self.example = ""
        self._target = ""  # the answer whose contributions are asked for; empty: the likeliest

    @property
    def request(self) -> Inspect:
        """Return the request for the networks."""
        return msgspec.structs.replace(self.subject, target=self._target)

    def begin(self, subject: Inspect | None, example: str) -> None:
        """Ask about a subject; about the first test row where there is none, or else about the example."""
        self.subject, self._target = subject or FIRST_ROW, ""
        self.example = "" if subject else example

    def read(self, typed: str) -> None:
        """Ask about what was typed.

        Raises:
            ValueError: it is neither a text nor a row; one sentence says what to type.
        """
        self.example, self._target = "", ""
        self.subject = subject_of(typed)

    def step(self, by: int) -> None:
        """Ask about the row so many places further on."""
        self.subject, self.example, self._target = neighbour(self.subject, by), "", ""

    def fall_back(self) -> None:
        """Ask about the example in place of the row."""
        self.subject, self.example = Inspect(text=self.example), ""

    def explain_next(self, inspection: Inspection) -> bool:
        """Ask for the contributions to the next of the likeliest answers; return whether any were measured."""
        told = inspection.contributions
        if told is None:
            return False
        names = [name for name, _ in inspection.answers[-1].best]
        self._target = names[(names.index(told.target) + 1) % len(names)] if told.target in names else ""
        return True
