"""The Lab: choose a task and a cell, set what matters, start."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, OptionList, Select, Static

import cells
import tasks
from tasks.base import DataError
from tasks.common import datasets
from workbench import launch, runs, spec
from workbench.runs import Run, RunError
from workbench.spec import RunSpec, SpecError
from workbench.tui.aside import aside
from workbench.tui.bindings import bindings
from workbench.tui.screens.page import Page
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.form import Form, SettingRow
from workbench.tui.widgets.picker import Picker

USUAL = ""  # the preset's value where none is chosen


class LabScreen(Page):
    """Two lists, a form, and one key to start."""

    place = "lab"
    BINDINGS = bindings(place)

    def __init__(self) -> None:
        super().__init__()
        self._formed = ""  # the task that the form is made for
        self._starting = False
        self._due = False

    def compose(self) -> ComposeResult:
        yield TopBar("lab")
        with Horizontal(id="lab"):
            with Vertical(id="choose"):
                yield Picker("task", [(name, tasks.settings(name).title) for name in tasks.available()], "tasks")
                yield Picker("cell", [(name, cells.about(name).title) for name in cells.available()], "cells")
                with VerticalScroll(id="about", can_focus=False):
                    yield Static(markup=False, id="facts")
                    yield Static(markup=False, id="equations")
            with Vertical(id="settings"):
                with Horizontal(id="preset-row"):
                    yield Static("  preset", classes="name")
                    yield Select[str]([], allow_blank=True, prompt="the task's defaults", compact=True, id="preset")
                yield Form("form")
                yield Static(markup=False, id="hint")
                with Horizontal(id="start-row"):
                    yield Button("Start", variant="primary", id="start", compact=True, action="screen.start")
                    yield Static(markup=False, id="verdict")
        yield BottomBar("lab")

    async def on_mount(self) -> None:
        self.query_one("#settings").border_title = "settings"
        picked = self.query_one("#cells", Picker)
        tasks_, first = self.query_one("#tasks", Picker), "names"  # small, and quickly trained
        tasks_.highlighted = tasks_.names.index(first) if first in tasks_.names else 0
        picked.highlighted = picked.names.index("lstm") if "lstm" in picked.names else 0
        self.query_one("#tasks").focus()
        self.watch(self, "focused", self._hint)

    @property
    def task_name(self) -> str:
        return self.query_one("#tasks", Picker).chosen

    @property
    def cell_name(self) -> str:
        return self.query_one("#cells", Picker).chosen

    @property
    def preset(self) -> str:
        value = self.query_one("#preset", Select).value
        return value if isinstance(value, str) else USUAL

    @on(OptionList.OptionHighlighted)
    async def _choose(self, event: OptionList.OptionHighlighted) -> None:
        if not self.task_name or not self.cell_name or not isinstance(event.option_list, Picker):
            return
        form, usual = self.query_one(Form), self._usual()
        if self.task_name != self._formed:
            self._formed = self.task_name
            presets = tasks.settings(self.task_name).presets
            self.query_one("#preset", Select).set_options((name, name) for name in presets)
            usual = self._usual()
            await form.build(spec.fields(self.task_name), lambda key: spec.value(usual, key))
        else:
            form.renew(lambda key: spec.value(usual, key))
        self._tell()

    @on(Select.Changed, "#preset")
    def _choose_preset(self) -> None:
        if self._formed:
            usual = self._usual()
            self.query_one(Form).renew(lambda key: spec.value(usual, key))
            self._tell()

    @on(SettingRow.Changed)
    def _entered(self) -> None:
        if not self._due:  # one look at the whole, however many settings moved
            self._due = True
            self.call_after_refresh(self._verdict)

    @on(OptionList.OptionSelected)
    def _onward(self, event: OptionList.OptionSelected) -> None:
        if isinstance(event.option_list, Picker):
            self.focus_next()

    def action_defaults(self) -> None:
        usual = self._usual()
        self.query_one(Form).renew(lambda key: spec.value(usual, key), forget=True)
        self._verdict()

    def action_start(self) -> None:
        if self._starting:
            return
        try:
            self._described()
        except SpecError:  # it stands beside the button already
            self.app.bell()
            self._verdict()
            return
        self._starting = True
        self._verdict()
        self._start(self.task_name, self.cell_name, self.query_one(Form).values, self.preset)

    @work(exclusive=True, group="start")
    async def _start(self, task: str, cell: str, values: dict[str, Any], preset: str) -> None:
        """Find the data, describe the run, start its worker: none of it holds the screen up."""
        app = self.workbench

        def say(sentence: str) -> None:
            app.call_from_thread(app.notify, sentence, markup=False, timeout=12)

        def begin() -> tuple[Run, Any]:
            described = spec.make(task, cell, values, preset=preset)
            source = datasets.locate(task, app.data, say, settings=described.settings)
            folder = str(source.folder) if source.kind == "full" else ""
            described = msgspec.structs.replace(described, data=source.kind, data_dir=folder)
            run = runs.create(app.runs_folder, described)
            return run, launch.start(run)

        try:
            run, worker = await aside(begin)
        except (SpecError, RunError, DataError) as error:
            self._refuse(str(error))
        except OSError as error:
            self._refuse(f"The run could not be started: {error}.")
        else:
            app.custody.add(run, worker)
            app.open_run(run)
        finally:
            self._starting = False
            self._tell()

    def _usual(self) -> RunSpec:
        """The settings of the task and preset before anything is entered; of another cell where this one is refused."""
        for cell in (self.cell_name, *cells.available()):
            try:
                return spec.make(self.task_name, cell, preset=self.preset)
            except SpecError as error:
                refused = error
        raise refused

    def _described(self) -> RunSpec:
        form = self.query_one(Form)
        if form.error:
            raise SpecError(form.error)
        return spec.make(self.task_name, self.cell_name, form.values, preset=self.preset)

    def _tell(self) -> None:
        """What the chosen cell computes, where the data stands, and whether it can start."""
        about = cells.about(self.cell_name)
        task = tasks.settings(self.task_name)
        preset = task.presets.get(self.preset)
        self.query_one("#facts", Static).update(
            Content.assemble(
                (self.task_name, "bold $text-primary"),
                f"  {task.about}\n",
                _data(self.task_name, self.workbench.data),
                *(((f"\n\npreset {self.preset}", "bold $text-primary"), f"  {preset.help}") if preset else ()),
                (f"\n\n{self.cell_name}", "bold $text-primary"),
                f"  {about.title}\n",
            )
        )
        self.query_one("#equations", Static).update(Content.assemble(_equations(about.text)))
        self._verdict()

    def _verdict(self) -> None:
        self._due = False
        line = self.query_one("#verdict", Static)
        try:
            self._described()
        except SpecError as error:
            line.update(Content.styled(str(error), "$text-error"))
            return
        changed = len(self.query_one(Form).values)
        more = f", {changed} setting{'s' * (changed != 1)} changed" if changed else ""
        if self._starting:
            line.update(Content.styled("starting: looking for the data …", "$text-warning"))
        else:
            line.update(Content.styled(f"{self.task_name} with {self.cell_name}{more}", "$foreground-muted"))

    def _hint(self, focused: object) -> None:
        """The help and the bounds of the setting that has the focus."""
        row = next((a for a in getattr(focused, "ancestors", []) if isinstance(a, SettingRow)), None)
        hint = self.query_one("#hint", Static)
        if row is None:
            hint.update(Content.styled("Tab moves between the lists and the settings.", "$foreground-muted"))
            return
        field = row.field
        bounds = f"  {field.bounds}" if field.bounds else ""
        hint.update(Content.assemble((field.key, "bold"), f"  {field.help}", (bounds, "$foreground-muted")))

    def _refuse(self, sentence: str) -> None:
        self.app.notify(sentence, severity="error", markup=False, timeout=12)


def _data(task: str, folder: Any) -> Content:
    """Where the task's data stands."""
    try:
        source = datasets.present(task, folder)
    except DataError as error:
        return Content.styled(str(error), "$text-error")
    if source is None:
        return Content.styled("data: will be downloaded on first use", "$text-warning")
    return Content.assemble(("data: full", "$text-success"), (f", {source.folder}", "$foreground-muted"))


def _equations(text: str) -> str:
    """The lines of a cell's equations, without the remarks beside them."""
    lines = [re.split(r"\s{2,}", line.strip())[0] for line in text.splitlines() if line.startswith("    ")]
    return "\n".join(lines)
