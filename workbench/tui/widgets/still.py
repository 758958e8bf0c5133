"""Text that is painted again only when it is another one."""

from __future__ import annotations

from textual.content import Content
from textual.visual import VisualType
from textual.widgets import Static


class Still(Static):
    """For what is told at every look: over SSH and for screen readers, nothing comes while nothing changes."""

    _told: Content | None = None

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        if not isinstance(content, Content) or self._told is None or not content.is_same(self._told):
            self._told = content if isinstance(content, Content) else None
            super().update(content, layout=layout)
