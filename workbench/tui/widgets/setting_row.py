"""Row of a form: a setting's name, its value, and its help or its error."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from workbench.config.fields import Field, as_typed
from workbench.tui.appearance import WIDE
from workbench.tui.widgets.inputs import CompactInput, OptionInput

_LABEL, _EDITOR = 21, 14  # columns, as in the style sheet


class SettingRow(Widget):
    """A setting: its name, its value, and its help, or its error.

    Only the editor is a widget of its own; the row draws the texts around it, as there are many.
    """

    class Changed(Message):
        """The user entered something."""

    def __init__(self, field: Field, default: object, entered: str | None = None) -> None:
        super().__init__()
        text = as_typed(default) if entered is None else entered
        self.field = field
        self.default = default
        self.error = ""
        self.seen = False  # the default was seen in the user's data
        self._height = 0  # lines; 0: as the style sheet has it
        self._editor: OptionInput | Input
        self.set_class(field.kind == "text" and field.key.startswith("task."), "-text")  # a path, names of columns
        if field.kind in ("bool", "choice"):
            self._editor = OptionInput(["no", "yes"] if field.kind == "bool" else list(field.choices), text)
        else:
            self._editor = CompactInput(text, numeric=field.kind in ("int", "float"))

    def compose(self) -> ComposeResult:
        yield self._editor

    def render(self) -> Content:
        label = Content.styled(f"▸ {self.title}", "bold $text-accent") if self.changed else Content(f"  {self.title}")
        note, style = self._note()
        if not note or not self._wide:
            return label
        left = _LABEL + max(_EDITOR, self._editor.outer_size.width) + 2
        room = max(10, self.size.width - left)
        lines = wrap(note, room) if self.error else [note]
        parts: list[Content | str | tuple[str, str]] = [label, " " * (left - label.cell_length)]
        for number, line in enumerate(lines):
            shown = line if len(line) <= room else line[: room - 1] + "…"
            parts += ["\n" + " " * left if number else "", (shown, style)]
        return Content.assemble(*parts)

    @property
    def section(self) -> str:
        return self.field.key.partition(".")[0]

    @property
    def title(self) -> str:
        return self.field.key.partition(".")[2].replace("_", " ")

    @property
    def typed(self) -> str:
        """The value as it stands in the field."""
        return self._editor.value

    @property
    def changed(self) -> bool:
        """The value is not the default."""
        return bool(self.error) or self._editor.value != as_typed(self.default)

    @property
    def value(self) -> Any:
        return self.field.read({"yes": True, "no": False}.get(self._editor.value, self._editor.value))

    @property
    def wrong(self) -> str:
        """The error of the value as it stands; ``error`` is of the last check, and a key may come before it."""
        try:
            _ = self.value
        except ValueError as error:
            return str(error)
        return ""

    def renew(self, default: object, *, forget: bool = False, seen: bool = False) -> None:
        """Change the default; a changed value stays, unless ``forget`` is set.

        Args:
            seen: the default was seen in the user's data.
        """
        kept = self.changed and not forget
        if seen != self.seen:
            self.seen = seen
            self.refresh()
        if not kept and default == self.default and self._editor.value == as_typed(default):
            return
        self.default = default
        if not kept:
            self._editor.value = as_typed(default)
        self._check()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._entered()

    def on_option_input_changed(self, event: OptionInput.Changed) -> None:
        event.stop()
        self._entered()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    @property
    def editor(self) -> Widget:
        """The widget that takes the keys."""
        return self._editor

    def focus_editor(self) -> None:
        self.screen.set_focus(self._editor)

    def undo(self) -> None:
        """Set the value back to the default."""
        self.renew(self.default, forget=True, seen=self.seen)
        self.post_message(self.Changed())

    def matches(self, words: Sequence[str]) -> bool:
        """Return whether each word stands in the setting's name or help."""
        text = f"{self.field.key} {self.field.key.replace('_', ' ')} {self.field.help}".casefold()
        return all(word in text for word in words)

    @property
    def _wide(self) -> bool:
        # the screen's class for it is set only after the first layout, and nothing would draw the row again
        return self.app.size.width >= WIDE

    def _entered(self) -> None:
        self._check()
        self.post_message(self.Changed())

    def _check(self) -> None:
        self.error = self.wrong
        self.set_class(bool(self.error), "-error")
        height = self._lines
        if height != self._height:
            self._height = height
            self.styles.height = height  # setting it, to the same height too, lays the screen out anew
        self.refresh()

    @property
    def _lines(self) -> int:
        """Height of the row, with its error."""
        room = max(10, self.size.width - _LABEL - _EDITOR - 2)
        return len(wrap(self.error, room)) if self.error and self._wide else 1

    def _note(self) -> tuple[str, str]:
        if self.error:
            return self.error, "$text-error"
        if self.changed:
            return f"{'seen' if self.seen else 'default'} {as_typed(self.default) or 'empty'}", "$text-accent"
        if self.seen:
            return f"seen in your data · {self.field.help}", "$text-success"
        return self.field.help, "$foreground-muted"


def row_of(focused: Widget | None) -> SettingRow | None:
    """Return the setting whose editor this is."""
    every = focused.ancestors if focused is not None else ()
    return next((widget for widget in every if isinstance(widget, SettingRow)), None)
