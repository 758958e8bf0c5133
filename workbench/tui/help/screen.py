"""Help screen: the table of keys, with a search."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Input

from workbench.tui.keys import PALETTE_KEY, TITLES, Place, actions, spoken
from workbench.tui.widgets.dialogs import Dialog
from workbench.tui.widgets.table import Passage

_TWINS = "The second key does the same while you type in a field."
_TEXT = 12  # columns that a help text has at least


class KeyRow(NamedTuple):
    """A key, its twin, and their help."""

    key: str
    twin: str
    help: str
    label: str = ""


_MOVING = (
    KeyRow("Tab ↑ ↓", "", "move between fields, lists and panes"),
    KeyRow("← →", "", "change a word between arrows; choose a view"),
    KeyRow(spoken(PALETTE_KEY), "", "every action, by name"),
)


class Help(Dialog[None]):
    """Overlay of all keys, those of the screen under it first; a search shows the lines that hold its words."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q,enter", "close", show=False),
        Binding("slash", "search", show=False),
        *(Binding(key, f"scroll('{key}')", show=False) for key in ("up", "down", "pageup", "pagedown")),
    ]
    AUTO_FOCUS = "Passage"

    def __init__(self, place: Place, *, readonly: bool = False) -> None:
        super().__init__()
        self._place = place
        self._readonly = readonly

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = "Keys"
            yield Input(placeholder="/ searches", compact=True, id="search")
            yield Passage(id="keys")

    @on(Input.Changed)
    def _show(self) -> None:
        passage = self.query_one(Passage)
        query = self.query_one(Input).value
        passage.show(lay_out(self._place, query, passage.scrollable_content_region.width, readonly=self._readonly))

    def on_resize(self, event: Resize) -> None:
        self.query_one("#dialog").border_subtitle = "? or F1 closes" if event.size.width < 60 else "Esc, ? or F1 closes"
        self.call_after_refresh(self._show)  # the dialog's own width is known by then

    @on(Input.Submitted)
    def _read(self) -> None:
        self.query_one(Passage).focus()

    def action_search(self) -> None:
        self.query_one(Input).focus()

    def action_scroll(self, key: str) -> None:
        passage = self.query_one(Passage)
        move = {
            "up": passage.scroll_up,
            "down": passage.scroll_down,
            "pageup": passage.scroll_page_up,
            "pagedown": passage.scroll_page_down,
        }[key]
        move(animate=False)

    def action_close(self) -> None:
        self.dismiss()


def lay_out(first: Place, query: str, width: int, *, readonly: bool = False) -> Content:
    """Return the keys of every place, ``width`` columns wide: this place's first, then the global ones.

    Args:
        readonly: without the actions that such a screen refuses.
    """
    places = {place: _lines(place, readonly) for place in dict.fromkeys((first, *TITLES))}
    every = [line for lines in places.values() for line in lines]
    keys = max(cell_len(line.key) for line in every) + 1
    twins = max(cell_len(line.twin) for line in every) + 1
    room = max(_TEXT, width - keys - twins - 1)
    parts: list[str | tuple[str, str]] = []
    for place, lines in places.items():
        matching = [line for line in lines if _matches(query, (*line, TITLES[place]))]
        if matching:
            parts.append((f"{TITLES[place]}\n", "bold $text-primary"))
        for line in matching:
            text = f"\n{'':{keys + twins + 1}}".join(wrap(line.help, room))
            parts += [
                (f" {set_cell_size(line.key, keys)}", "bold $text-accent"),
                (set_cell_size(line.twin, twins), "$text-accent"),
                f"{text}\n",
            ]
        parts.append("\n" * bool(matching))
    note = _TWINS if any(parts) else f"No key and no action is about {query.strip()!r}."
    return Content.assemble(*parts, (note, "$foreground-muted"))


def _lines(place: Place, readonly: bool) -> list[KeyRow]:
    lines = [
        KeyRow(spoken(action.key), spoken(action.twin) if action.twin else "", action.help, action.label)
        for action in actions(place)
        if action.place == place and not (readonly and action.acts)
    ]
    return [*lines, *_MOVING] if place == "everywhere" else lines


def _matches(query: str, texts: Sequence[str]) -> bool:
    """Return whether the texts hold every word of the query."""
    joined = " ".join(texts).casefold()
    return all(word in joined for word in query.casefold().split())
