"""Pane that lists the units whose value goes with a trait of the steps, and searches for them."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from workbench.inference.protocol import FindUnits
from workbench.render.text import printable
from workbench.runs.folder import RunError
from workbench.runs.inspections import CorrelatedUnit, UnitSearch
from workbench.tui.inspect.inquiry import UnitInquiry
from workbench.tui.inspect.weights import Weights
from workbench.tui.services.polling import TAKEN_DOWN
from workbench.tui.services.threads import run_in_thread
from workbench.tui.widgets.listing import Column, Listing, Row
from workbench.tui.widgets.static_text import StaticText

_COLUMNS = (
    Column("trait", 0),
    Column("unit", 1, right=True),
    Column("layer", 2),
    Column("of", 4),
    Column("correlation", 1, right=True, strong=True),
    Column("shuffled", 3, right=True),
    Column("places", 5, right=True),
)
_INVITATION = "u searches the test split for units whose value goes with a trait of the steps."
_REQUEST = FindUnits()


class _Found(NamedTuple):
    weights: Weights
    search: UnitSearch


class UnitsPane(Vertical):
    """Table of units, the search's progress, or the sentence why there are none."""

    EVERY = 0.25  # seconds between two looks at how far the child is

    class Chosen(Message):
        """A unit of the table is to be followed."""

        def __init__(self, unit: CorrelatedUnit) -> None:
            super().__init__()
            self.unit = unit

    def __init__(self) -> None:
        super().__init__(id="units-pane")
        self._inquiry = UnitInquiry()
        self._found: _Found | None = None
        self._problem = ""
        self._head = StaticText(Content.styled(_INVITATION, "$foreground-muted"), id="units-head")
        self.listing = Listing(id="units-list")

    def compose(self) -> ComposeResult:
        yield self._head
        yield self.listing

    def on_mount(self) -> None:
        self.set_interval(self.EVERY, self._show_progress)

    def on_unmount(self) -> None:
        self._inquiry.close()

    @property
    def searching(self) -> bool:
        """True while a search is under way."""
        return self._inquiry.weights is not None

    def found_for(self, weights: Weights) -> bool:
        """Return whether the units of these weights are listed."""
        return self._found is not None and self._found.weights == weights

    def search(self, weights: Weights) -> None:
        """Search for the units of these weights."""
        self._found, self._problem, self._inquiry.weights = None, "", weights
        self.listing.show((), ())
        self._tell("Opening the weights and the data; the first time may take a minute …")
        self._search(weights)

    def give_up(self) -> None:
        """Drop the search."""
        if self.searching:
            self._inquiry.weights = None
            self._tell(f"The search was given up: {_INVITATION}")

    def close(self) -> None:
        """Drop the search and end its child."""
        self.give_up()
        self._inquiry.close()

    @work(exclusive=True)
    async def _search(self, weights: Weights) -> None:
        with suppress(*TAKEN_DOWN):
            try:
                found = await run_in_thread(partial(self._inquiry.find, weights, _REQUEST))
            except (ValueError, RunError) as error:
                if self._inquiry.weights is weights:
                    self._inquiry.weights = None
                    self._tell(str(error), "$text-error")
                return
            if found is None or self._inquiry.weights is not weights:
                return
            self._inquiry.weights = None
            self._found = _Found(weights, found)
            self._show(found)

    def _show(self, found: UnitSearch) -> None:
        notes = " ".join(found.notes)
        self._tell(
            f"{found.rows:,} {found.split} rows; shuffled: the strongest of all units where the trait is shuffled "
            f"(95 % of {found.shuffles} shuffles). Enter follows a unit. {notes}"
            if found.units
            else "No trait varies enough over these rows: there is no unit to list."
        )
        self.listing.show(_COLUMNS, [_row(number, unit) for number, unit in enumerate(found.units)])

    def _tell(self, sentence: str, style: str = "$foreground-muted") -> None:
        self._head.update(Content.styled(printable(sentence), style))

    def _show_progress(self) -> None:
        if self.searching and (progress := self._inquiry.progress):
            self._tell(f"Reading: {progress.done:,} of {progress.total:,} rows …  u gives it up")

    @on(Listing.Opened)
    def _follow(self, event: Listing.Opened) -> None:
        event.stop()
        if self._found and self.listing.chosen:
            self.post_message(self.Chosen(self._found.search.units[int(self.listing.chosen)]))

    @on(Listing.Chosen)
    def _moved(self, event: Listing.Chosen) -> None:
        event.stop()


def _row(number: int, unit: CorrelatedUnit) -> Row:
    strong = abs(unit.correlation) > unit.control
    return Row(
        str(number),
        (
            (printable(unit.trait), "bold" if strong else "$foreground-muted"),
            (str(unit.unit), ""),
            (unit.name.removeprefix("layer "), ""),
            (unit.part, ""),
            (f"{unit.correlation:+.2f}", "bold $text-primary" if strong else "$foreground-muted"),
            (f"±{unit.control:.2f}", "$foreground-muted"),
            (f"{unit.places:,}", "$foreground-muted"),
        ),
    )
