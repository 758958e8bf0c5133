"""Every key and what it does, from the binding table."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen

from workbench.tui.bindings import PALETTE_KEY, TITLES, Place, actions, spoken
from workbench.tui.widgets.table import Passage

_MOVING = (
    ("Tab  ↑ ↓", "", "move between fields, lists and panes"),
    ("← →", "", "change a word between arrows; choose a view"),
    (spoken(PALETTE_KEY), "", "every action, by name"),
)


class Help(ModalScreen[None]):
    """An overlay: the keys of the screen under it first."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,f1,q,enter", "close", show=False)]

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    def compose(self) -> ComposeResult:
        parts: list[str | tuple[str, str]] = []
        for place in dict.fromkeys((self._place, *TITLES)):
            lines = [(spoken(a.key), spoken(a.twin), a.help) for a in actions(place) if a.place == place] + (
                list(_MOVING) if place == "everywhere" else []
            )
            if not lines:
                continue
            parts.append((f"{TITLES[place]}\n", "bold $text-primary"))
            for key, twin, text in lines:
                parts += [(f"  {key:<9}", "bold $text-accent"), (f"{twin:<5}", "$text-accent"), f"{text}\n"]
            parts.append("\n")
        parts.append(("The second key does the same while you type in a field.", "$foreground-muted"))
        passage = Passage(Content.assemble(*parts), id="dialog")
        passage.border_title = "Keys"
        passage.border_subtitle = "Esc, ? or F1 closes"
        yield passage

    def action_close(self) -> None:
        self.dismiss()
