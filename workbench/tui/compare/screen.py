"""Screen of several runs side by side: curves over one another, results, and settings that differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Static

from workbench.render.metrics import presentation
from workbench.render.text import printable
from workbench.runs import comparison
from workbench.runs.comparison import BEST
from workbench.runs.folder import RunError
from workbench.runs.monitor import RunMonitor
from workbench.runs.run import Run
from workbench.runs.summary import RunSummary, higher_is_better
from workbench.tui.color import letter_color
from workbench.tui.compare.overlay_chart import OverlayChart
from workbench.tui.compare.run_curves import TRAINING, NewEvents, RunCurves, quantity_label
from workbench.tui.keys import bindings
from workbench.tui.services.polling import poll
from workbench.tui.services.unreadable import unreadable
from workbench.tui.widgets.bars import BottomBar, TopBar
from workbench.tui.widgets.page import Page
from workbench.tui.widgets.status import COLOURS
from workbench.tui.widgets.table import Passage, align, flow
from workbench.tui.widgets.tabs import TabRow

CHART, RESULTS, SETTINGS = "chart", "results", "settings"  # the panes
_WIDE = 110
_LEGEND = 12  # rows of the screen for each line of a legend with names
_FRAME = 5  # columns of a table's frame, padding and scroll bar
_LONGEST = 18  # characters of a setting's value
_LEGENDS: tuple[Callable[[RunSummary], str], ...] = (  # the longest first
    lambda summary: summary.label,
    lambda summary: summary.metadata.name or summary.run.id,
    lambda summary: summary.cell,
)


class _Look(NamedTuple):
    """News of a run since the last look."""

    curves: NewEvents
    summary: bool  # it is another one

    @property
    def news(self) -> bool:
        return bool(self.curves.events) or self.curves.restarted or self.summary


class _ComparedRun:
    """Run by its letter, with its curves and its summary."""

    def __init__(self, letter: str, run: Run) -> None:
        self.letter, self.run = letter, run
        self.color = f"text-{letter_color(letter)}"
        self.style = f"bold ${self.color}"
        self.curves = RunCurves(run, letter, self.color)
        self.summary: RunSummary | None = None
        self._monitor = RunMonitor(run.path)

    def look(self) -> _Look:
        """Read what is new, on a thread. The summary of a run that is gone stays."""
        before = self.summary
        self.summary = self._monitor.look() or before
        return _Look(self.curves.read(), self.summary != before)


class CompareScreen(Page):
    """Screen that follows runs, each named by its letter."""

    place = "compare"
    has_fields = False
    BINDINGS = bindings(place)
    EVERY = 0.5  # seconds between two looks at the runs

    def __init__(self, runs: Mapping[str, Run]) -> None:
        super().__init__()
        self._every = [_ComparedRun(letter, run) for letter, run in runs.items()]
        self._quantity = ""

    def compose(self) -> ComposeResult:
        yield TopBar("runs")
        yield Static(markup=False, id="legend")
        yield Static(markup=False, id="notes")
        yield TabRow("tabs")
        with Container(id="compared"):
            yield OverlayChart([one.curves.timeline for one in self._every], id=f"{CHART}-pane")
            with Vertical(id="tables"):
                yield Passage(id=f"{RESULTS}-pane")
                yield Passage(id=f"{SETTINGS}-pane")
        yield BottomBar("compare")

    def on_mount(self) -> None:
        self.query_one(f"#{RESULTS}-pane").border_title = f"results, {BEST} the best of each figure"
        self.query_one(f"#{SETTINGS}-pane").border_title = "settings that differ"
        self._arrange()
        self._follow()

    @work(group="scan")
    async def _follow(self) -> None:
        """Follow the runs: the only place where they are read."""
        await poll(self._read, self._show_news, self._unreadable, lambda: self.EVERY)

    def _read(self) -> list[_Look]:
        """Read what is new of every run, on a thread."""
        return [one.look() for one in self._every]

    async def _show_news(self, looks: list[_Look]) -> bool:
        """Show what is new; return whether there is more to read at once."""
        for one, look in zip(self._every, looks, strict=True):
            one.curves.add(look.curves)
        more = any(look.curves.more for look in looks)
        if any(look.news for look in looks) and not more and self.query(OverlayChart):  # else it is being taken down
            self._show()
        return more

    def _unreadable(self, error: OSError | RunError) -> None:
        self._show_notes([unreadable(getattr(error, "filename", None) or "A run's folder", error)])

    @property
    def _readable(self) -> list[tuple[_ComparedRun, RunSummary]]:
        return [(one, one.summary) for one in self._every if one.summary and one.summary.spec]

    @property
    def _quantities(self) -> list[str]:
        """Drawable quantities: metrics that all evaluated runs share, the main one first; then the training loss."""
        metrics = [names for one in self._every if (names := one.curves.metrics)]
        shared = [name for name in (metrics[0] if metrics else []) if all(name in names for names in metrics)]
        main = {summary.spec.settings.metric for _, summary in self._readable if summary.spec}
        shared.sort(key=lambda name: (name not in main, name != "loss"))
        return shared + [TRAINING] * any(TRAINING in one.curves.curves for one in self._every)

    def _show(self) -> None:
        summaries = [summary for _, summary in self._readable]
        heads = [Content("")] + [
            Content.styled(f"{one.letter} {printable(summary.cell)}", one.style) for one, summary in self._readable
        ]
        states = [Content("status")] + [
            Content.styled(summary.status, f"$text-{COLOURS[summary.status]}") for summary in summaries
        ]
        figures = [
            [Content(name), *(Content.styled(f"{f.text} {BEST if f.best else ' '}", "bold" * f.best) for f in row)]
            for name, row in comparison.result_rows(summaries)
        ]
        results = align([heads, states, *figures])
        self.query_one(f"#{RESULTS}-pane", Passage).show(results)
        self.query_one("#tables").styles.min_width = results.split("\n")[0].cell_length + _FRAME
        differing = [
            [Content(key), *(Content(printable(value, _LONGEST)) for value in values)]
            for key, values in comparison.differing_settings(summaries).items()
        ]
        same = Content.styled("No setting differs.", "$foreground-muted")
        self.query_one(f"#{SETTINGS}-pane", Passage).show(align([heads, *differing]) if differing else same)
        self._show_notes(comparison.comparison_notes(summaries))
        self._show_legend()
        self._draw()

    def _show_notes(self, sentences: Sequence[str]) -> None:
        self.query_one("#notes", Static).update(Content.styled(" ".join(sentences), "$text-warning"))
        self.query_one("#notes").display = bool(sentences)

    def _show_legend(self) -> None:
        """Show each run's letter in its color and its state; its label where there is room, else its name or cell."""
        wide = self.size.width >= _WIDE  # the results beside tell the states
        for words in _LEGENDS:
            items = [
                Content.assemble(
                    (f"{one.letter} ", one.style),
                    printable(words(summary)),
                    ("" if wide else f" {summary.status}", f"$text-{COLOURS[summary.status]}"),
                )
                for one, summary in self._readable
            ]
            lines = flow(items, self.size.width - 4)
            if len(lines) <= max(1, self.size.height // _LEGEND):
                break
        self.query_one("#legend", Static).update(Content("\n").join(lines))

    def _draw(self) -> None:
        quantities = self._quantities
        if self._quantity not in quantities:
            self._quantity = quantities[0] if quantities else ""
        curves = {
            curve: one.curves.timeline
            for one in self._every
            if (curve := one.curves.curves.get(self._quantity)) and curve.ends
        }
        position = f" ({quantities.index(self._quantity) + 1} of {len(quantities)})" if quantities else ""
        summaries = [summary for _, summary in self._readable]
        settings = comparison.settings_of(summaries)
        loss = self._quantity in ("loss", TRAINING)
        higher = False if loss or not summaries else higher_is_better(summaries[0], self._quantity)
        self.query_one(OverlayChart).show_runs(
            quantity_label(self._quantity, settings) + position,
            curves,
            digits=presentation("loss" if loss else self._quantity, settings).digits,
            logs=not higher,
        )

    def _arrange(self) -> None:
        """Show the panes side by side where there is room, else one at a time."""
        wide = self.size.width >= _WIDE
        tabs = self.query_one(TabRow)
        tabs.display = not wide
        tabs.offer([CHART, RESULTS, SETTINGS])
        for name in (CHART, RESULTS, SETTINGS):
            self.query_one(f"#{name}-pane").display = wide or tabs.chosen == name
        self.query_one("#tables").display = wide or tabs.chosen != CHART
        self._show_legend()
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

    def action_chart(self, change: str) -> None:
        """Change the view of the chart by one of ``VIEW_ACTIONS``."""
        self.query_one(OverlayChart).change_view(change)

    def action_picture(self) -> None:
        main = {summary.spec.settings.metric for _, summary in self._readable if summary.spec}
        chosen = self._quantity not in ("", TRAINING, *main)
        self.write_picture(
            [one.run for one in self._every], "curves", *(("--metric", self._quantity) if chosen else ())
        )

    def action_back(self) -> None:
        self.navigator.back()
