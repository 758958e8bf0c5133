"""Pane of a study's results: its table, the differences of its settings, and what must be known beside it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tasks.base import PlainError, Settings
from workbench.render.text import printable
from workbench.studies import differences, metrics
from workbench.studies.differences import Difference
from workbench.studies.study import Member
from workbench.tui.services.threads import run_in_thread
from workbench.tui.studies.results import StudyResults, TableChoice, TableLines, short_name, table_lines
from workbench.tui.studies.study_catalogue import StudySummary
from workbench.tui.widgets.listing import Listing
from workbench.tui.widgets.table import Passage, lay_out

_NO_LINES = TableLines([], [], {})


class ResultsPane(Vertical):
    """A table with a cursor on its rows, and sentences below it."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.listing = Listing(id="table-list")
        self._notes = Passage(id="notes")
        self._summary: StudySummary | None = None
        self._results: StudyResults | None = None
        self._choice = TableChoice()
        self._problem = ""
        self._lines = _NO_LINES
        self._room = 0  # cells of a line; 0: not known yet
        self._differences: tuple[object, Sequence[Difference]] = (None, ())  # and what they were computed of

    def compose(self) -> ComposeResult:
        yield self.listing
        yield self._notes

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_table)  # the list's own room is known by then

    def show(
        self, summary: StudySummary | None, results: StudyResults | None, choice: TableChoice, problem: str
    ) -> None:
        """Show the results of a study.

        Args:
            problem: why there are none.
        """
        self._summary, self._results, self._choice, self._problem = summary, results, choice, problem
        self._show_table()
        self._show_notes()
        if results is not None and self._differences[0] != self._basis:
            self._compute(self._basis, list(summary.members if summary else ()), results)

    @property
    def row_members(self) -> list[Member]:
        """The runs of the row under the cursor."""
        return self._lines.members.get(self.listing.chosen, [])

    def _show_table(self) -> None:
        results = self._results
        if results is None:
            self._lines = _NO_LINES
            self.border_title, self.border_subtitle = "results", ""
        else:
            found = results.table
            self._room = self.listing.scrollable_content_region.width or self._room
            self._lines = table_lines(found, self._room) if self._room else _NO_LINES
            at = results.metrics.index(found.metric) + 1 if found.metric in results.metrics else 0
            several = f" ({at} of {len(results.metrics)})" if at and len(results.metrics) > 1 else ""
            self.border_title = Content(printable(metrics.heading(found.metric, results.of)) + several)
            chosen = (("rows", self._choice.rows), ("columns", self._choice.columns))
            self.border_subtitle = Content(" · ".join(f"{name}: {short_name(key)}" for name, key in chosen if key))
        self.listing.show(self._lines.columns, self._lines.rows)
        self.listing.styles.height = len(self._lines.rows) + 1

    def _show_notes(self) -> None:
        results = self._results
        found = self._differences[1] if results and self._differences[0] == self._basis else ()
        lines = [Content.styled(printable(note), "$text-warning") for note in (results.notes if results else ())]
        lines += [Content.styled(printable(self._problem), "$text-error")] * bool(self._problem)

        def passage(room: int) -> Content:
            if results is None or not found:
                return Content("\n").join(lines)
            return Content("\n").join([difference_lines(found, results.of, room), *lines])

        self._notes.show(passage)

    @property
    def _basis(self) -> object:
        """All that the differences depend on."""
        if self._summary is None or self._results is None:
            return None
        finished = [member.number for member in self._summary.members if member.state == "finished"]
        return self._summary.id, self._summary.study.created, self._results.table.metric, tuple(finished)

    @work(group="differences", exclusive=True)
    async def _compute(self, basis: object, members: list[Member], results: StudyResults) -> None:
        """Compute the differences of the settings on a thread: a bootstrap takes a moment."""
        self._differences = (basis, ())
        try:
            found = await run_in_thread(partial(differences.against_best, members, results.table.metric, results.of))
        except (PlainError, OSError):  # a run was deleted meanwhile: the study will be read again
            return
        self._differences = (basis, found)
        self._show_notes()


def difference_lines(pairs: Sequence[Difference], of: Settings, room: int) -> Content:
    """Return the differences as a table; where that has no room in a line, each below its setting."""
    rows = [differences.cells(pair, of) for pair in pairs]
    whole = lay_out(differences.HEADS, rows)
    if max(line.cell_length for line in whole.split("\n")) > room:
        whole = Content("\n").join(
            Content(f"{printable(label)}\n  {mean} {interval}{'' if pair.clear else ': no clear difference'}")
            for pair, (label, mean, interval, *_) in zip(pairs, rows, strict=True)
        )
    return Content("\n").join([Content(printable(differences.title(pairs))), whole])
