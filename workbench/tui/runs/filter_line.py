"""Line for the filter of the list of runs, with the error of an unfinished filter below it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from workbench.runs import filters
from workbench.runs.filters import EXAMPLE, Filter, FilterError


class FilterLine(Widget):
    """Visible while it holds text or the focus; ``filter`` is the part of the text that is complete."""

    BINDINGS = [Binding("down,enter", "leave", show=False)]  # noqa: RUF012

    class Changed(Message):
        """Another filter applies now."""

    class Left(Message):
        """Editing has ended."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filter = Filter()
        self.metrics: Iterable[str] = ()  # of the listed runs
        self._input = Input(placeholder=EXAMPLE, compact=True)
        self._error = Static(markup=False)

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("filter ", markup=False, classes="name")
            yield self._input
        yield self._error

    def on_mount(self) -> None:
        self._error.display = self.display = False

    @property
    def text(self) -> str:
        return self._input.value

    def edit(self) -> None:
        """Show the line and focus its field."""
        self.display = True
        self.screen.set_focus(self._input)  # at once: the next key may have been typed already

    def clear(self) -> None:
        """Empty the filter, so that every run is listed."""
        self._input.value = ""
        self._show_error("")
        if self.filter.parts:
            self.filter = Filter()
            self.post_message(self.Changed())
        self.display = False
        self.post_message(self.Left())

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        problem = ""
        try:
            new = filters.parse(event.value, frozenset(self.metrics))
        except FilterError as error:
            problem, new = str(error), self._before(event.value)
        self._show_error(problem)
        if new != self.filter:
            self.filter = new
            self.post_message(self.Changed())

    def _before(self, text: str) -> Filter:
        """Return the filter without its last condition; the present one where that has an error too."""
        try:
            return filters.parse(text.rpartition(" ")[0], frozenset(self.metrics))
        except FilterError:
            return self.filter

    def action_leave(self) -> None:
        if not self.text.strip():
            self.clear()
        self.post_message(self.Left())

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_leave()

    def on_descendant_blur(self) -> None:
        self.display = bool(self.text.strip())

    def _show_error(self, sentence: str) -> None:
        self._error.update(Content.styled(sentence, "$text-error"))
        self._error.display = bool(sentence)
        self.set_class(bool(sentence), "-error")
