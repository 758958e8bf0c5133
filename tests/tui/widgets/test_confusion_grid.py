"""Figures of a confusion grid stay apart, whatever the counts and the room."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from tasks.names.settings import LANGUAGES
from tasks.views import Confusion
from workbench.tui.widgets.confusion_grid import CellGrid, ConfusionGrid
from workbench.tui.widgets.matrix import matrix_displays


def full(largest: int) -> Confusion:
    """A matrix of 18 languages in which no cell is empty."""
    counts = [[largest if i == j else largest // 10 + j for j in range(18)] for i in range(18)]
    return Confusion(title="confusion", labels=list(LANGUAGES), counts=counts)


class Grids(App[None]):
    def __init__(self, view: Confusion, kind: type[ConfusionGrid]) -> None:
        super().__init__()
        self._view = view
        self.grid = ConfusionGrid(view) if kind is ConfusionGrid else CellGrid()

    def compose(self) -> ComposeResult:
        yield self.grid

    def on_mount(self) -> None:
        self.grid.show(self._view)


def shares(row: list[int], most: int) -> list[str]:
    whole = sum(row)
    return [f"{min(count / whole, 10.0**most - 1):.0%}"[:-1] for count in row]


@pytest.mark.parametrize("kind", [ConfusionGrid, CellGrid])
@pytest.mark.parametrize(
    ("largest", "width", "drawn"),
    [
        (99, 64, "counts"),
        (999, 78, "counts"),
        (999, 77, "percent"),
        (9999, 80, "percent"),
        (9999, 120, "counts"),
        (99999, 120, "percent"),
        (99999, 140, "counts"),
        (9_999_999, 60, "percent"),
        (99, 60, "counts"),
        (99, 59, "counts"),  # it scrolls
        (99999, 59, "counts"),
    ],
)
async def test_no_figure_runs_into_the_next(kind: type[ConfusionGrid], largest: int, width: int, drawn: str) -> None:
    view = full(largest)
    app = Grids(view, kind)
    async with app.run_test(size=(width, 36)) as pilot:
        await pilot.pause()
        grid = app.grid
        lines = [grid.render_line(y).text for y in range(grid.size.height)]
        rows = [line for name in LANGUAGES for line in lines if line.startswith(name[:5])]
        assert len(rows) == 18
        for row, counts in zip(rows, view.counts, strict=True):
            figures = row[grid._label :].split()
            if drawn == "counts":
                texts = [f"{count:,}" if count >= 10_000 else str(count) for count in counts]
                assert figures == texts[: len(figures)]
                assert len(figures) == 18 or grid.max_scroll_x > 0
            else:
                assert figures == shares(counts, 2)
        assert ("as the counts have no room" in grid.note) == (drawn == "percent")
        assert lines[0].startswith("%") == (drawn == "percent")


async def test_with_two_digits_99_is_said_to_be_99_and_more() -> None:
    counts = [[10_000 * (i == j) for j in range(18)] for i in range(18)]
    app = Grids(Confusion(title="", labels=list(LANGUAGES), counts=counts), ConfusionGrid)
    async with app.run_test(size=(64, 20)) as pilot:
        await pilot.pause()
        assert app.grid.render_line(1).text.split() == ["Arabic", "99"]
        assert app.grid.note.endswith("; 99: 99 and more")
        await pilot.resize_terminal(150, 20)
        await pilot.pause()
        assert app.grid.note == ""
        assert app.grid.render_line(1).text.split() == ["Arabic", "10,000"]


def test_a_difference_without_room_is_in_percent_points() -> None:
    ways = matrix_displays(full(99999), range(18), shares=False, reference=full(90000))
    assert [way().unit for way in ways] == ["", "% points"]
    assert ways[1]().note == "% points, as the counts have no room"
