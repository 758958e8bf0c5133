"""Choice of the network that writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Select, Static

from workbench.render.format import age
from workbench.render.text import printable
from workbench.runs.summary import RunSummary
from workbench.tui.widgets.status import badge


class ModelChoice(Vertical):
    """The networks that write; of the chosen one its figures and the constraints that it cannot meet."""

    class Changed(Message):
        """Another network is chosen, or the chosen one's summary is another."""

    def __init__(self) -> None:
        super().__init__(id="model-choice")
        self._models: Sequence[RunSummary] = ()

    def compose(self) -> ComposeResult:
        with Horizontal(id="model-row"):
            yield Static("  network", classes="name")
            yield Select[str]([], allow_blank=True, prompt="choose one", compact=True, id="model")
        yield Static(markup=False, id="standing")
        yield Static(markup=False, id="unavailable")

    def on_mount(self) -> None:
        self.show_unavailable("")

    def offer(self, models: Sequence[RunSummary]) -> None:
        """Offer these networks; the chosen one stays chosen."""
        select, chosen = self.query_one(Select), self.chosen
        paths = [row.run.path for row in models]
        if [(row.run.path, row.label) for row in models] != [(row.run.path, row.label) for row in self._models]:
            select.set_options((Content(printable(row.label)), str(row.run.path)) for row in models)
            if paths:
                select.value = str(chosen.run.path if chosen and chosen.run.path in paths else paths[0])
        self._models = models
        self._show_chosen()

    @property
    def chosen(self) -> RunSummary | None:
        value = self.query_one(Select).value
        return next((row for row in self._models if str(row.run.path) == value), None)

    def choose(self, path: Path) -> bool:
        """Choose the run in a folder; return whether it is still offered."""
        offered = path in [row.run.path for row in self._models]
        if offered:
            self.query_one(Select).value = str(path)
        return offered

    def show_unavailable(self, explanation: str) -> None:
        """Show which constraints the chosen network cannot meet, and why; empty: none."""
        line = self.query_one("#unavailable", Static)
        line.display = bool(explanation)
        line.update(Content.styled(explanation, "$text-warning"))

    @on(Select.Changed)
    def _show_chosen(self) -> None:
        row = self.chosen
        facts = Content("")
        if row is not None:
            old = age(row.run.created)
            facts = Content.assemble(badge(row.status), f"  {row.standing}", f", {old} old" if old != "now" else "")
        self.query_one("#standing", Static).update(facts)
        self.post_message(self.Changed())
