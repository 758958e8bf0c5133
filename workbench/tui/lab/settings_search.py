"""Search field for the settings of a long form, by parts of their names and of their help."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from workbench.tui.widgets.form import Form
from workbench.tui.widgets.static_text import StaticText


class SettingsSearch(Horizontal):
    """A field that is mounted on first use, so that the first paint need not wait for it; left empty, it is hidden."""

    BINDINGS = [  # noqa: RUF012
        Binding("down", "onward", show=False),
        Binding("escape", "empty", show=False),
    ]

    def __init__(self, form: Form) -> None:
        super().__init__(id="finder")
        self._form = form

    def compose(self) -> ComposeResult:
        yield Static("  find", classes="name")
        yield Input(placeholder="part of a name, or of its help", compact=True, id="find")
        yield StaticText(id="found")

    def on_mount(self) -> None:
        self.open()

    def open(self) -> None:
        self.display = True
        field = self.query_one(Input)
        self.screen.set_focus(field)  # at once: the next key may be here already
        field.action_select_all()

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        rows = self._form.search(event.value)
        count = f"{len(rows)} of {len(self._form.rows)}" if event.value.strip() else ""
        self.query_one("#found", Static).update(
            Content.styled(count if rows else "none: Esc empties this", "$foreground-muted" if rows else "$text-error")
        )

    @on(Input.Submitted)
    def action_onward(self) -> None:
        """Move the focus to the first setting that was found."""
        for row in self._form.rows.values():
            if row.display:
                row.focus_editor()
                return

    def action_empty(self) -> None:
        """Show every setting again."""
        self.query_one(Input).value = ""

    def on_descendant_blur(self) -> None:
        if not self.query_one(Input).value.strip():
            self.display = False
