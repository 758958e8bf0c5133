"""What every full screen has: the application it belongs to, and what can be done on it now."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast, final

from textual import on
from textual.events import Mount
from textual.screen import Screen

from workbench.tui.keys import Place, acts

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp


class Page(Screen[None]):
    """A full screen of the laboratory."""

    place: ClassVar[Place]
    has_fields: ClassVar[bool] = True  # whether it can hold a text field, which swallows single keys

    @on(Mount)
    def _make_known(self) -> None:
        self.workbench.pages[self.place] = self

    @property
    def workbench(self) -> WorkbenchApp:
        return cast("WorkbenchApp", self.app)

    @final
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The one guard of a screen that only shows: what acts on runs or data is off there."""
        if self.workbench.readonly and acts(self.place, action):
            return None
        return self.able(action, parameters)

    def able(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action does something as things stand; None: not now."""
        return True
