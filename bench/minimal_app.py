"""The least that ``bench/startup.py`` compares with: a list, a table and a footer, in Textual."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import DataTable, Footer, Label, ListItem, ListView


class Minimal(App[None]):
    BINDINGS = [("q", "quit", "Quit"), ("s", "start", "Start")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield ListView(*(ListItem(Label(f"item {number}")) for number in range(8)))
            yield DataTable[str]()
        yield Footer()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns("name", "step", "loss")
        for number in range(8):
            table.add_row(f"row {number}", str(number), "0.5")


Minimal().run()
