"""Several runs side by side: their curves over one another, how they did, and where their settings differ."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Static

from workbench.render.format import plain
from workbench.runs.store import Run
from workbench.runs.summary import RunSummary
from workbench.tui.color import letter_color
from workbench.tui.compare import comparison
from workbench.tui.compare.comparison import BEST
from workbench.tui.compare.curves import AXES, TRAINING, Axis, Traces, counted, named
from workbench.tui.compare.overlay import Overlay, Trace
from workbench.tui.keys import bindings
from workbench.tui.services.catalogue import Keeper
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.status import COLOURS
from workbench.tui.widgets.table import Passage, align, flow
from workbench.tui.widgets.tabs import TabRow

CHART, RESULTS, SETTINGS = "chart", "results", "settings"  # the panes
_WIDE = 110
_LEGEND = 12  # rows of the screen for each line of the legend with ids in it
_LONGEST = 18  # characters of a setting's value


class _Compared:
    """A run by its letter, and what is known of it by now."""

    def __init__(self, letter: str, run: Run) -> None:
        self.letter, self.run = letter, run
        self.colour = f"text-{letter_color(letter)}"
        self.style = f"bold ${self.colour}"
        self.traces = Traces(run)
        self.record: RunSummary | None = None
        self._keeper = Keeper(run.path)

    def look(self) -> bool:
        """Read what is new → whether there was anything. What was known of a run that is gone stays."""
        before = self.record
        self.record = self._keeper.look() or before
        return self.traces.look() or self.record != before


class CompareScreen(Page):
    """Runs by their letters; those that train go on growing."""

    place = "compare"
    BINDINGS = bindings(place)
    EVERY = 0.5  # seconds between two looks at the runs

    def __init__(self, runs: Mapping[str, Run]) -> None:
        super().__init__()
        self._every = [_Compared(letter, run) for letter, run in runs.items()]
        self._quantity = ""
        self._axis: Axis = "step"

    def compose(self) -> ComposeResult:
        yield TopBar("runs")
        yield Static(markup=False, id="legend")
        yield Static(markup=False, id="remarks")
        yield TabRow("tabs")
        with Container(id="compared"):
            yield Overlay(id=f"{CHART}-pane")
            with Vertical(id="tables"):
                yield Passage(id=f"{RESULTS}-pane")
                yield Passage(id=f"{SETTINGS}-pane")
        yield BottomBar("compare")

    def on_mount(self) -> None:
        self.query_one(f"#{RESULTS}-pane").border_title = f"results, {BEST} the best"
        self.query_one(f"#{SETTINGS}-pane").border_title = "settings that differ"
        self.app.theme_changed_signal.subscribe(self, lambda _: self._draw())
        self._arrange()
        self._follow()

    @work(group="scan")
    async def _follow(self) -> None:
        """Look, show, wait: the only place where the runs are read."""
        while True:
            try:
                news = [await run_in_thread(one.look) for one in self._every]
            except OSError as error:
                self._remark([f"{error.filename} cannot be read: {error.strerror}."])
            else:
                if not self.query(Overlay):  # the screen was taken down meanwhile
                    return
                if any(news):
                    self._show()
            await asyncio.sleep(self.EVERY)

    @property
    def _known(self) -> list[tuple[_Compared, RunSummary]]:
        return [(one, one.record) for one in self._every if one.record and one.record.spec]

    @property
    def _quantities(self) -> list[str]:
        """What can be drawn: the metrics that all evaluated runs share, the main one first; then the training loss."""
        having = [names for one in self._every if (names := one.traces.metrics)]
        shared = [name for name in (having[0] if having else []) if all(name in names for names in having)]
        main = {record.spec.settings.metric for _, record in self._known if record.spec}
        shared.sort(key=lambda name: (name not in main, name != "loss"))
        return shared + [TRAINING] * any(one.traces.points(TRAINING, "step") for one in self._every)

    def _show(self) -> None:
        records = [record for _, record in self._known]
        heads = [Content("")] + [
            Content.styled(f"{one.letter} {plain(record.cell)}", one.style) for one, record in self._known
        ]
        states = [Content("status")] + [
            Content.styled(record.status, f"$text-{COLOURS[record.status]}") for record in records
        ]
        figures = [
            [Content(name), *(Content.styled(f"{f.text} {BEST if f.best else ' '}", "bold" * f.best) for f in row)]
            for name, row in comparison.results(records)
        ]
        self.query_one(f"#{RESULTS}-pane", Passage).show(align([heads, states, *figures]))
        differing = [
            [Content(key), *(Content(plain(value, _LONGEST)) for value in values)]
            for key, values in comparison.differing(records).items()
        ]
        same = Content.styled("No setting differs.", "$foreground-muted")
        self.query_one(f"#{SETTINGS}-pane", Passage).show(align([heads, *differing]) if differing else same)
        self._remark(comparison.remarks(records))
        self._legend()
        self._draw()

    def _remark(self, sentences: Sequence[str]) -> None:
        self.query_one("#remarks", Static).update(Content.styled(" ".join(sentences), "$text-warning"))
        self.query_one("#remarks").display = bool(sentences)

    def _legend(self) -> None:
        """Each run's letter in its colour; its id where there is room for all of them, else its cell; how it stands."""
        wide = self.size.width >= _WIDE  # the results beside say how they stand
        for name in ("id", "cell"):
            items = [
                Content.assemble(
                    (f"{one.letter} ", one.style),
                    plain(record.run.id if name == "id" else record.cell),
                    ("" if wide else f" {record.status}", f"$text-{COLOURS[record.status]}"),
                )
                for one, record in self._known
            ]
            lines = flow(items, self.size.width - 4)
            if len(lines) <= max(1, self.size.height // _LEGEND):
                break
        self.query_one("#legend", Static).update(Content("\n").join(lines))

    def _draw(self) -> None:
        quantities = self._quantities
        if self._quantity not in quantities:
            self._quantity = quantities[0] if quantities else ""
        curves = {one: one.traces.points(self._quantity, self._axis) for one in self._every}
        unit, below = counted(self._axis, max((points[-1][0] for points in curves.values() if points), default=0.0))
        traces = [Trace(one.letter, one.colour, [(x / unit, y) for x, y in points]) for one, points in curves.items()]
        which = f" ({quantities.index(self._quantity) + 1} of {len(quantities)})" if quantities else ""
        self.query_one(Overlay).show(traces, named(self._quantity) + which, below)

    def _arrange(self) -> None:
        """Side by side where there is room; one pane at a time where there is not."""
        wide = self.size.width >= _WIDE
        tabs = self.query_one(TabRow)
        tabs.display = not wide
        tabs.offer([CHART, RESULTS, SETTINGS])
        for name in (CHART, RESULTS, SETTINGS):
            self.query_one(f"#{name}-pane").display = wide or tabs.chosen == name
        self.query_one("#tables").display = wide or tabs.chosen != CHART
        self._legend()
        self.refresh_bindings()

    @on(TabRow.Chosen)
    def _chosen(self) -> None:
        self._arrange()

    def on_resize(self) -> None:
        self._arrange()

    def is_possible(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "next_pane":
            return self.size.width < _WIDE or None
        return True

    def action_next_pane(self) -> None:
        self.query_one(TabRow).action_step(1)

    def action_metric(self) -> None:
        quantities = self._quantities
        if quantities:
            self._quantity = quantities[(quantities.index(self._quantity) + 1) % len(quantities)]
            self._draw()

    def action_axis(self) -> None:
        self._axis = AXES[(AXES.index(self._axis) + 1) % len(AXES)]
        self._draw()

    def action_back(self) -> None:
        self.navigator.back()
