"""The examples behind a cell of the confusion matrix, with what the network thinks of each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rich.cells import cell_len
from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from workbench.inference.protocol import Example, Examples, Listed
from workbench.render.text import printable
from workbench.runs.store import Run, RunError
from workbench.tui.services.examples import Asker
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.matrix import percent
from workbench.tui.widgets.table import Passage, lay_out

_SHORT = 24  # cells of a text that shares its line with its probabilities
_ROWS = {"val": "validation rows", "test": "test rows"}


class ExamplesPane(Vertical):
    """Asks a run's child, says how far it is, and lists what it found; or one sentence in its place."""

    EVERY = 0.25  # seconds between two looks at how far the child is

    def __init__(self, run: Run, id: str) -> None:
        super().__init__(id=id)
        self._asker = Asker(run)
        self._asked: Examples | None = None
        self._origin = ""

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="listed")
        yield Passage(id="examples")

    def on_mount(self) -> None:
        self.set_interval(self.EVERY, self._tell_progress)

    def on_unmount(self) -> None:
        self._asker.leave()

    def look_for(self, asked: Examples, origin: str) -> None:
        """Ask for examples.

        Args:
            origin: whose answers they are, and how that fits the matrix that is shown.
        """
        self._asked, self._origin, self._asker.wanted = asked, origin, asked
        self._head("")
        self._tell_progress()
        self._ask(asked)

    def give_up(self) -> None:
        """What is being looked for is no longer wanted."""
        self._asker.wanted = None

    @work(exclusive=True)
    async def _ask(self, asked: Examples) -> None:
        body = self.query_one(Passage)
        try:
            listed = await run_in_thread(partial(self._asker.ask, asked))
        except (ValueError, RunError) as error:
            self._asker.wanted = None
            body.show(Content.styled(printable(str(error)), "$text-error"))
            return
        if listed is None:
            return
        self._asker.wanted = None
        self._head(_counted(asked, listed))
        body.show(laid_out(listed.examples, asked.true, asked.guess))
        body.scroll_home(animate=False)

    def _head(self, counted: str) -> None:
        assert self._asked is not None
        true, guess = printable(self._asked.true), printable(self._asked.guess)
        what = f"{true} named rightly" if true == guess else f"{true} taken for {guess}"
        self.query_one("#listed", Static).update(
            Content.assemble((what, "bold"), counted, (f"\n{self._origin}", "$foreground-muted"))
        )

    def _tell_progress(self) -> None:
        asked, heard = self._asker.wanted, self._asker.heard
        if asked is None:
            return
        said = "Opening the best weights and the data; the first time may take a minute …"
        if heard is not None:
            said = f"Asking: {heard.done:,} of {heard.total:,} {printable(asked.true)} …"
        self.query_one(Passage).show(Content.styled(said, "$foreground-muted"))


def _counted(asked: Examples, listed: Listed) -> str:
    if not listed.total:
        return f": none of the {_ROWS[asked.split]}"
    first = f", {len(listed.examples):,} of them listed" if listed.total > len(listed.examples) else ""
    order = ", least sure first" if asked.true == asked.guess else ", surest mistakes first"
    return f": {listed.total:,} of the {_ROWS[asked.split]}{first}{order if listed.total > 1 else ''}"


def laid_out(examples: Sequence[Example], true: str, guess: str) -> Content:
    """Short texts as a table, longer ones below their probabilities."""
    labels = [printable(label) for label in dict.fromkeys((true, guess))]
    texts = [printable(example.text).strip() or "(empty)" for example in examples]
    shares = [[f"{percent(share)} %" for share in (example.true, example.guess)][: len(labels)] for example in examples]
    if all(cell_len(text) <= _SHORT for text in texts):
        rows = [[text, *row] for text, row in zip(texts, shares, strict=True)]
        return lay_out(["text", *labels], rows, right=True) if rows else Content("")
    parts: list[Content | str | tuple[str, str]] = []
    for text, row in zip(texts, shares, strict=True):
        said = "  ".join(f"{label} {share}" for label, share in zip(labels, row, strict=True))
        parts += ["\n\n" * bool(parts), (said, "$foreground-muted"), f"\n{text}"]
    return Content.assemble(*parts)
