"""Readings on a regular grid: short holes bridged, long ones left, all of them counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.base import DataError
from tasks.climate import readings, resampling
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


def readings_of(seconds: list[int], values: list[float]) -> Readings:
    return Readings(np.array(seconds, dtype=np.int64), np.array(values)[:, None], len(seconds))


@st.composite
def irregular(draw: st.DrawFn) -> Readings:
    """Readings whose distance changes, jitters, and is sometimes none."""
    distances = draw(st.lists(st.sampled_from([0, 60, 590, 600, 600, 600, 610, 1200]), min_size=3, max_size=80))
    seconds = (np.cumsum([10**6, *distances, 600])).tolist()
    value = st.floats(-50, 50, allow_nan=False)
    return readings_of(seconds, draw(st.lists(value, min_size=len(seconds), max_size=len(seconds))))


@given(irregular(), st.integers(0, 5))
def test_every_reading_is_in_a_tick_and_the_mean_stays(found: Readings, longest: int) -> None:
    made = resampling.resample(found, longest)
    assert made.counts.sum() == len(found.seconds)
    there = made.counts > 0
    total = (made.values[there, 0] * made.counts[there]).sum()
    assert total == pytest.approx(found.values.sum(), abs=1e-6)
    assert np.isfinite(made.values[there]).all()
    assert np.nanmin(made.values) >= found.values.min() - 1e-9
    assert np.nanmax(made.values) <= found.values.max() + 1e-9
    ticks = made.start + made.step * np.arange(len(made.values))
    off = sum(second not in set(ticks.tolist()) for second in found.seconds.tolist())
    assert off == 0 or any(f"{off:,} reading" in note for note in made.notes)
    apart = [np.abs(ticks[there] - second).min() for second in found.seconds]
    assert max(apart) <= made.step / 2


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from([1.0, 2.0, float("nan")])), min_size=4, max_size=60))
def test_what_is_read_is_kept_averaged_or_dropped(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    path = tmp_path_factory.mktemp("rows") / "own.csv"
    written = [f"2020-03-01 {minute // 60:02}:{minute % 60:02},{value}" for minute, value in rows]
    later = [f"2020-03-01 {minute // 60:02}:{minute % 60:02},5" for minute in range(41, 120)]
    path.write_text("\n".join(["when,t", *written, *later, later[0], ",1.0"]) + "\n")
    found = readings.read([path], ["t"], "when")
    made = resampling.resample(found, 6)
    assert made.step == 60
    assert found.rows == len(rows) + len(later) + 2
    assert found.untimed == 1
    assert found.repeated == len(rows) + 1 - len({(minute, str(value)) for minute, value in rows})
    assert found.untimed + found.repeated + made.counts.sum() == found.rows
    for minute in {minute for minute, _ in rows}:
        values = {v for m, v in rows if m == minute and v == v}
        tick = (minute * 60 - (made.start - int(np.datetime64("2020-03-01", "s").astype(np.int64)))) // 60
        if values:
            assert made.values[tick, 0] == pytest.approx(sum(values) / len(values))


def test_a_rate_that_changes_is_averaged_and_counted() -> None:
    slow, fast = range(0, 600 * 100, 600), range(600 * 100, 600 * 120, 200)
    seconds = [*slow, *fast]
    made = resampling.resample(readings_of(seconds, [float(s) for s in seconds]), 6)
    assert made.step == 600
    assert made.values[:100, 0].tolist() == pytest.approx([*[600.0 * k for k in range(100)]])
    assert made.counts[:100].tolist() == [1] * 100
    assert made.counts[101:120].tolist() == [3] * 19
    assert made.values[101, 0] == pytest.approx(600 * 101)  # of 200 s before, at the tick, and 200 s after
    assert made.notes == (
        "40 readings stood between ticks of 10 min and were put on the nearest.",
        "59 readings shared 20 ticks of 10 min and were averaged.",
    )


def test_rows_of_one_time_are_averaged_and_told() -> None:
    made = resampling.resample(readings_of([0, 600, 600, 1200, 1800], [1.0, 2.0, 4.0, 5.0, 6.0]), 6)
    assert made.values[:, 0].tolist() == [1, 3, 5, 6]
    assert made.notes == (
        "2 rows share their time with another of other values, at 1970-01-01 00:10 for one, and were averaged.",
    )
    both = [second for k in range(9) for second in (600 * k, 600 * k)]
    (note,) = resampling.resample(readings_of(both, [float(k) for k in range(18)]), 6).notes
    assert note.endswith("If the file holds several series one below the other, keep one.")


def test_a_jitter_is_put_on_ticks_that_make_a_day() -> None:
    seconds = [3_600 * k + (3 * k * k) % 7 for k in range(50)]
    made = resampling.resample(readings_of(seconds, [float(k) for k in range(50)]), 6)
    assert made.step == 3_600
    assert made.counts.tolist() == [1] * 50


def test_the_first_reading_does_not_move_the_ticks() -> None:
    seconds = [-2_580, *(3_600 * k for k in range(40))]
    made = resampling.resample(readings_of(seconds, [1.0] * 41), 6)
    assert made.start == -3_600
    assert made.notes == ("1 reading stood between ticks of 1 h and was put on the nearest.",)


def test_a_step_of_ones_own() -> None:
    hourly = readings_of([3_600 * k for k in range(48)], [float(k % 24) for k in range(48)])
    made = resampling.resample(hourly, 6, 86_400)
    assert made.counts.sum() == 48
    assert len(made.values) == 3  # days from noon to noon
    assert made.values[1, 0] == pytest.approx(11.5)
    with pytest.raises(DataError, match=r"task\.step=600 is less than the 1 h between most readings: raise it\.$"):
        resampling.resample(hourly, 6, 600)


def test_the_hour_is_the_ticks_own_over_midnight() -> None:
    seconds = [3_600 * k for k in range(72) if k not in (23, 24, 25)]
    found = Readings(
        np.array(seconds), np.array([[s / 3_600 % 24, 1.0] for s in seconds]), len(seconds), (), ("hour", "")
    )
    made = resampling.resample(found, 6)
    assert made.values[:, 0].tolist() == [k % 24 for k in range(72)]  # never a mean of 23 and 1
