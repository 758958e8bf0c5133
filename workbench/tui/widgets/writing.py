"""How a poem is to be written: the form of a generation's settings, as the answerer names and bounds them."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from workbench import fields
from workbench.infer_protocol import Generate
from workbench.tui.widgets.form import SettingRow, written

USUAL = Generate(temperature=0.8, seed=1)
_SHOWN = {"start": "beginning", "temperature": "temperature", "top_p": "top-p", "top_k": "top-k", "seed": "seed"}


class WritingRow(SettingRow):
    """One setting; Enter writes."""

    class Submitted(Message):
        """A person pressed Enter in it."""

    def put(self, value: Any) -> None:
        self._editor.value = written(value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        event.prevent_default()  # in other forms it goes to the next setting
        self.post_message(self.Submitted())


class WritingForm(Vertical):
    """Beginning, temperature, top-p, top-k, seed."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        described = {field.key.partition(".")[2]: field for field in fields.describe("poem", Generate)}
        self.rows = {
            name: WritingRow(described[name]._replace(key=f"poem.{shown}"), getattr(USUAL, name))
            for name, shown in _SHOWN.items()
        }
        self.rows["start"].add_class("-start")

    def compose(self) -> ComposeResult:
        yield from self.rows.values()

    @property
    def asked(self) -> Generate:
        """What the form asks for.

        Raises:
            ValueError: a setting is no such thing or out of bounds; one sentence says which.
        """
        values = {name: row.value for name, row in self.rows.items()}
        return Generate(**{**values, "start": values["start"].strip()})

    def fill(self, asked: Generate) -> None:
        for name, row in self.rows.items():
            row.put(getattr(asked, name))
