"""A line at the foot of the Lab: its name, then what there is to say."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

_LABEL = 11  # columns, as wide as the button below it


class FootLine(Static):
    """What does not fit is cut off, the most important comes first; a sentence that explains has more room."""

    def __init__(self, name: str, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._label = name

    def say(self, *pieces: Content | str | tuple[str, str], explains: bool = False) -> None:
        self.set_class(explains, "-explains")
        self.update(Content.assemble((f"  {self._label:<{_LABEL}}", "$foreground-muted"), *pieces))
