"""Base class of the full screens: the session, the navigator, and the actions that are possible now."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from typing import ClassVar, final

from textual import on, work
from textual.events import Event, Mount, Resize, ScreenResume
from textual.message import Message
from textual.screen import Screen

from workbench.runs.folder import RunError
from workbench.runs.run import Run
from workbench.tui.keys import Place, acts
from workbench.tui.services import pictures
from workbench.tui.services.threads import run_in_thread
from workbench.tui.session import Navigator, Session, navigator_of
from workbench.tui.widgets.messages import unbroken

_OF_A_WHOLE_SCREEN = (Mount, Resize, ScreenResume)  # events whose handlers expect the screen's widgets


class Page(Screen[None]):
    """A full screen of the laboratory."""

    place: ClassVar[Place]
    has_fields: ClassVar[bool] = True  # false: it never holds a text field, which swallows single keys

    @on(Mount)
    def _list_page(self) -> None:
        self.navigator.pages[self.place] = self

    async def _on_message(self, message: Message) -> None:
        """Handle a message, unless the screen is being removed: it may lack the widgets that the handler expects.

        Textual mounts no widgets on a screen that is removed, or whose application ends, while it opens; it sends
        ``Mount`` all the same.
        """
        ends = not self.app.is_running or self.app.return_code is not None
        removed = ends or not self.display  # a screen is always displayed, but while it is removed
        of_textual = isinstance(message, Event) or type(message).__module__ == "textual.messages"
        if not removed or (of_textual and not isinstance(message, _OF_A_WHOLE_SCREEN)):
            await super()._on_message(message)

    @cached_property
    def navigator(self) -> Navigator:
        """The application, as far as screens use it."""
        return navigator_of(self.app)

    @property
    def session(self) -> Session:
        """Folders and rights of this session."""
        return self.navigator.session

    @final
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action is possible; on a read-only screen none is that acts on runs or data, or writes."""
        if self.session.readonly and acts(self.place, action):
            return None
        return self.is_possible(action, parameters)

    @work(group="picture")
    async def write_picture(self, runs: Sequence[Run], kind: str, *options: str) -> None:
        """Write a picture of runs to a new file in the current folder, and say where it is, or why there is none.

        Args:
            kind, options: as ``workbench plot`` takes them.
        """
        self.app.notify(f"Drawing the {kind} …", timeout=3)
        try:
            path = await run_in_thread(partial(pictures.draw, runs, kind, *options))
        except RunError as error:
            self.app.notify(str(error), severity="error", markup=False)
        else:
            self.app.notify(f"Written to {unbroken(path)}.", markup=False)

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action does something as things stand; ``None``: not now."""
        return True
