"""Bars of every screen: its place above it, the keys below it."""

from __future__ import annotations

from typing import Any

from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

from workbench.tui.keys import PALETTE_KEY, Action, Place, actions, spoken
from workbench.tui.widgets.page import Page


class TopBar(Widget):
    """The program's name, the screens, and the number of runs that train."""

    training: reactive[int] = reactive(0)

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    def render(self) -> Content:
        told = f" {self.training} training " if self.training else ""
        right = Content.styled(told, "bold $text-success")
        every = [self._screens(*how) for how in ((" Workbench  ", " "), ("", " "), ("", ""), ("", "", ""))]
        for room in (self.size.width - right.cell_length, self.size.width):
            for left in every:
                if left.cell_length <= room:
                    return Content.assemble(left, " " * (room - left.cell_length), right) if told else left
            right = Content("")
        return every[-1]

    def _screens(self, title: str, around: str, between: str = " ") -> Content:
        """Return the screens' keys and names, with blanks around each, and between key and name."""
        parts: list[Content | tuple[str, str]] = [(title, "bold")]
        for action in actions("everywhere"):
            if action.name.startswith("go("):
                here = action.name == f"go('{self._place}')"
                text = f"{around}{action.key}{between}{action.label}{around}"
                name = Content.styled(text, "bold reverse" if here else "$foreground-muted")
                parts += [name.stylize(Style.from_meta({"@click": f"app.{action.name}"})), (" ", "")]
        return Content.assemble(*parts[:-1])


class BottomBar(Widget):
    """The keys that do something now, the most useful first; while a text field has the focus, their twins."""

    ALWAYS = ("help", "leave")  # shown however narrow it is: they lead to all the others

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place
        self._shown = Content()
        self._due = False

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._refresh_soon())
        self.watch(self.screen, "focused", self._refresh_soon, init=False)

    def _refresh_soon(self) -> None:
        if not self._due:  # one refresh, however many keys came and went
            self._due = True
            self.call_after_refresh(self._refresh_changed)

    def _refresh_changed(self) -> None:
        self._due = False
        if self.is_attached and not self._keys().is_same(self._shown):
            self.refresh()

    def render(self) -> Content:
        self._shown = self._keys()
        return self._shown

    def _keys(self) -> Content:
        typing = _takes_letters(self.screen.focused)
        shown = {
            action.name: _piece(spoken(action.twin if typing else action.key), action.label, target(action.name))
            for action in actions(self._place)
            if action.footer and (action.twin or not typing) and can(self.screen, action)
        }
        always = [shown.pop(name) for name in self.ALWAYS if name in shown]
        readonly = isinstance(self.screen, Page) and self.screen.session.readonly
        note = Content.styled(" read only ", "bold $on-warning on $warning-muted") if readonly else Content("")
        room = self.size.width - note.cell_length - sum(piece.cell_length for piece in always)
        bar: list[Content] = []
        for piece in (*shown.values(), _piece(spoken(PALETTE_KEY), "Palette", "app.command_palette")):
            room -= piece.cell_length
            if room < 0:
                break
            bar.append(piece)
        return Content.assemble(note, *bar, *always)


def can(screen: Screen[Any], action: Action) -> bool:
    """Return whether an action does something on the screen as it stands."""
    name = action.name.partition("(")[0]
    return screen.check_action(name, ()) is True


def target(name: str) -> str:
    """Return an action's name for Textual: of the application, or of the screen that is shown."""
    return f"app.{name}" if any(a.name == name for a in actions("everywhere")) else f"screen.{name}"


def _piece(key: str, label: str, action: str) -> Content:
    piece = Content.assemble((f" {key} ", "bold $accent"), (f"{label}  ", "$foreground-muted"))
    return piece.stylize(Style.from_meta({"@click": action}))


def _takes_letters(focused: Widget | None) -> bool:
    """Return whether letters are typed into the focused widget, so that single keys do nothing else."""
    return focused is not None and focused.check_consume_key("s", "s")
