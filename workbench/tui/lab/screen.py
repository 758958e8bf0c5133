"""The Lab: choose a task and a cell, set what matters, start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import OptionList, Select, Static

import cells
import tasks
from workbench.config import spec
from workbench.config.fields import Field
from workbench.config.spec import RunSpec, SpecError
from workbench.runs import store
from workbench.tui.keys import bindings
from workbench.tui.lab.dataset_line import DataLine
from workbench.tui.lab.description import About
from workbench.tui.lab.hint import Hint
from workbench.tui.lab.launch_bar import Foot
from workbench.tui.lab.network_line import NetworkLine, Structure
from workbench.tui.lab.selection import Draft
from workbench.tui.lab.settings_search import Finder
from workbench.tui.lab.welcome import Welcome
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.form import Form, SettingRow, row_of
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.picker import Picker
from workbench.tui.widgets.tabs import TabRow

USUAL = ""  # the preset's value where none is chosen
CHOOSE, ABOUT, SETTINGS = "choose", "about", "settings"
_NARROW, _TALL = 70, 32  # columns and rows below which not all is shown at once


class LabScreen(Page):
    """Two lists, a form, and one key to start."""

    place = "lab"
    BINDINGS = bindings(place)
    RESTS = 0.1  # seconds after which a marked task is meant

    def __init__(self) -> None:
        super().__init__()
        self._cells = {name: cells.about(name) for name in cells.available()}
        self._following = asyncio.Lock()
        self._rest: Timer | None = None
        self._chosen = ("", "")  # task and cell, as they were told of last
        self._formed = ""  # the task that the form is made for
        self._fields: Sequence[Field] = ()  # its settings, the cell's own options among them
        self._due = False
        self._new = True

    def compose(self) -> ComposeResult:
        yield TopBar("lab")
        yield TabRow("panes")
        with Horizontal(id="lab"):
            with Vertical(id="choose"):
                yield Picker("task", [(name, tasks.settings(name).title) for name in tasks.available()], "tasks")
                yield Picker("cell", [(name, about.title) for name, about in self._cells.items()], "cells")
                yield About(id="about")
            with Vertical(id="settings"):
                with Horizontal(id="preset-row"):
                    yield Static("  preset", classes="name")
                    yield Select[str]([], allow_blank=True, prompt="the task's defaults", compact=True, id="preset")
                yield Form("form")
                yield Hint()
                yield VerticalScroll(id="network-panel")
        yield Foot()
        yield BottomBar("lab")

    async def on_mount(self) -> None:
        self.query_one("#settings").border_title = "settings"
        self.query_one("#network-panel").border_title = " network "
        picked = self.query_one("#cells", Picker)
        tasks_, first = self.query_one("#tasks", Picker), "names"  # small, and quickly trained
        tasks_.highlighted = tasks_.names.index(first) if first in tasks_.names else 0
        picked.highlighted = picked.names.index("lstm") if "lstm" in picked.names else 0
        self.query_one("#tasks").focus()
        self.watch(self, "focused", self._moved)
        self._arrange()

    def on_screen_resume(self) -> None:
        self._greet()
        self.query_one(NetworkLine).resume()

    def on_screen_suspend(self) -> None:
        if self not in self.app.screen_stack:  # else something is only asked or explained over it
            self.query_one(NetworkLine).suspend()

    def on_resize(self) -> None:
        self._arrange()

    @work(exclusive=True, group="greet")
    async def _greet(self) -> None:
        """Say what to do where nothing was ever started."""
        with suppress(OSError):
            known = await run_in_thread(partial(store.listing, self.workbench.runs_folder))
            if known:
                self.action_hide_hint()
            elif self._new:
                self._new = False  # once is enough
                await self.mount(Welcome(), after=self.query_one(TopBar))
                self.refresh_bindings()

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
        if self._rest is not None:
            self._rest.stop()
        if self._formed not in ("", self.task_name):  # whoever goes through the list is not held up by each one's form
            self._rest = self.set_timer(self.RESTS, self._follow)
        else:
            await self._follow()

    async def _follow(self) -> None:
        """Let the form, and all that is told, be of the task and cell that are marked."""
        async with self._following:
            chosen = self.task_name, self.cell_name
            if not all(chosen) or chosen == self._chosen:
                return
            if self.task_name != self._formed or spec.fields(*chosen) != self._fields:
                await self._form()
            else:
                self._renew()
            self._chosen = chosen
            self._tell()

    async def _form(self) -> None:
        """Another task: other settings, other presets, and cells that may not go with it."""
        entered = self.query_one(Form).entered if self._formed == self.task_name else {}
        self._formed, self._fields = self.task_name, spec.fields(self.task_name, self.cell_name)
        settings = tasks.settings(self._formed)
        reason = f"reads both ways: not for {self._formed}"
        refused = [name for name, about in self._cells.items() if settings.causal and about.bidirectional]
        self.query_one("#cells", Picker).refuse(dict.fromkeys(refused, reason))
        self.query_one("#preset", Select).set_options((name, name) for name in settings.presets)
        usual = Draft(self._formed, self.cell_name, USUAL, {}, {}).usual()
        await self.query_one(Form).build(self._fields, self._defaults(usual), entered)

    @on(Select.Changed, "#preset")
    def _choose_preset(self) -> None:
        if self._formed:
            self._renew()
            self._tell()

    @on(SettingRow.Changed)
    def _entered(self) -> None:
        if not self._due:  # one look at the whole, however many settings moved
            self._due = True
            self.call_after_refresh(self._verdict)

    @on(OptionList.OptionSelected)
    def _onward(self, event: OptionList.OptionSelected) -> None:
        if event.option_list.id == "tasks":
            self.query_one("#cells").focus()
        elif event.option_list.id == "cells":
            self._show_pane(SETTINGS)
            self.query_one("#preset").focus()

    @on(NetworkLine.Told)
    async def _show_network(self, event: NetworkLine.Told) -> None:
        for place in self.query("#about, #network-panel"):
            if not place.query(Structure):
                await place.mount(Structure())
            place.query_one(Structure).show(event.sketched, stale=event.stale)

    @on(TabRow.Chosen)
    def _arrange(self) -> None:
        """All at once where there is room; else one side in turns, or one pane at a time."""
        narrow = self.size.width < _NARROW
        whole = not narrow and self.size.height >= _TALL
        tabs = self.query_one("#panes", TabRow)
        tabs.display = not whole
        tabs.offer([CHOOSE, ABOUT, SETTINGS] if narrow else [CHOOSE, ABOUT])
        for picker in self.query(Picker):
            picker.display = whole or tabs.chosen == CHOOSE
        self.query_one("#about").display = whole or tabs.chosen == ABOUT
        self.query_one("#choose").display = not narrow or tabs.chosen != SETTINGS
        self.query_one("#settings").display = not narrow or tabs.chosen == SETTINGS
        self.refresh_bindings()

    def _show_pane(self, name: str) -> None:
        """Let a pane be seen, where not all are."""
        self.query_one("#panes", TabRow).choose(name)
        self._arrange()

    def able(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        match action:
            case "fetch":
                return self.query_one(DataLine).fetchable or None
            case "undo":
                row = row_of(self.focused)
                return (row is not None and row.changed) or None
            case "next_pane":
                return self.query_one("#panes").display or None
            case "hide_hint":
                return bool(self.query(Welcome)) or None
        return True

    def action_defaults(self) -> None:
        self._renew(forget=True)
        self._verdict()
        self.query_one(Form).scroll_home(animate=False)

    def action_undo(self) -> None:
        if row := row_of(self.focused):
            row.undo()

    def action_fetch(self) -> None:
        self.query_one(DataLine).fetch_or_stop()

    async def action_find(self) -> None:
        self._show_pane(SETTINGS)
        if self.query(Finder):
            self.query_one(Finder).open()
        else:
            form = self.query_one(Form)
            await self.query_one("#settings").mount(Finder(form), before=form)

    def action_hide_hint(self) -> None:
        self.query(Welcome).remove()
        self.refresh_bindings()

    def action_next_pane(self) -> None:
        tabs = self.query_one("#panes", TabRow)
        tabs.action_step(1)
        self._arrange()
        first = {CHOOSE: "#tasks", ABOUT: "#about", SETTINGS: "#preset"}[tabs.chosen]
        self.query_one(first).focus()

    async def action_start(self, *, stay: bool = False) -> None:
        await self._follow()  # a quick hand starts what it marked, not what was told of last
        self._verdict()
        self.query_one(Foot).start(stay=stay)

    async def action_start_and_stay(self) -> None:
        await self.action_start(stay=True)

    @on(Foot.Begun)
    def _begun(self, event: Foot.Begun) -> None:
        self.action_hide_hint()
        if not event.stay:
            self.workbench.open_run(event.run)

    def _renew(self, *, forget: bool = False) -> None:
        """Move what was not entered to the defaults of now; what was entered too, if it is to be forgotten."""
        usual = self.draft.usual()
        self.query_one(Form).renew(self._defaults(usual), forget=forget)

    def _defaults(self, usual: RunSpec) -> Callable[[str], Any]:
        """Return the value of each setting in ``usual``; of another cell's options, their own defaults."""
        own = {field.key: field.default for field in self._fields}
        known = set(spec.keys(usual))
        return lambda key: spec.value(usual, key) if key in known else own[key]

    @property
    def draft(self) -> Draft:
        """What the form, its task and the marked cell say now."""
        form = self.query_one(Form)
        return Draft(self._formed, self.cell_name, self.preset, form.values, form.errors)

    def _tell(self) -> None:
        """What the chosen task and cell are, and what they make."""
        self.query_one(About).show(self._formed, self.preset, self.cell_name)
        self._verdict()

    def _verdict(self) -> None:
        """Whether it can start, with what settings, on which data, and what network that makes."""
        self._due = False
        self.refresh_bindings()
        draft, foot = self.draft, self.query_one(Foot)
        changed = ", ".join(f"{row.title} {row.typed}" for row in self.query_one(Form).rows.values() if row.changed)
        try:
            foot.show(
                draft.described(), f"{draft.task} with {draft.cell}" + (f"; changed: {changed}" if changed else "")
            )
        except SpecError as error:
            foot.show(None, str(error))
        self.query_one(NetworkLine).show(draft.network())
        if settings := draft.settings():
            self.query_one(DataLine).show(draft.task, settings)

    def _moved(self, focused: Widget | None) -> None:
        self.query_one(Hint).show(focused)
        self.refresh_bindings()
