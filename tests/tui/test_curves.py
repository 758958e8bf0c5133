"""Thinning, smoothing and round numbers."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from fake_worker import confusion

from workbench.grid import abbreviations
from workbench.plot import hours, short, ticks
from workbench.tui.matrix import most_confused
from workbench.tui.widgets.curve import Curve, Smoothed, thin
from workbench.tui.widgets.table import lay_out


def test_thinning_keeps_every_extreme_and_the_last_point() -> None:
    points = [(float(x), math.sin(x / 50)) for x in range(10_000)]
    points[3_333] = (3_333.0, 99.0)
    points[7_777] = (7_777.0, -99.0)
    few = thin(points, 50)
    assert len(few) <= 103
    assert (3_333.0, 99.0) in few
    assert (7_777.0, -99.0) in few
    assert few[0] == points[0]
    assert few[-1] == points[-1]
    assert few == sorted(few)


def test_a_curve_stays_small_and_skips_what_is_not_finite() -> None:
    curve = Curve("loss", "primary")
    for x in range(200_000):
        curve.add(x, 5.0 if x == 77 else math.nan if x % 7 == 0 else 1.0)
    curve.add(200_000, None)
    curve.add(200_001, math.inf)
    assert len(curve.points) <= 4_096
    assert (77, 5.0) in curve.points


def test_smoothing_starts_at_the_first_value() -> None:
    curve = Smoothed("loss", "primary")
    curve.add(0, 4.0)
    curve.add(1, 2.0)
    assert curve.points[0] == (0, pytest.approx(4.0))
    assert 2.0 < curve.points[1][1] < 4.0


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


def test_numbers_beside_an_axis_are_short() -> None:
    assert [short(x) for x in (0, 0.25, 1200, 15_000, 2e6, 1e-5)] == ["0", "0.25", "1,200", "15k", "2M", "1e-05"]


def test_abbreviations_differ() -> None:
    found = abbreviations(["Polish", "Portuguese", "Po", "中文", "中国", ""])
    assert found == ["Po", "Pr", "02", "中", "04", ""]
    assert len(set(abbreviations([f"class {k}" for k in range(60)]))) == 60


def test_the_commonest_errors_come_first() -> None:
    errors = most_confused(confusion(), 3)
    assert [count for *_, count, _ in errors] == [2, 2, 2]


def test_a_table_lines_up_with_wide_letters() -> None:
    lines = lay_out(["name", "share"], [["中文", 0.5], ["Arabic", 1200]]).plain.splitlines()
    assert lines == ["name     share", "中文    0.5000", "Arabic   1,200"]


def test_the_first_paint_imports_nothing_heavy() -> None:
    code = """
import asyncio, sys, pathlib
from workbench.tui.app import WorkbenchApp
async def main():
    async with WorkbenchApp(pathlib.Path("nowhere")).run_test() as pilot:
        await pilot.pause()
asyncio.run(main())
heavy = ("torch", "sklearn", "pandas", "pooch", "requests", "plotext", "numpy", "gensim", "jieba")
print([name for name in heavy if name in sys.modules])
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
