"""One of several things, chosen from a list over the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option


class Choose(ModalScreen[int | None]):
    """Gives back the number of the entry, or ``None``."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,b,q", "back", show=False)]

    def __init__(self, question: str, entries: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._question = question
        self._entries = entries

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(Content.styled(self._question, "bold"), markup=False)
            yield OptionList(
                *(
                    Option(Content.assemble((name, "bold"), (f"\n  {about}", "$foreground-muted")))
                    for name, about in self._entries
                ),
                markup=False,
                compact=True,
            )
            yield Static("Enter chooses, b goes back", classes="hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.query_one(OptionList).highlighted = 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)

    def action_back(self) -> None:
        self.dismiss(None)
