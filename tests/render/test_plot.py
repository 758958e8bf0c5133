"""Curves drawn in cells, and round numbers beside them."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from workbench.render import plot
from workbench.render.axes import clock, hours, powers, seconds, short, ticks
from workbench.render.plot import PlotColor, PlotCurve, PlotWindow, draw, text


def rows(lines: list[PlotCurve], window: PlotWindow, width: int = 40, height: int = 12, **more) -> list[str]:
    return text(draw(lines, window, width, height, color="", **more)).plain.split("\n")


def marked(row: str) -> list[int]:
    """The columns of a row that hold dots."""
    return [column for column, letter in enumerate(row) if "\u2801" <= letter <= "\u28ff"]


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    drawn = rows([PlotCurve([(0, 0), (10, 1)], "red")], PlotWindow(0, 10, 0, 1))
    assert len(drawn) == 12
    assert {len(row) for row in drawn} == {40}
    firsts = [marked(row)[0] for row in drawn if marked(row)]
    assert len(firsts) >= 9
    assert firsts == sorted(firsts, reverse=True)
    assert drawn[-1].split() == ["0", "5", "10"]


def test_a_later_line_covers_an_earlier_one() -> None:
    across = [(0.0, 0.5), (10.0, 0.5)]
    drawn = draw([PlotCurve(across, "red"), PlotCurve(across, "blue")], PlotWindow(0, 10, 0, 1), 40, 12, color="white")
    colours = {str(span.style) for row in drawn for span in row.spans if marked(row.plain[span.start : span.end])}
    assert len(colours) == 1
    assert colours == {"color(4)"}  # blue


def test_a_single_point_and_a_letter_for_a_pipe() -> None:
    assert sum(len(marked(row)) for row in rows([PlotCurve([(5, 0.5)], "red")], PlotWindow(0, 10, 0, 1))) == 1
    drawn = rows([PlotCurve([(0, 0.5), (10, 0.5)], "red", "x")], PlotWindow(0, 10, 0, 1))
    assert [row for row in drawn if "x" * 30 in row]


@pytest.mark.parametrize("color", ["", "red", "bright_red", "bright_black", "default", (10, 20, 30)])
def test_any_colour_of_a_theme_is_one_of_plotexts(color: PlotColor) -> None:
    drawn = draw([PlotCurve([(0, 0.5), (10, 0.5)], color)], PlotWindow(0, 10, 0, 1), 40, 12, color=color)
    assert any(marked(row.plain) for row in drawn)


def test_a_logarithmic_axis_tells_the_numbers_themselves() -> None:
    drawn = rows([PlotCurve([(0, -3), (10, 3)], "red")], PlotWindow(0, 10, -3, 3), height=20, log=True)
    beside = [row.partition("┤")[0].strip() for row in drawn if "┤" in row]
    assert beside == ["100", "1", "0.01"]


@pytest.mark.parametrize(
    ("low", "high", "most", "wanted"),
    [
        (1e-4, 1e2, 8, [1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100]),
        (0.1, 10.0, 4, [0.1, 1, 10]),
        (0.6, 6.0, 5, [1, 2, 5]),
        (4.1, 4.9, 4, [4.2, 4.4, 4.6, 4.8]),
    ],
)
def test_ticks_of_a_logarithmic_axis_are_round(low: float, high: float, most: int, wanted: list[float]) -> None:
    found = [10**tick for tick in powers(math.log10(low), math.log10(high), most)]
    assert found == pytest.approx(wanted)


@budget(deadline=None, max_examples=60)
@given(st.floats(-12, 12), st.floats(1e-6, 20), st.integers(2, 12))
def test_a_logarithmic_axis_has_few_ticks_and_all_within(low: float, span: float, most: int) -> None:
    found = powers(low, low + span, most)
    assert 1 <= len(found) <= most + 2
    assert all(low - 1e-6 <= tick <= low + span + 1e-6 for tick in found)


@pytest.mark.parametrize(("low", "high", "most"), [(0, 2820, 5), (0.1, 0.9, 4), (-3, 7, 3), (0, 0, 3), (1e-6, 2e-6, 4)])
def test_ticks_are_few_and_within(low: float, high: float, most: int) -> None:
    found = ticks(low, high, most)
    assert 1 <= len(found) <= most + 1
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)


def test_hours_are_ticked_at_parts_of_days() -> None:
    assert hours(-47, 48, 8) == [-36, -24, -12, 0, 12, 24, 36, 48]
    assert hours(0, 5, 10) == [0, 1, 2, 3, 4, 5]
    assert hours(0, 1, 10) == []  # finer than hours
    assert hours(0, 1e6, 10) == []  # coarser than weeks


def test_moments_are_ticked_at_parts_of_minutes_and_hours() -> None:
    assert [clock(at) for at in seconds(0, 100, 5)] == ["0 s", "30 s", "1:00", "1:30"]
    assert [clock(at) for at in seconds(0, 8_000, 4)] == ["0 s", "1:00:00", "2:00:00"]


def test_numbers_beside_an_axis_are_short() -> None:
    assert [short(x) for x in (0, 0.25, 1200, 15_000, 2e6, 1e-5)] == ["0", "0.25", "1,200", "15k", "2M", "1e-05"]


def test_nothing_of_an_earlier_chart_is_left_and_none_is_cut_to_the_terminal(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("LINES", "5")
    window = PlotWindow(0, 10, 0, 1)
    first = rows([PlotCurve([(0, 0), (10, 1)], "red", "x")], window, 300, 90)
    assert (len(first), {len(row) for row in first}) == (90, {300})
    rows([PlotCurve([(0, -3), (10, 3)], "red", "o")], PlotWindow(0, 10, -3, 3), log=True, x_label="hours")
    assert rows([PlotCurve([(0, 0), (10, 1)], "red", "x")], window, 300, 90) == first


def test_charts_use_plotexts_public_functions_alone() -> None:
    source = Path(plot.__file__).read_text()
    assert "plotext._" not in source
    assert not re.search(r"\bplot\._", source)
