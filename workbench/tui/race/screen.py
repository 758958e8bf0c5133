"""Screen of a race: a cell against its twin or another one, both curves, the badge of parity, speeds and the table."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

import cells
from workbench.config import spec
from workbench.config.spec import RunSpec, SpecError
from workbench.races.budget import Budget
from workbench.races.events import Begun, Event, RaceError, Turn
from workbench.races.process import RaceProcess, words_for
from workbench.races.standings import Race, start_words
from workbench.render import race_view
from workbench.render.text import printable
from workbench.tui.color import curve_color
from workbench.tui.keys import bindings
from workbench.tui.race.race_chart import RaceChart
from workbench.tui.services.polling import TAKEN_DOWN
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.progress import Fragment, fit_to_width
from workbench.tui.widgets.table import Passage, align
from workbench.tui.widgets.tabs import TabRow

CHART, TABLE = "chart", "table"  # the panes
_WIDE = 110
_BAR = 20  # cells of the fastest cell's bar


def opponents(described: RunSpec) -> list[str]:
    """Return the cells against which a run's cell can race: its twins first."""
    twins = cells.twins(described.cell)
    found = []
    for cell in (*twins, *(name for name in cells.available() if name not in twins)):
        if cell != described.cell:
            try:
                spec.check(msgspec.structs.replace(described, cell=cell))
            except SpecError:
                continue
            found.append(cell)
    return found


class RaceScreen(Page):
    """A race in a child process, from its start to its table; leaving the screen ends it."""

    place = "race"
    has_fields = False
    BINDINGS = bindings(place)
    EVERY = 0.1  # seconds between two looks at what the race has told
    WAITING = 1.0  # seconds between two looks at what it does before it begins

    def __init__(self, described: RunSpec) -> None:
        super().__init__()
        self._described = described
        self._opponents = opponents(described)
        self._at = 0  # of the opponent
        self._budget = Budget()
        self._race = Race()
        self._process: RaceProcess | None = None
        self._failed = ""

    def compose(self) -> ComposeResult:
        yield TopBar("lab")
        yield Static(markup=False, id="race-head")
        yield TabRow("tabs")
        with Container(id="raced"):
            yield RaceChart(id=f"{CHART}-pane")
            yield Passage(id=f"{TABLE}-pane")
        yield Static(markup=False, id="parity")
        yield Static(markup=False, id="speeds")
        yield BottomBar("race")

    def on_mount(self) -> None:
        self.query_one(f"#{TABLE}-pane").border_title = "figures"
        self._arrange()
        self.action_start()
        self.set_interval(self.WAITING, self._show_waiting)

    def on_unmount(self) -> None:
        self._leave()

    def action_start(self) -> None:
        """Race from the start, in place of the race that goes on."""
        self._leave()
        self._failed = ""
        self.query_one(RaceChart).show_cells([])
        self._show()
        if self._opponents:
            self._run([self._described.cell, self._opponents[self._at]], self._budget)
        else:
            self._fail(f"No other cell goes with {self._described.task}.")

    def action_start_against(self) -> None:
        self._at = (self._at + 1) % max(1, len(self._opponents))
        self.action_start()

    def action_start_by(self) -> None:
        self._budget = msgspec.structs.replace(self._budget, by="time" if self._budget.by == "steps" else "steps")
        self.action_start()

    def action_stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    @work(exclusive=True, group="race")
    async def _run(self, raced: list[str], budget: Budget) -> None:
        """Start the race and show what it tells, until it ends."""
        own = self._race
        words = words_for(self._described, raced, budget, str(self.session.data or ""))
        try:
            process = await run_in_thread(partial(self._begin, own, words))
            while (events := await run_in_thread(process.read)) is not None and self._race is own:
                self._add(events)
                await asyncio.sleep(self.EVERY)
            if self._race is own:
                self._fail("" if own.ended else "The process that raced is gone: race again.")
        except RaceError as error:
            if self._race is own:
                self._fail("" if own.ended else str(error))  # whoever left the race has been told
        except TAKEN_DOWN:  # the screen was left
            return

    def _begin(self, own: Race, words: list[str]) -> RaceProcess:
        """Start the child, on a thread; end it at once where another race has begun meanwhile."""
        process = RaceProcess(words)
        if self._race is own:
            self._process = process
        else:
            process.close()
        return process

    def _leave(self) -> None:
        """End the child without waiting for it, and whatever it still tells."""
        self._race = Race()
        if self._process is not None:
            threading.Thread(target=self._process.close, daemon=True).start()
            self._process = None

    def _add(self, events: list[Event]) -> None:
        chart = self.query_one(RaceChart)
        for event in events:
            self._race.add(event)
            if isinstance(event, Begun):
                chart.show_cells(list(self._race.cells))
            elif isinstance(event, Turn):
                chart.add(list(self._race.cells).index(event.cell), event.step, event.losses)
        self._show()

    def _fail(self, sentence: str) -> None:
        self._failed = sentence
        self._show()

    def _show(self) -> None:
        """Show the race as it stands."""
        race = self._race
        self.query_one("#race-head", Static).update(self._head())
        lines = [
            Content.styled(words[:1].upper() + words[1:] + ".", "bold $text-success" if holds else "bold $text-error")
            for words, holds in race_view.badge_lines(race)
        ]
        lines += [Content.styled(printable(one.out), "$text-error") for one in race.cells.values() if one.out]
        lines += [Content.styled(printable(self._failed), "$text-error")] if self._failed else []
        if not lines:
            words = self._process.told() if self._process else ""  # of a download, say
            if race.begun:
                words = " ".join(start_words(race.begun.contenders, race.begun.seed))
            lines = [Content.styled(printable(words), "$foreground-muted")]
        self.query_one("#parity", Static).update(Content("\n").join(lines))
        self.query_one("#speeds", Static).update(Content("\n").join(self._bars()))
        self.query_one(f"#{TABLE}-pane", Passage).show(self._table())
        self.refresh_bindings()

    def _show_waiting(self) -> None:
        if self._process is not None and self._race.begun is None:
            self._show()

    def _head(self) -> Content:
        race, budget = self._race, self._budget
        against = " against ".join([self._described.cell, *self._opponents[self._at : self._at + 1]])
        parts: list[Fragment] = [(printable(f"{self._described.task}: {against}"), "bold")]
        if race.begun is None:
            waiting = f"{budget}: reading the data, building the networks …"
            return fit_to_width([*parts, *([] if self._failed else [(waiting, "$text-warning")])], self._room)
        spent = race_view.spent_words(race)
        begun = race.begun
        if begun.starter:
            parts.append(("starter data", "bold $text-warning"))
        if race.ended:
            reached = f" · {spent}" if race.share < 1 else ""
            parts.append((f"{race.ended.reason}{reached}", "$text-primary"))
        else:
            parts.append((spent, "$text-success"))
        facts = [begun.device, begun.precision, f"seed {begun.seed}"]
        return fit_to_width([*parts, *((words, "$foreground-muted") for words in facts)], self._room)

    @property
    def _room(self) -> int:
        return self.size.width - 4

    def _bars(self) -> list[Content]:
        lines = []
        for at, (name, share, figures) in enumerate(race_view.bar_lines(self._race)):
            full, color = round(share * _BAR), curve_color(at)
            lines.append(
                Content.assemble(
                    (f"{printable(name)}  ", f"bold $text-{color}"),
                    ("━" * full, f"${color}"),
                    ("─" * (_BAR - full), "$foreground 20%"),
                    f"  {figures}",
                )
            )
        return lines

    def _table(self) -> Content:
        if self._race.begun is None:
            return Content("")
        heads, rows = race_view.table(self._race, self._described.settings)
        colors = ["", *(f"bold $text-{curve_color(at)}" for at in range(len(heads) - 1))]
        styled = [Content.styled(printable(head), color) for head, color in zip(heads, colors, strict=True)]
        return align([styled, *([Content(printable(cell)) for cell in row] for row in rows)])

    def _arrange(self) -> None:
        """Show chart and table side by side where there is room, else one at a time."""
        wide = self.size.width >= _WIDE
        tabs = self.query_one(TabRow)
        tabs.display = not wide
        tabs.offer([CHART, TABLE])
        for name in (CHART, TABLE):
            self.query_one(f"#{name}-pane").display = wide or tabs.chosen == name
        self.refresh_bindings()

    @on(TabRow.Chosen)
    def _chosen(self) -> None:
        self._arrange()

    def on_resize(self) -> None:
        self._arrange()
        self._show()

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        if action == "next_pane":
            return self.size.width < _WIDE or None
        if action == "stop":
            return (self._process is not None and not self._race.ended and not self._failed) or None
        return True

    def action_next_pane(self) -> None:
        self.query_one(TabRow).action_step(1)

    def action_chart(self, change: str) -> None:
        """Change the view of the chart by one of ``VIEW_ACTIONS``."""
        self.query_one(RaceChart).change_view(change)

    def action_back(self) -> None:
        self.navigator.go("lab")
