"""Text field of a path, with the paths that begin as what is typed in a list below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from workbench.render.text import printable
from workbench.tui.widgets.inputs import CompactInput

_SHOWN = 8  # rows of the list, which scrolls
_WHILE_OPEN = ("accept", "choose", "close")


class PathCompletions(OptionList, can_focus=False):
    """The names that complete a path, over what stands below it."""

    def __init__(self) -> None:
        super().__init__(markup=False, compact=True)
        self.paths: Sequence[str] = ()

    def show(self, paths: Sequence[str]) -> None:
        """List these paths by their last names; the first is marked."""
        self.paths = paths
        self.clear_options()
        self.add_options([Option(Content(printable(_last_name(path)))) for path in paths])
        self.display = bool(paths)
        self.styles.height = min(_SHOWN, max(1, len(paths))) + 2
        if paths:
            self.highlighted = 0

    @property
    def marked(self) -> str:
        return self.paths[self.highlighted or 0] if self.paths else ""


class PathInput(CompactInput):
    """The field. Tab, or the right arrow at the end, takes the marked completion; Esc closes the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "accept", show=False),
        Binding("up", "choose(-1)", show=False),
        Binding("down", "choose(1)", show=False),
        Binding("escape", "close", show=False),
    ]

    def __init__(self, value: str, completions: PathCompletions, wanted: str) -> None:
        super().__init__(value)
        self.set_reactive(Input.placeholder, wanted)
        self._completions = completions

    @property
    def is_open(self) -> bool:
        """The list is shown."""
        return self._completions.display

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys of the list to the form while there is none."""
        return self.is_open if action in _WHILE_OPEN else super().check_action(action, parameters)

    def action_accept(self) -> None:
        """Type the marked completion to its end; of a folder, its entries are listed next."""
        self.value = self._completions.marked
        self.cursor_position = len(self.value)

    def action_choose(self, by: int) -> None:
        marked = (self._completions.highlighted or 0) + by
        self._completions.highlighted = marked % len(self._completions.paths)

    def action_close(self) -> None:
        self._completions.show(())

    def action_cursor_right(self, select: bool = False) -> None:
        if self.is_open and not select and self.cursor_position == len(self.value):
            self.action_accept()
        else:
            super().action_cursor_right(select)

    async def action_submit(self) -> None:
        self.action_close()
        await super().action_submit()


class PathField(Widget):
    """A path's field and the list of its completions, which lies over what follows.

    Args:
        wanted: what the empty field says.
    """

    def __init__(self, value: str, wanted: str) -> None:
        super().__init__()
        self.completions = PathCompletions()
        self.completions.display = False
        self.input = PathInput(value, self.completions, wanted)

    def compose(self) -> ComposeResult:
        yield self.input
        yield self.completions

    def offer(self, paths: Sequence[str]) -> None:
        """List completions of what is typed, while it is being typed."""
        there = self.input.value
        offered = [path for path in paths if path != there]
        if self.input.has_focus:
            self.completions.show(offered)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.completions.highlighted = event.option_index
        self.input.action_accept()

    @on(OptionList.OptionHighlighted)
    def _keep(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()  # the screen would take it for one of its own lists

    def on_input_blurred(self, event: Input.Blurred) -> None:
        self.completions.show(())


def _last_name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2] + "/" * path.endswith("/")
