"""Which network writes."""

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
from workbench.runs.summary import RunSummary
from workbench.tui.widgets.status import badge


class WriterChoice(Vertical):
    """The networks that write, how well the chosen one does, and what it cannot do."""

    class Changed(Message):
        """Another network is chosen, or more is known of it."""

    def __init__(self) -> None:
        super().__init__(id="network")
        self._writers: Sequence[RunSummary] = ()

    def compose(self) -> ComposeResult:
        with Horizontal(id="writer-row"):
            yield Static("  network", classes="name")
            yield Select[str]([], allow_blank=True, prompt="choose one", compact=True, id="writer")
        yield Static(markup=False, id="standing")
        yield Static(markup=False, id="lacking")

    def on_mount(self) -> None:
        self.lack("")

    def offer(self, writers: Sequence[RunSummary]) -> None:
        """Offer these networks; the chosen one stays chosen."""
        select, chosen = self.query_one(Select), self.chosen
        paths = [row.run.path for row in writers]
        if paths != [row.run.path for row in self._writers]:
            select.set_options((Content(row.run.id), str(row.run.path)) for row in writers)
            if paths:
                select.value = str(chosen.run.path if chosen and chosen.run.path in paths else paths[0])
        self._writers = writers
        self._tell()

    @property
    def chosen(self) -> RunSummary | None:
        value = self.query_one(Select).value
        return next((row for row in self._writers if str(row.run.path) == value), None)

    def choose(self, path: Path) -> bool:
        """Whether it is still there."""
        there = path in [row.run.path for row in self._writers]
        if there:
            self.query_one(Select).value = str(path)
        return there

    def lack(self, said: str) -> None:
        """What it cannot do, and why."""
        line = self.query_one("#lacking", Static)
        line.display = bool(said)
        line.update(Content.styled(said, "$text-warning"))

    @on(Select.Changed)
    def _tell(self) -> None:
        row = self.chosen
        facts = Content("")
        if row is not None:
            old = age(row.run.created)
            facts = Content.assemble(badge(row.status), f"  {row.standing}", f", {old} old" if old != "now" else "")
        self.query_one("#standing", Static).update(facts)
        self.post_message(self.Changed())
