"""Text of a widget, whose changes cost little: laying out a screen takes longer than drawing a line of it."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.visual import VisualType, visualize
from textual.widgets import Static


class StaticText(Static):
    """Text that is no markup; the screen is laid out anew only where another text may need another room."""

    def __init__(self, content: Content | str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(content, markup=False, id=id, classes=classes)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show another text."""
        before, after = self.visual, visualize(self, content, markup=False)
        if isinstance(before, Content) and isinstance(after, Content):
            if before.is_same(after):
                return
            layout = layout and not self._has_room(before, after)
        super().update(after, layout=layout)

    def _has_room(self, before: Content, after: Content) -> bool:
        """Return whether two texts have the same size: as many lines, none of them wrapped."""
        room = self.content_size.width
        old, new = ([cell_len(line) for line in text.plain.split("\n")] for text in (before, after))
        if len(old) != len(new) or max(old + new) > room:
            return False
        width = self.styles.width
        return width is None or not width.is_auto or max(old) == max(new)
