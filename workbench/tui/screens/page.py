"""What every full screen has: the application it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.screen import Screen

from workbench.tui.bindings import Place

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp


class Page(Screen[None]):
    """A full screen of the laboratory."""

    place: ClassVar[Place]

    @property
    def workbench(self) -> WorkbenchApp:
        return cast("WorkbenchApp", self.app)
