"""The line above every screen (where one is) and the line below it (what one can do)."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Input

from workbench.tui.bindings import PALETTE_KEY, Action, Place, actions, spoken


class TopBar(Widget):
    """The program's name, the screens, and how many runs are training."""

    training: reactive[int] = reactive(0)

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    def render(self) -> Content:
        narrow = self.size.width < 60
        parts: list[Content | str | tuple[str, str]] = [] if narrow else [(" Workbench ", "bold"), " "]
        for action in actions("everywhere"):
            if action.name.startswith("go("):
                here = action.name == f"go('{self._place}')"
                name = Content.styled(f" {action.key} {action.label} ", "bold reverse" if here else "$foreground-muted")
                parts += [name.stylize(Style.from_meta({"@click": f"app.{action.name}"})), " "]
        left = Content.assemble(*parts)
        if not self.training:
            return left
        right = Content.styled(f" {self.training} training ", "bold $text-success")
        room = self.size.width - left.cell_length - right.cell_length
        return Content.assemble(left, " " * room, right) if room > 0 else left


class BottomBar(Widget):
    """The keys that do something now; the twins of single keys while a text field has the focus."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place
        self._shown = Content()
        self._due = False

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._again())
        self.watch(self.screen, "focused", self._again, init=False)

    def _again(self) -> None:
        if not self._due:  # one look, however many keys came and went
            self._due = True
            self.call_after_refresh(self._look)

    def _look(self) -> None:
        self._due = False
        if not self._keys().is_same(self._shown):
            self.refresh()

    def render(self) -> Content:
        self._shown = self._keys()
        return self._shown

    def _keys(self) -> Content:
        typing = isinstance(self.screen.focused, Input)
        shown = [
            (spoken(action.twin if typing else action.key), action.label, action.name)
            for action in actions(self._place)
            if action.footer and can(self.screen, action)
        ]
        shown.append((spoken(PALETTE_KEY), "Palette", "app.command_palette"))
        bar, used = [], 0
        leave = next(item for item in shown if item[2] == "leave")
        shown.remove(leave)
        for key, label, name in (leave, *shown):
            if used + len(key) + len(label) + 4 > self.size.width:
                break
            used += len(key) + len(label) + 4
            piece = Content.assemble((f" {key} ", "bold $accent"), (f"{label}  ", "$foreground-muted"))
            bar.append(piece.stylize(Style.from_meta({"@click": name if "." in name else _target(name)})))
        return Content.assemble(*bar[1:], *bar[:1])


def can(screen: Screen[object], action: Action) -> bool:
    """Whether an action does something on the screen as it stands."""
    name = action.name.partition("(")[0]
    return screen.check_action(name, ()) is True


def _target(name: str) -> str:
    return f"app.{name}" if any(a.name == name for a in actions("everywhere")) else f"screen.{name}"
