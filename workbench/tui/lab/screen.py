"""Lab screen: choose a task and a cell, set what matters, start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

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
from workbench.render import preview
from workbench.runs import store
from workbench.tui.appearance import COMPACT, TALL
from workbench.tui.keys import bindings
from workbench.tui.lab.dataset_line import DatasetLine
from workbench.tui.lab.description import Description
from workbench.tui.lab.launch_bar import LaunchBar
from workbench.tui.lab.network_line import NetworkSummaryLine, Structure
from workbench.tui.lab.place_choice import PlaceChoice
from workbench.tui.lab.preview_dialog import PreviewDialog, Seen
from workbench.tui.lab.selection import Selection
from workbench.tui.lab.settings_search import SettingsSearch
from workbench.tui.lab.text_lines import SettingHint, Welcome
from workbench.tui.services.data_preview import PreviewProcess
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.unreadable import UNREADABLE
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.form import Form
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.path_row import PathRow
from workbench.tui.widgets.picker import Picker
from workbench.tui.widgets.setting_row import SettingRow, row_of
from workbench.tui.widgets.tabs import TabRow

NO_PRESET = ""  # the preset's value where none is chosen
CHOOSE, ABOUT, SETTINGS = "choose", "about", "settings"


class LabScreen(Page):
    """Two lists, a form, and one key to start."""

    place = "lab"
    BINDINGS = bindings(place)
    REST = 0.1  # seconds after which the form of a marked task is made

    def __init__(self) -> None:
        super().__init__()
        self._unreadable = {"tasks": tasks.unreadable(), "cells": cells.unreadable()}
        readable = [name for name in cells.available() if name not in self._unreadable["cells"]]
        self._cells = {name: cells.about(name) for group in cells.in_groups(readable).values() for name in group}
        self._following = asyncio.Lock()
        self._rest: Timer | None = None
        self._marked = ("", "")  # task and cell, as they were described last
        self._usable = {"tasks": "", "cells": ""}  # the last of each that were marked and can be read
        self._formed = ""  # the task that the form is made for
        self._fields: Sequence[Field] = ()  # its settings, the cell's own options among them
        self._due = False
        self._new = True

    def compose(self) -> ComposeResult:
        yield TopBar("lab")
        yield TabRow("panes")
        with Horizontal(id="lab"):
            with Vertical(id="choose"):
                readable = [name for name in tasks.available() if name not in self._unreadable["tasks"]]
                titles = [(name, tasks.settings(name).title) for name in readable]
                yield Picker("task", titles, "tasks", self._unreadable["tasks"])
                titles = [(name, about.title) for name, about in self._cells.items()]
                groups = {name: cells.GROUPS[about.group] for name, about in self._cells.items()}
                yield Picker("cell", titles, "cells", self._unreadable["cells"], groups)
                yield Description(id="about")
            with Vertical(id="settings"):
                with Horizontal(id="preset-row"):
                    yield Static("  preset", classes="name")
                    yield Select[str]([], allow_blank=True, prompt="the task's defaults", compact=True, id="preset")
                yield Form("form", readonly=self.session.readonly)
                yield SettingHint()
                yield VerticalScroll(id="network-panel")
        yield LaunchBar(self.session)
        yield BottomBar("lab")

    async def on_mount(self) -> None:
        self.query_one("#settings").border_title = "settings"
        self.query_one("#network-panel").border_title = " network "
        for which, first in (("tasks", "names"), ("cells", "lstm")):  # small, and quickly trained
            picker = self.query_one(f"#{which}", Picker)
            picker.highlighted = picker.names.index(first) if first in picker.names else 0
        self.query_one("#tasks").focus()
        self.watch(self, "focused", self._moved)
        self._arrange()

    def on_screen_resume(self) -> None:
        self._greet()
        self.query_one(NetworkSummaryLine).resume()
        self.query_one(PlaceChoice).look()

    def on_screen_suspend(self) -> None:
        if self not in self.app.screen_stack:  # else something is only asked or explained over it
            self.query_one(NetworkSummaryLine).suspend()

    def on_resize(self) -> None:
        self._arrange()

    @work(exclusive=True, group="greet")
    async def _greet(self) -> None:
        """Show the first steps where no run was ever started."""
        with suppress(*UNREADABLE):
            runs = await run_in_thread(partial(store.listing, self.session.runs_folder))
            if runs:
                self.action_hide_hint()
            elif self._new:
                self._new = False  # once is enough
                await self.mount(Welcome(), after=self.query_one(TopBar))
                self.refresh_bindings()

    @property
    def task_name(self) -> str:
        """The marked task, or the last one before a marked one that cannot be read."""
        return self._usable["tasks"]

    @property
    def cell_name(self) -> str:
        """The marked cell, or the last one before a marked one that cannot be read."""
        return self._usable["cells"]

    @property
    def preset(self) -> str:
        value = self.query_one("#preset", Select).value
        return value if isinstance(value, str) else NO_PRESET

    @on(OptionList.OptionHighlighted)
    async def _choose(self, event: OptionList.OptionHighlighted) -> None:
        if self._rest is not None:
            self._rest.stop()
        if self._formed not in ("", self.task_name):  # whoever goes through the list is not held up by each one's form
            self._rest = self.set_timer(self.REST, self._follow_meanwhile)
        else:
            await self._follow()

    @work(group="follow")
    async def _follow_meanwhile(self) -> None:
        await self._follow()  # the screen hears the next keys while a form is made

    async def _follow(self) -> None:
        """Make the form and the description those of the marked task and cell."""
        async with self._following:
            self._mark_usual_cell()
            marked = self.query_one("#tasks", Picker).chosen, self.query_one("#cells", Picker).chosen
            if not all(marked) or marked == self._marked:
                return
            self._usable |= {
                which: name
                for which, name in zip(self._usable, marked, strict=True)
                if name not in self._unreadable[which]
            }
            if all(self._usable.values()):
                if self.task_name != self._formed or spec.fields(self.task_name, self.cell_name) != self._fields:
                    await self._make_form()
                else:
                    self._renew()
            self._marked = marked
            self._describe()

    def _mark_usual_cell(self) -> None:
        """Mark the marked task's usual cell where the last task's is marked: another that was chosen stays."""
        task, picker = self.query_one("#tasks", Picker).chosen, self.query_one("#cells", Picker)
        if self._formed in ("", task) or task in self._unreadable["tasks"]:
            return
        before, usual = (tasks.settings(name).default_cell for name in (self._formed, task))
        if picker.chosen == before != usual and usual in picker.names:
            picker.highlighted = picker.names.index(usual)

    @property
    def _obstacles(self) -> dict[str, str]:
        """The marked names that cannot be chosen, with the reasons."""
        marked = zip(self._unreadable.values(), self._marked, strict=True)
        return {name: reasons[name] for reasons, name in marked if name in reasons}

    async def _make_form(self) -> None:
        """Set up the settings, the presets and the refused cells of another task, or of a cell with its own options."""
        entered = self.query_one(Form).entered if self._formed == self.task_name else {}
        self._formed, self._fields = self.task_name, spec.fields(self.task_name, self.cell_name)
        settings = tasks.settings(self._formed)
        reason = f"reads both ways: not for {self._formed}"
        refused = [name for name, about in self._cells.items() if settings.causal and about.bidirectional]
        self.query_one("#cells", Picker).refuse(dict.fromkeys(refused, reason))
        self.query_one("#preset", Select).set_options((name, name) for name in settings.presets)
        defaults = Selection(self._formed, self.cell_name, NO_PRESET, {}, {}).defaults()
        await self.query_one(Form).build(
            self._fields,
            self._defaults_of(defaults),
            entered,
            paths=[f"task.{name}" for name in settings.paths],
            own_data=[f"task.{name}" for name in settings.own_data_names()],
        )

    @on(Select.Changed, "#preset")
    def _choose_preset(self) -> None:
        if self._formed:
            self._renew()
            self._describe()

    @on(SettingRow.Changed)
    def _check_soon(self) -> None:
        if not self._due:  # one check of the whole, however many settings changed
            self._due = True
            self.call_after_refresh(self._check)

    @on(OptionList.OptionSelected)
    async def _onward(self, event: OptionList.OptionSelected) -> None:
        marked = event.option_list
        if marked is not self.focused and isinstance(self.focused, Picker):
            marked = self.focused  # an Enter typed ahead, before the list heard that it has the focus no more
        which, name = marked.id or "", event.option_id
        if name in self._unreadable.get(which, {}):
            self.app.bell()  # the reason stands beside the button
        elif which == "tasks":
            self.set_focus(self.query_one("#cells"))
        elif which == "cells":
            await self._follow()
            self._show_pane(SETTINGS)
            self._first_setting().focus()

    def _first_setting(self) -> Widget:
        """Return the field to begin with: that of the user's own data where the task has no others."""
        if tasks.settings(self._formed).own_data_only and (rows := self.query(PathRow)):
            return rows.first().editor
        return self.query_one("#preset")

    @on(NetworkSummaryLine.Updated)
    async def _show_network(self, event: NetworkSummaryLine.Updated) -> None:
        for place in self.query("#about, #network-panel"):
            if not place.is_attached:  # the program is being left
                return
            structure = next(iter(place.query(Structure)), None)
            if structure is None:
                structure = Structure()
                await place.mount(structure)  # what is shown there may be replaced meanwhile
            structure.show(event.summary, stale=event.stale)

    @on(TabRow.Chosen)
    def _arrange(self) -> None:
        """Show everything where there is room; else two of the three panes, or one."""
        narrow = self.size.width < COMPACT
        whole = not narrow and self.size.height >= TALL
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
        """Show a pane, where not all of them are shown."""
        self.query_one("#panes", TabRow).choose(name)
        self._arrange()

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        match action:
            case "fetch":
                return self.query_one(DatasetLine).fetchable or None
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
        self._check()
        self.query_one(Form).scroll_home(animate=False)

    def action_undo(self) -> None:
        if row := row_of(self.focused):
            row.undo()

    async def action_preview(self) -> None:
        """Look into the data that a training would read."""
        await self._follow()
        self._check()
        settings = self.selection.settings()
        if self._obstacles or settings is None or any(key.startswith("task.") for key in self.selection.errors):
            self.app.bell()  # the reason stands beside the button
            return
        process = PreviewProcess(self.task_name, settings, self.session.data)
        can_start = self.query_one(LaunchBar).described is not None and self.check_action("start", ()) is True
        self.app.push_screen(PreviewDialog(self.task_name, process, can_start=can_start), self._seen)

    async def _seen(self, seen: Seen | None) -> None:
        """Keep the most important of a preview below the field that names its data; start, if that was asked for."""
        if seen is None or seen.preview is None:
            return
        named = [row for row in self.query(PathRow) if row.typed and not row.error]
        for row in named[:1]:
            row.tell(preview.summary(seen.preview))
        if seen.start:
            await self.action_start()

    def action_fetch(self) -> None:
        self.query_one(DatasetLine).fetch_or_stop()

    async def action_find(self) -> None:
        self._show_pane(SETTINGS)
        if self.query(SettingsSearch):
            self.query_one(SettingsSearch).open()
        else:
            form = self.query_one(Form)
            await self.query_one("#settings").mount(SettingsSearch(form), before=form)

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
        await self._follow()  # of what was marked a moment ago, not of what was described last
        self._check()
        self.query_one(LaunchBar).start(stay=stay)

    async def action_start_and_stay(self) -> None:
        await self.action_start(stay=True)

    async def action_start_race(self) -> None:
        await self._follow()
        self._check()
        described = self.query_one(LaunchBar).described
        if described is None:
            self.app.bell()  # the reason stands beside the button
        else:
            self.navigator.race(described)

    @on(LaunchBar.Started)
    def _started(self, event: LaunchBar.Started) -> None:
        self.action_hide_hint()
        if not event.stay:
            self.navigator.open_run(event.run)

    def _renew(self, *, forget: bool = False) -> None:
        """Set the unchanged settings to the present defaults; with ``forget`` the changed ones too."""
        defaults = self.selection.defaults()
        seen = {} if forget else self.selection.seen()
        self.query_one(Form).renew(self._defaults_of(defaults), forget=forget, seen=seen)

    def _defaults_of(self, defaults: RunSpec) -> Callable[[str], object]:
        """Return the value of each setting in ``defaults``; of another cell's options, their own defaults."""
        own = {field.key: field.default for field in self._fields}
        known = set(spec.keys(defaults))
        return lambda key: spec.value(defaults, key) if key in known else own[key]

    @property
    def selection(self) -> Selection:
        """The form's task and settings, and the cell."""
        form = self.query_one(Form)
        return Selection(self._formed, self.cell_name, self.preset, form.values, form.errors)

    def _describe(self) -> None:
        """Describe the marked task and cell, and check what they make."""
        if obstacles := self._obstacles:
            self.query_one(Description).show_unreadable(obstacles)
        else:
            self.query_one(Description).show(self._formed, self.preset, self.cell_name)
        self._check()

    def _check(self) -> None:
        """Show whether the selection can start, with its settings, data and network."""
        self._due = False
        self.refresh_bindings()
        launch_bar = self.query_one(LaunchBar)
        if obstacles := self._obstacles:
            launch_bar.show(None, " ".join(obstacles.values()))
            self.query_one(NetworkSummaryLine).show(None)
            return
        selection = self.selection
        if selection.seen() != self.query_one(Form).seen:
            self._renew()
            selection = self.selection
        changed = ", ".join(f"{row.title} {row.typed}" for row in self.query_one(Form).rows.values() if row.changed)
        text = f"{selection.task} with {selection.cell}" + (f"; changed: {changed}" if changed else "")
        try:
            launch_bar.show(selection.described(), text)
        except SpecError as error:
            launch_bar.show(None, str(error))
        self.query_one(NetworkSummaryLine).show(selection.network())
        if settings := selection.settings():
            self.query_one(DatasetLine).show(selection.task, settings)

    def _moved(self, focused: Widget | None) -> None:
        self.query_one(SettingHint).show(focused)
        self.refresh_bindings()
