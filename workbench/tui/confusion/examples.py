"""Pane that lists the examples of a cell of the confusion matrix, with the probabilities of both classes."""

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
from workbench.render.format import percent
from workbench.render.text import printable
from workbench.runs.folder import RunError
from workbench.runs.run import Run
from workbench.tui.confusion.example_search import ExampleSearch
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.static_text import StaticText
from workbench.tui.widgets.table import Passage, lay_out

_SHORT = 24  # cells of a text up to which it shares its line with the probabilities
_ROWS = {"val": "validation rows", "test": "test rows"}


class ExamplesPane(Vertical):
    """Requests examples from a run's child process, and shows its progress, then the examples or an error."""

    EVERY = 0.25  # seconds between two looks at how far the child is

    def __init__(self, run: Run, id: str) -> None:
        super().__init__(id=id)
        self._search = ExampleSearch(run)
        self._request: Examples | None = None
        self._caption = ""
        self._listed: Sequence[Example] = ()

    def compose(self) -> ComposeResult:
        yield StaticText(id="listed")
        yield Passage(id="examples")

    def on_mount(self) -> None:
        self.set_interval(self.EVERY, self._show_progress)

    def on_unmount(self) -> None:
        self._search.close()

    def list_examples(self, request: Examples, caption: str) -> None:
        """Request examples and list them once they have come.

        Args:
            caption: shown above them.
        """
        self._request, self._caption, self._search.requested = request, caption, request
        self._listed = ()
        self._show_head("")
        self._show_progress()
        self._ask(request)

    @property
    def listed(self) -> Sequence[Example]:
        """The examples that are listed."""
        return self._listed

    def cancel(self) -> None:
        """Drop the request."""
        self._search.requested = None

    @work(exclusive=True)
    async def _ask(self, request: Examples) -> None:
        body = self.query_one(Passage)
        try:
            listed = await run_in_thread(partial(self._search.find, request))
        except (ValueError, RunError) as error:
            self._search.requested = None
            body.show(Content.styled(printable(str(error)), "$text-error"))
            return
        if listed is None:
            return
        self._search.requested, self._listed = None, listed.examples
        self.screen.refresh_bindings()
        self._show_head(_counts(request, listed))
        body.show(examples_text(listed.examples, request.true, request.guess))
        body.scroll_home(animate=False)

    def _show_head(self, counts: str) -> None:
        assert self._request is not None
        true, guess = printable(self._request.true), printable(self._request.guess)
        cell = f"{true} named rightly" if true == guess else f"{true} taken for {guess}"
        self.query_one("#listed", Static).update(
            Content.assemble((cell, "bold"), counts, (f"\n{self._caption}", "$foreground-muted"))
        )

    def _show_progress(self) -> None:
        request, progress = self._search.requested, self._search.progress
        if request is None:
            return
        text = "Opening the best weights and the data; the first time may take a minute …"
        if progress is not None:
            text = f"Asking: {progress.done:,} of {progress.total:,} {printable(request.true)} …"
        self.query_one(Passage).show(Content.styled(text, "$foreground-muted"))


def _counts(request: Examples, listed: Listed) -> str:
    if not listed.total:
        return f": none of the {_ROWS[request.split]}"
    first = f", {len(listed.examples):,} of them listed" if listed.total > len(listed.examples) else ""
    order = ", least sure first" if request.true == request.guess else ", surest mistakes first"
    return f": {listed.total:,} of the {_ROWS[request.split]}{first}{order if listed.total > 1 else ''}"


def examples_text(examples: Sequence[Example], true: str, guess: str) -> Content:
    """Return short texts as a table, longer ones below their probabilities."""
    labels = [printable(label) for label in dict.fromkeys((true, guess))]
    texts = [printable(example.text).strip() or "(empty)" for example in examples]
    shares = [[f"{percent(share)} %" for share in (example.true, example.guess)][: len(labels)] for example in examples]
    if all(cell_len(text) <= _SHORT for text in texts):
        rows = [[text, *row] for text, row in zip(texts, shares, strict=True)]
        return lay_out(["text", *labels], rows, right=True) if rows else Content("")
    parts: list[Content | str | tuple[str, str]] = []
    for text, row in zip(texts, shares, strict=True):
        head = "  ".join(f"{label} {share}" for label, share in zip(labels, row, strict=True))
        parts += ["\n\n" * bool(parts), (head, "$foreground-muted"), f"\n{text}"]
    return Content.assemble(*parts)
