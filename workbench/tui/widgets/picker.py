"""A list of names with a few words on each; the marked one is the chosen one."""

from __future__ import annotations

from rich.cells import set_cell_size
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option


class Picker(OptionList):
    """Names and what they are."""

    def __init__(self, title: str, entries: list[tuple[str, str]], id: str) -> None:
        width = max((len(name) for name, _ in entries), default=0) + 2
        super().__init__(
            *(
                Option(Content.assemble((set_cell_size(name, width), "bold"), (about, "$foreground-muted")), id=name)
                for name, about in entries
            ),
            id=id,
            markup=False,
            compact=True,
        )
        self._title = title
        self.names = [name for name, _ in entries]

    def on_mount(self) -> None:
        self.border_title = self._title

    def on_resize(self) -> None:
        self.scroll_to_highlight()  # the chosen one stays in sight, however low the list

    @property
    def chosen(self) -> str:
        return self.names[self.highlighted] if self.highlighted is not None else ""
