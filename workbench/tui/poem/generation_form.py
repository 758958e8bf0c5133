"""How a poem is to be written: the form of a generation's settings, as the answerer names and bounds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Input

from tasks.poems import forms
from tasks.poems.constraints import PoemConstraints
from workbench.config import fields
from workbench.config.fields import Field, as_typed
from workbench.inference.protocol import Generate
from workbench.tui.poem.alternatives import ASKED
from workbench.tui.poem.capabilities import WISHES
from workbench.tui.widgets.form import Form, SettingRow

ANY = "any"
USUAL = Generate(seed=1, choices=ASKED)
_BESIDE = 4  # candidates at most: as many as are seen beside one another
_ROWS = (
    *("start", "form", "acrostic", "rhyme", "tones", "distinct", "novel"),
    *("temperature", "top_p", "top_k", "repetition", "seed", "candidates"),
)
_TITLES = {"start": "beginning", "top_p": "top-p", "top_k": "top-k"}
_TEXTS = ("start", "acrostic")


def _fields(struct: type[msgspec.Struct]) -> dict[str, Field]:
    return {field.key.partition(".")[2]: field for field in fields.describe("poem", struct)}


_WISHES = {name: field for name, field in _fields(PoemConstraints).items() if name in WISHES}


class WritingRow(SettingRow):
    """One setting; Enter writes."""

    class Submitted(Message):
        """A person pressed Enter in it."""

    off = False  # the network cannot do it

    def put(self, value: Any) -> None:
        self._editor.value = as_typed(value)
        self._entered()

    def switch(self, *, off: bool) -> None:
        self.off = self._editor.disabled = off
        self.set_class(off, "-off")
        self.refresh()

    @property
    def title(self) -> str:
        return f"{super().title}: off" if self.off else super().title

    def _note(self) -> tuple[str, str]:
        return ("not with this network", "$text-disabled") if self.off else super()._note()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        event.prevent_default()  # in other forms it goes to the next setting
        self.post_message(self.Submitted())


class WritingForm(VerticalScroll, can_focus=False):
    """What is wished of a poem, and how it is drawn."""

    BINDINGS = Form.BINDINGS

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        described = _described()
        self.rows = {name: WritingRow(described[name], _usual(name)) for name in _ROWS}
        for name in _TEXTS:
            self.rows[name].add_class("-long")

    def compose(self) -> ComposeResult:
        yield from self.rows.values()

    @property
    def asked(self) -> Generate:
        """What the form asks for; what the network cannot do is left out.

        Raises:
            ValueError: a setting is no such thing or out of bounds; one sentence says which.
        """
        values = {name: _usual(name) if row.off else row.value for name, row in self.rows.items()}
        values |= {name: values[name].strip() for name in ("start", "acrostic", "rhyme")}
        constraints = {name: values.pop(name) for name in _WISHES}
        constraints["form"] = constraints["form"].replace(ANY, "")
        return Generate(
            **values, choices=ASKED, constraints={name: value for name, value in constraints.items() if value}
        )

    def fill(self, asked: Generate) -> None:
        for name, row in self.rows.items():
            row.put(asked.constraints.get(name, _usual(name)) if name in _WISHES else getattr(asked, name))

    def switch_off(self, lacking: Mapping[str, str]) -> None:
        """Leave to a person only what the network can do."""
        for name, row in self.rows.items():
            row.switch(off=name in lacking)


def _usual(name: str) -> Any:
    if name == "form":
        return ANY
    return _WISHES[name].default if name in _WISHES else getattr(USUAL, name)


def _described() -> dict[str, Field]:
    """The rows' settings, as they are shown to a person."""
    found = _fields(Generate) | _WISHES
    found["form"] = found["form"]._replace(kind="choice", choices=(ANY, *forms.FORMS), help="any: the network chooses")
    counts = tuple(str(number) for number in range(1, _BESIDE + 1))
    found["candidates"] = found["candidates"]._replace(kind="choice", choices=counts, help="at once, best first")
    return {name: field._replace(key=f"poem.{_TITLES.get(name, name)}") for name, field in found.items()}
