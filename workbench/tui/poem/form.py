"""Form of a poem's constraints and generation settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Input

from tasks.poems import forms
from tasks.poems.constraints import PoemConstraints
from workbench.config import generation
from workbench.config.fields import Field, as_typed, describe
from workbench.inference.protocol import Generate
from workbench.tui.poem.alternatives import ALTERNATIVES
from workbench.tui.widgets.form import Form
from workbench.tui.widgets.setting_row import SettingRow

ANY = "any"
DEFAULT_REQUEST = Generate(seed=1, choices=ALTERNATIVES)
_SIDE_BY_SIDE = 4  # candidates that the screen shows beside one another
CONSTRAINTS = ("form", "acrostic", "rhyme", "tones", "distinct", "novel")
_ROWS = (
    *("start", *CONSTRAINTS),
    *("temperature", "top_p", "top_k", "repetition", "seed", "best_of"),
)
_TITLES = {"start": "beginning", "top_p": "top-p", "top_k": "top-k", "best_of": "candidates"}
_TEXTS = ("start", "acrostic")


class GenerationRow(SettingRow):
    """One setting; Enter writes."""

    class Submitted(Message):
        """A person pressed Enter in it."""

    off = False  # the network cannot do it

    def put(self, value: Any) -> None:
        """Enter a value."""
        self._editor.value = as_typed(value)
        self._entered()

    def switch(self, *, off: bool) -> None:
        """Disable the setting, or enable it again."""
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


class GenerationForm(VerticalScroll, can_focus=False):
    """Constraints of a poem, and how it is sampled."""

    BINDINGS = Form.BINDINGS

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        fields = _fields()
        self.rows = {name: GenerationRow(fields[name], _default(name)) for name in _ROWS}
        for name in _TEXTS:
            self.rows[name].add_class("-long")

    def compose(self) -> ComposeResult:
        yield from self.rows.values()

    @property
    def request(self) -> Generate:
        """The request that the form describes, without the constraints that the network cannot meet.

        Raises:
            ValueError: a value is not of its kind or out of bounds; one sentence says which.
        """
        values = {name: _default(name) if row.off else row.value for name, row in self.rows.items()}
        values |= {name: values[name].strip() for name in ("start", "acrostic", "rhyme")}
        constraints = {name: values.pop(name) for name in CONSTRAINTS}
        constraints["form"] = constraints["form"].replace(ANY, "")
        given = {name: value for name, value in constraints.items() if value}
        return Generate(**values, choices=ALTERNATIVES, constraints=given)

    def fill(self, request: Generate) -> None:
        """Enter a request's values."""
        for name, row in self.rows.items():
            row.put(request.constraints.get(name, _default(name)) if name in CONSTRAINTS else getattr(request, name))

    def switch_off(self, unavailable: Mapping[str, str]) -> None:
        """Disable the rows of these constraints, and enable all others."""
        for name, row in self.rows.items():
            row.switch(off=name in unavailable)


def _default(name: str) -> Any:
    if name == "form":
        return ANY
    return getattr(PoemConstraints() if name in CONSTRAINTS else DEFAULT_REQUEST, name)


def _fields() -> dict[str, Field]:
    """The rows' fields under the titles that are shown."""
    constraints = {field.key.partition(".")[2]: field for field in describe("poem", PoemConstraints)}
    fields = generation.FIELDS | constraints
    fields["start"] = fields["start"]._replace(help="empty: it begins freely")
    choices = (ANY, *forms.FORMS)
    fields["form"] = fields["form"]._replace(kind="choice", choices=choices, help="any: the network chooses")
    counts = tuple(str(number) for number in range(1, _SIDE_BY_SIDE + 1))
    fields["best_of"] = fields["best_of"]._replace(kind="choice", choices=counts, help="at once, best first")
    return {name: field._replace(key=f"poem.{_TITLES.get(name, name)}") for name, field in fields.items()}
