"""The confusion screen for tests: how it is reached, and what stands for the child that it asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from fake_worker import FakeWorker, confusion

from workbench.inference.protocol import Example, Examples, Judged, Listed
from workbench.runs.folder import RunError
from workbench.runs.run import Run
from workbench.tui.confusion.screen import ConfusionScreen

OBEYED = "[red]明\x1b[2J月"
FOUND = [Example(text="Chou", true=0.31, guess=0.54), Example(text=OBEYED, true=0.001, guess=0.999)]


class Child:
    """Stands for the child: says what it is told to."""

    made: list[Child]
    refuses: str
    waits: threading.Event

    def __init__(self, run: Run) -> None:
        if self.refuses:
            raise RunError(self.refuses)
        self.asked: list[Examples] = []
        self.given_up = self.closed = False
        self.made.append(self)

    def examples(self, asked: Examples) -> Iterator[Judged | Listed]:
        self.asked.append(asked)
        over = False
        try:
            while True:
                yield Judged(done=3, total=9)
                if self.waits.wait(0.02):
                    break
            over = True
            yield Listed(total=7, examples=FOUND)
        finally:
            self.given_up = not over

    def end(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True


async def fill(screen: Any, pilot: Any, *wanted: str) -> ConfusionScreen:
    """From the Run screen to the matrix."""
    await screen.until(pilot, "Confusion")
    await pilot.press("f")
    await screen.until(pilot, *(wanted or ("Rows true, columns predicted",)))
    assert isinstance(pilot.app.screen, ConfusionScreen)
    return pilot.app.screen


def three(worker: Any) -> FakeWorker:
    """A run with three evaluations, each better reference the one before."""
    one = worker().start()
    for number, step in enumerate((20, 40, 60)):
        one.train(step - 10, step, [confusion(4 + number)])
    return one
