"""A list of names with a few words on each; the marked one is the chosen one."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import set_cell_size
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option


class Picker(OptionList):
    """Names and what they are."""

    def __init__(self, title: str, entries: list[tuple[str, str]], id: str) -> None:
        self._entries = entries
        self._refused: Mapping[str, str] = {}
        self._width = max((len(name) for name, _ in entries), default=0) + 2
        options = [Option(self._line(name, about), id=name) for name, about in entries]
        super().__init__(*options, id=id, markup=False, compact=True)
        self._title = title
        self.names = [name for name, _ in entries]

    def on_mount(self) -> None:
        self.border_title = self._title

    def on_resize(self) -> None:
        self.call_after_refresh(self.scroll_to_highlight)

    @property
    def chosen(self) -> str:
        return self.names[self.highlighted] if self.highlighted is not None else ""

    def refuse(self, reasons: Mapping[str, str]) -> None:
        """Dim the names that cannot be taken now, and say why in place of what they are."""
        if reasons == self._refused:
            return
        before, self._refused = self._refused, reasons
        for name, about in self._entries:
            if name in before or name in reasons:
                self.replace_option_prompt(name, self._line(name, about))

    def _line(self, name: str, about: str) -> Content:
        first = set_cell_size(name, self._width)
        if reason := self._refused.get(name):
            return Content.assemble((first, "strike dim"), (reason, "dim"))
        return Content.assemble((first, "bold"), (about, "$foreground-muted"))
