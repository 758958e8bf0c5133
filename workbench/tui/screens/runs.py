"""All runs of a folder, whoever started them."""

from __future__ import annotations

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.color import Color
from textual.content import Content
from textual.coordinate import Coordinate
from textual.widgets import DataTable, Static

from workbench.runs import Run
from workbench.tui.aside import aside
from workbench.tui.bindings import bindings
from workbench.tui.catalogue import Catalogue, Row, changed
from workbench.tui.screens.page import Page
from workbench.tui.status import COLOURS, badge, live, resumable
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.form import written
from workbench.words import age

_COLUMNS = ("status", "task", "cell", "step", "best", "age", "run")


class RunsScreen(Page):
    """A list that follows the folder."""

    place = "runs"
    BINDINGS = bindings(place)
    EVERY = 1.0  # seconds between two looks at the folder

    def compose(self) -> ComposeResult:
        yield TopBar("runs")
        yield DataTable[Text](cursor_type="row", cursor_foreground_priority="renderable", id="list")
        yield Static(markup=False, id="empty")
        yield Static(markup=False, id="marked")
        yield BottomBar("runs")

    def on_mount(self) -> None:
        self._catalogue = Catalogue(self.workbench.runs_folder)
        self._rows: list[Row] = []
        self._shown: list[list[str]] = []
        table = self.query_one(DataTable)
        for name in _COLUMNS:
            table.add_column(name, key=name)
        self.query_one("#marked").display = table.display = False
        self.app.theme_changed_signal.subscribe(self, lambda _: self._show(self._rows, afresh=True))
        self.set_interval(self.EVERY, self._refresh)
        self._refresh()

    def on_screen_resume(self) -> None:
        self._refresh()

    @work(exclusive=True, group="scan")
    async def _refresh(self) -> None:
        if not self.is_current:
            return
        try:
            rows = await aside(self._catalogue.scan)
        except OSError as error:
            self._empty(f"The runs in {self.workbench.runs_folder} cannot be read: {error.strerror}.")
            return
        if self.query(DataTable):  # else the screen was taken down meanwhile
            self._show(rows)

    def _show(self, rows: list[Row], *, afresh: bool = False) -> None:
        table = self.query_one(DataTable)
        marked = self.marked
        cells = [[row.status, row.task, row.cell, row.step, row.best, age(row.created), row.run.id] for row in rows]
        same = not afresh and [row.run.id for row in rows] == [row.run.id for row in self._rows]
        before, self._rows, self._shown = self._shown, rows, cells
        if same:
            for y, (new, old) in enumerate(zip(cells, before, strict=True)):
                for x, text in enumerate(new):
                    if text != old[x]:
                        table.update_cell_at(Coordinate(y, x), self._cell(rows[y], x, text), update_width=True)
        else:
            table.clear()
            for row, texts in zip(rows, cells, strict=True):
                table.add_row(*(self._cell(row, x, text) for x, text in enumerate(texts)), key=row.run.id)
            at = next((y for y, row in enumerate(rows) if marked and row.run.id == marked.run.id), 0)
            table.move_cursor(row=at)
        if rows:
            self.query_one("#empty").display = False
            table.display = self.query_one("#marked").display = True
            if self.focused is None:
                table.focus()
        else:
            self._empty(
                f"There are no runs in {self.workbench.runs_folder} yet.\n\n"
                "Press 1 (or F2) for the Lab and start one there,\n"
                "or in another terminal: workbench train names --cell lstm"
            )
        self._tell()

    def _cell(self, row: Row, column: int, text: str) -> Text:
        if column != 0:
            right = _COLUMNS[column] in ("step", "age")
            return Text(text, justify="right" if right else "left", style="bold" if column == 4 else "")
        colour = Color.parse(self.app.theme_variables.get(f"text-{COLOURS[row.status]}", "white"))
        return Text(text, style=f"bold {colour.rgb and colour.hex6}")

    def _empty(self, sentence: str) -> None:
        empty = self.query_one("#empty", Static)
        empty.update(Content.styled(sentence, "$foreground-muted"))
        empty.display = True
        self.query_one("#marked").display = self.query_one(DataTable).display = False

    @property
    def marked(self) -> Row | None:
        at = self.query_one(DataTable).cursor_row
        return self._rows[at] if 0 <= at < len(self._rows) else None

    @on(DataTable.RowHighlighted)
    def _tell(self) -> None:
        self.refresh_bindings()
        row = self.marked
        if row is None:
            return
        lines: list[Content | str | tuple[str, str]] = [
            badge(row.status),
            "  ",
            (row.run.id, "bold"),
            "\n",
            row.message,
        ]
        if row.status != "unreadable":
            differing = changed(row.run.spec)
            settings = ", ".join(f"{key} {written(value)}" for key, value in differing.items()) or "the task's defaults"
            preset = f"preset {row.run.spec.preset}: " if row.run.spec.preset else ""
            lines.append((f"\n{preset}{settings}", "$foreground-muted"))
        self.query_one("#marked", Static).update(Content.assemble(*lines))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in ("open", "stop", "resume"):
            return True
        row = self.marked if self.is_mounted else None
        if row is None or row.status == "unreadable":
            return None
        return {"open": True, "stop": live(row.status), "resume": resumable(row.status)}[action] or None

    @on(DataTable.RowSelected)
    def action_open(self) -> None:
        row = self.marked
        if row and row.status == "unreadable":
            self.app.notify(row.message, severity="error", markup=False)
        elif row:
            self.workbench.open_run(row.run)

    def action_stop(self) -> None:
        self._with_marked(self.workbench.ask_to_stop)

    def action_resume(self) -> None:
        self._with_marked(self.workbench.resume)

    def _with_marked(self, act: object) -> None:
        row = self.marked
        if row and callable(act):
            act(Run(row.run.path))
