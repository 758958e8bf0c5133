"""Pane of a study's runs: a list, and below it the run under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from workbench.render.text import printable
from workbench.studies.study import Member
from workbench.tui.studies.results import StudyResults
from workbench.tui.studies.run_list import member_details, run_lines
from workbench.tui.widgets.listing import Listing
from workbench.tui.widgets.static_text import StaticText


class RunsPane(Vertical):
    """A line for each run, with a cursor."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.listing = Listing(id="runs-list")
        self._details = StaticText(id="chosen")
        self._members: Sequence[Member] = ()
        self._results: StudyResults | None = None
        self._problem = ""
        self._room = 0  # cells of a line; 0: not known yet

    def compose(self) -> ComposeResult:
        yield self.listing
        yield self._details

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)  # the list's own room is known by then

    def show(self, members: Sequence[Member], results: StudyResults | None, problem: str = "") -> None:
        """Show the runs of a study, and of each the figure that the results are of.

        Args:
            problem: why there are no runs.
        """
        self._members, self._results, self._problem = members, results, problem
        self._show()

    def _show(self) -> None:
        self._room = self.listing.scrollable_content_region.width or self._room
        if self._room:
            self.listing.show(*run_lines(self._members, self._results, self._room))
        self.show_details()

    def show_details(self) -> None:
        """Describe the run under the cursor; where there are none, say why."""
        problem = Content.styled(printable(self._problem), "$text-error")
        self._details.update(member_details(self.member) if self.member else problem)

    @property
    def member(self) -> Member | None:
        """The run under the cursor."""
        at = self.listing.chosen
        return next((member for member in self._members if str(member.number) == at), None)
