"""Row of names, of which one is chosen."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widget import Widget


class TabRow(Widget, can_focus=True):
    """Names beside one another; arrows or a click choose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", show=False),
        Binding("right", "step(1)", show=False),
    ]

    class Chosen(Message):
        """Another name was chosen."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.names: list[str] = []
        self.chosen = ""
        self._by_hand = False

    def offer(self, names: list[str]) -> None:
        """Show these names; the one that the user chose stays if it is among them, else the first is chosen."""
        if names == self.names:
            return
        self.names = names
        if names and (self.chosen not in names or not self._by_hand):
            self.choose(names[0])
        self.refresh(layout=True)

    def rename(self, name: str, new: str) -> None:
        """Give a name another wording in its place; it stays chosen where it is."""
        if name in self.names:
            self.names = [new if one == name else one for one in self.names]
            self.chosen = new if self.chosen == name else self.chosen
            self.refresh(layout=True)

    def choose(self, name: str) -> None:
        if name in self.names and name != self.chosen:
            self.chosen = name
            self.post_message(self.Chosen(name))
        self.refresh()

    def action_step(self, by: int) -> None:
        self._by_hand = True
        if self.names:
            at = self.names.index(self.chosen) if self.chosen in self.names else 0
            self.choose(self.names[(at + by) % len(self.names)])

    def action_choose(self, index: int) -> None:
        self._by_hand = True
        if index < len(self.names):
            self.choose(self.names[index])

    def render(self) -> Content:
        parts: list[Content | str] = []
        for index, name in enumerate(self.names):
            here = name == self.chosen
            style = ("bold reverse" if self.has_focus else "bold $on-primary on $primary-muted") if here else ""
            tab = Content.styled(f" {name} ", style or "$foreground-muted")
            parts += [tab.stylize(Style.from_meta({"@click": f"choose({index})"})), " "]
        content = Content.assemble(*parts)
        if content.cell_length > self.size.width and self.chosen in self.names:  # room for the chosen one only
            at = self.names.index(self.chosen)
            return Content.assemble(
                Content.styled(f" {self.chosen} ", "bold $on-primary on $primary-muted"),
                (f"  {at + 1} of {len(self.names)}, v: next", "$foreground-muted"),
            )
        return content
