"""The line in which a person says which runs to list; what is wrong with it is said while one types."""

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
    """There while something stands in it or one types; the filter is what is whole of it."""

    BINDINGS = [Binding("down,enter", "leave", show=False)]  # noqa: RUF012

    class Changed(Message):
        """Another filter holds now."""

    class Left(Message):
        """A person has typed what there was to type."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filter = Filter()
        self.metrics: Iterable[str] = ()  # that some run has
        self._input = Input(placeholder=EXAMPLE, compact=True)
        self._wrong = Static(markup=False)

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("filter ", markup=False, classes="name")
            yield self._input
        yield self._wrong

    def on_mount(self) -> None:
        self._wrong.display = self.display = False

    @property
    def text(self) -> str:
        return self._input.value

    def edit(self) -> None:
        """Let a person type."""
        self.display = True
        self.screen.set_focus(self._input)  # at once: the next key may be here already

    def clear(self) -> None:
        """Every run is meant again."""
        self._input.value = ""
        self._tell("")
        if self.filter.parts:
            self.filter = Filter()
            self.post_message(self.Changed())
        self.display = False
        self.post_message(self.Left())

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        wrong = ""
        try:
            wanted = filters.parse(event.value, frozenset(self.metrics))
        except FilterError as error:
            wrong, wanted = str(error), self._before(event.value)
        self._tell(wrong)
        if wanted != self.filter:
            self.filter = wanted
            self.post_message(self.Changed())

    def _before(self, text: str) -> Filter:
        """What held before the condition that is being typed; what holds now where it is not the last one."""
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

    def _tell(self, sentence: str) -> None:
        self._wrong.update(Content.styled(sentence, "$text-error"))
        self._wrong.display = bool(sentence)
        self.set_class(bool(sentence), "-error")
