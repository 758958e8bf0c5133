"""Thinning, smoothing, and tables that line up."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from fake_worker import confusion

from workbench.render.confusion_grid import abbreviations
from workbench.render.curve import Curve, Smoothed, smooth, thin
from workbench.tui.widgets.matrix import most_confused
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


@pytest.fixture(scope="module")
def long() -> Curve:
    """A curve of 100,000 points with one spike, and with gaps."""
    curve = Curve("loss", "primary")
    curve.extend(
        range(100_000), [5.0 if x == 77 else math.nan if x % 7 == 1 else 1.0 + x % 3 / 10 for x in range(100_000)]
    )
    curve.add(100_000, None)
    curve.add(100_001, math.inf)
    return curve


def test_of_a_long_curve_the_extremes_are_seen_and_what_is_not_finite_is_not(long: Curve) -> None:
    seen = long.visible_points(0, 100_001, 60)
    assert len(seen) <= 124
    assert (77, 5.0) in seen
    assert all(math.isfinite(y) for _, y in seen)
    assert seen == sorted(seen)


def test_a_stretch_of_a_long_curve_is_seen_point_by_point(long: Curve) -> None:
    assert long.visible_points(70, 80, 60) == [
        (x, 5.0 if x == 77 else 1.0 + x % 3 / 10) for x in range(69, 82) if x % 7 != 1
    ]


def test_a_value_is_the_last_one_that_is_not_beyond(long: Curve) -> None:
    assert long.at(78.9) == (77, 5.0)
    assert long.at(math.inf) == (99_999, 1.0)
    assert long.at(-1) is None


def test_what_lies_beyond_can_be_forgotten_and_added_anew(long: Curve) -> None:
    curve = Curve("loss", "primary")
    curve.extend(range(1_000), [1.0] * 1_000)
    curve.cut(500)
    assert curve.ends == [0.0, 500.0]
    curve.extend(range(501, 40_000), [9.0 if x == 700 else 1.0 for x in range(501, 40_000)])
    assert (700.0, 9.0) in curve.visible_points(0, 40_000, 30)
    assert len(curve.visible_points(0, 40_000, 30)) <= 64
    curve.clear()
    assert (curve.ends, curve.points) == ([], [])


def test_smoothing_starts_at_the_first_value() -> None:
    curve = Smoothed("loss", "primary")
    curve.add(0, 4.0)
    curve.add(1, 2.0)
    assert curve.points[0] == (0, pytest.approx(4.0))
    assert 2.0 < curve.points[1][1] < 4.0


def test_the_more_it_is_smoothed_the_less_it_moves_and_not_at_all_is_what_was_measured() -> None:
    values = [1.0 if k % 2 else 2.0 for k in range(200)]
    spread = [max(tail) - min(tail) for tail in (smooth(values, weight)[100:] for weight in (0.0, 0.5, 0.9, 0.99))]
    assert spread == sorted(spread, reverse=True)
    assert spread[0] == 1.0
    curve = Smoothed("loss", "primary")
    curve.extend(range(200), values)
    assert curve.visible_points(0, 199, 200, 0.0) == list(enumerate(values))


def test_a_smoothed_stretch_is_the_same_part_of_the_smoothed_whole() -> None:
    curve = Smoothed("loss", "primary")
    curve.extend(range(3_000), [math.sin(k / 20) + k % 2 for k in range(3_000)])
    whole = dict(curve.visible_points(0, 3_000, 3_000, 0.95))
    for x, y in curve.visible_points(2_000, 2_020, 60, 0.95):
        assert y == pytest.approx(whole[x], abs=3e-3)
    assert curve.at(2_010, 0.95)[1] == pytest.approx(whole[2_010], abs=3e-3)


def test_a_long_smoothed_curve_is_close_to_the_exact_one() -> None:
    raw = Curve("raw", "primary", faint=True)
    curve = Smoothed("loss", "primary", of=raw)
    values = [math.exp(-k / 20_000) + k % 2 / 5 for k in range(40_007)]
    raw.extend(range(40_007), values)
    exact = smooth(values, 0.99)
    seen = curve.visible_points(0, 40_007, 100, 0.99)
    assert len(seen) <= 204
    assert seen[-1][0] == 40_006
    assert all(y == pytest.approx(exact[int(x)], abs=0.01) for x, y in seen[1:])


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
heavy = ("torch", "sklearn", "pandas", "pooch", "requests", "psutil", "pynvml", "numpy", "gensim", "jieba")
print([name for name in heavy if name in sys.modules])
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
