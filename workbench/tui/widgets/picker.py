"""List of names, each with a title; the marked name is the chosen one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

_WIDEST = 18  # cells of a name; a folder that cannot be read is listed by its path


class Picker(OptionList):
    """Names and titles.

    Args:
        entries: (name, title).
        unreadable: names of files that cannot be read, with the reasons: dimmed, at the end of the list.
        groups: what the group of each name is called, told beside the title; a line divides it from the next one.
    """

    def __init__(
        self,
        title: str,
        entries: list[tuple[str, str]],
        id: str,
        unreadable: Mapping[str, str] | None = None,
        groups: Mapping[str, str] | None = None,
    ) -> None:
        self._unreadable = dict(unreadable or {})
        self._entries = [*entries, *((name, "") for name in self._unreadable)]
        self._reasons = self._unreadable  # of all names that are dimmed now
        self.names = [name for name, _ in self._entries]
        self._width = min(_WIDEST, max(map(cell_len, self.names), default=0)) + 2
        self._title, self._groups = title, groups or {}
        super().__init__(*self._options_and_lines(), id=id, markup=False, compact=True)

    def on_mount(self) -> None:
        self._tell_group()

    def watch_highlighted(self, highlighted: int | None) -> None:
        super().watch_highlighted(highlighted)
        self._tell_group()

    def on_resize(self) -> None:
        self.call_after_refresh(self.scroll_to_highlight)

    @property
    def chosen(self) -> str:
        return self.names[self.highlighted] if self.highlighted is not None else ""

    def refuse(self, reasons: Mapping[str, str]) -> None:
        """Dim the names that cannot be chosen now, with the reason in place of the title."""
        before, self._reasons = self._reasons, {**self._unreadable, **reasons}
        for name, about in self._entries:
            if before.get(name) != self._reasons.get(name):
                self.replace_option_prompt(name, self._line(name, about))

    def _tell_group(self) -> None:
        """Show what the marked name's group is called beside the title."""
        group = self._groups.get(self.chosen, "")
        self.border_title = f"{self._title}: {group}" if group else self._title

    def _options_and_lines(self) -> Iterator[Option | None]:
        """Yield the options, and ``None`` for the line before each group but the first."""
        before = None
        for name, about in self._entries:
            group = self._groups.get(name, "")
            if before not in (None, group):
                yield None
            before = group
            yield Option(self._line(name, about), id=name)

    def _line(self, name: str, about: str) -> Content:
        short = name if cell_len(name) <= _WIDEST else f"…{name[1 - _WIDEST :]}"
        first = set_cell_size(short, self._width)
        if reason := self._reasons.get(name):
            return Content.assemble((first, "strike dim"), (reason, "dim"))
        return Content.assemble((first, "bold"), (about, "$foreground-muted"))
