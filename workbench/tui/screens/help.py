"""Every key and what it does, from the binding table."""

from __future__ import annotations

from textwrap import wrap
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
_KEY, _TWIN, _NARROW = 9, 5, 24  # columns of the keys; of what they do, at least, beside them


class Help(ModalScreen[None]):
    """An overlay: the keys of the screen under it first."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,f1,q,enter", "close", show=False)]

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    def compose(self) -> ComposeResult:
        passage = Passage(id="dialog")
        passage.border_title = "Keys"
        passage.border_subtitle = "Esc, ? or F1 closes"
        yield passage

    def on_resize(self) -> None:
        self.call_after_refresh(self._write)

    def _write(self) -> None:
        passage = self.query_one(Passage)
        passage.show(self._keys(passage.scrollable_content_region.width))

    def _keys(self, width: int) -> Content:
        """The keys of every place, what they do wrapped beside them, or below where that is too narrow."""
        left = 2 + _KEY + _TWIN
        below = width - left < _NARROW
        parts: list[str | tuple[str, str]] = []
        for place in dict.fromkeys((self._place, *TITLES)):
            lines = [(spoken(a.key), spoken(a.twin), a.help) for a in actions(place) if a.place == place] + (
                list(_MOVING) if place == "everywhere" else []
            )
            if not lines:
                continue
            parts.append((f"{TITLES[place]}\n", "bold $text-primary"))
            for key, twin, text in lines:
                parts += [(f"  {key:<{_KEY}}", "bold $text-accent"), (f"{twin:<{_TWIN}}", "$text-accent")]
                indent = " " * (4 if below else left)
                said = wrap(text, max(8, width - len(indent)))
                parts.append(("\n" + indent if below else "") + f"\n{indent}".join(said) + "\n")
            parts.append("\n")
        return Content.assemble(
            *parts, ("The second key does the same while you type in a field.", "$foreground-muted")
        )

    def action_close(self) -> None:
        self.dismiss()
