"""Readings on a regular grid: short holes bridged, long ones left, all of them counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.base import DataError
from tasks.climate import resampling
from tasks.climate.readings import Readings

STEP = 600


def some(ticks: list[int], values: list[float], shift: int = 0) -> Readings:
    seconds = np.array(ticks, dtype=np.int64) * STEP + 1_000_000 + shift
    return Readings(seconds, np.array(values, dtype=np.float64)[:, None], len(ticks))


@given(
    st.sets(st.integers(3, 56), max_size=40).map(lambda holes: [t for t in range(60) if t not in holes]),
    st.integers(0, 9),
    st.floats(-5, 5),
)
def test_holes_in_a_straight_line_are_bridged_up_to_the_longest_gap(
    ticks: list[int], longest: int, slope: float
) -> None:
    made = resampling.resample(some(ticks, [slope * t for t in ticks]), longest)
    line = slope * np.arange(60)
    assert (made.step, len(made.values)) == (STEP, 60)
    there = np.isin(np.arange(60), ticks)
    holes = "".join(".x"[k] for k in (~there).astype(int))
    lost = 0
    for run in filter(None, holes.split(".")):
        lost += len(run) if len(run) > longest else 0
    left = np.isnan(made.values[:, 0])
    assert left.sum() == lost
    assert not left[there].any()
    assert made.values[~left, 0] == pytest.approx(line[~left], abs=1e-9)
    assert bool(made.notes) == (len(ticks) < 60)


def test_gaps_are_told() -> None:
    ticks = [*range(10), *range(12, 30), *range(40, 60)]
    (note,) = resampling.resample(some(ticks, [1.0] * len(ticks)), 6).notes
    assert note == (
        "12 of 60 readings are missing or incomplete: 2 in gaps of up to 6 were interpolated, "
        "10 in longer ones were not."
    )


def test_a_missing_end_is_not_made_up() -> None:
    made = resampling.resample(some(list(range(20)), [float("nan"), *[1.0] * 18, float("nan")]), 6)
    assert np.isnan(made.values[:, 0]).nonzero()[0].tolist() == [0, 19]


def test_a_column_of_nothing_stays_nothing() -> None:
    assert np.isnan(resampling.resample(some([0, 1, 2], [float("nan")] * 3), 6).values).all()


def test_readings_between_ticks_are_put_on_the_nearest_and_counted() -> None:
    found = some(list(range(10)), [float(t) for t in range(10)])
    found.seconds[4] += 100
    made = resampling.resample(found, 6)
    assert made.values[:, 0].tolist() == list(range(10))
    assert made.notes == ("1 reading stood between ticks of 10 min and was put on the nearest.",)


@pytest.mark.parametrize(
    ("ticks", "sentence"),
    [
        ([0], "All readings stand at 1970-01-12 13:46, which is no series"),
        ([0, 1, 2, 9000], "to 1970-03-16 .*: a date must be wrong, or set task.step"),
    ],
)
def test_what_is_no_series_is_refused(ticks: list[int], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        resampling.resample(some(ticks, [1.0] * len(ticks)), 6)
