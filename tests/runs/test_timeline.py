"""Places of a run's measured steps on the axes of its charts."""

from __future__ import annotations

import msgspec
import pytest
from event_makers import step as event

from workbench.runs.events import Step
from workbench.runs.timeline import Timeline, next_axis


def step(number: int, time: float) -> Step:
    return msgspec.structs.replace(event(number), time=time, epoch=number / 20)


@pytest.fixture
def timeline() -> Timeline:
    """Steps 10, 20 … 1,000, of which each takes a second from 1,000 seconds of the clock on."""
    line = Timeline()
    line.begin(0, 1_000.0)
    line.extend([step(number, 1_000.0 + number / 10) for number in range(10, 1_001, 10)])
    return line


def test_a_step_has_a_place_on_every_axis(timeline: Timeline) -> None:
    assert [timeline.at(axis, 250) for axis in ("step", "epoch", "time")] == [250, 12.5, pytest.approx(25.0)]
    assert timeline.at("time", 255) == pytest.approx(25.5)
    assert (timeline.at("epoch", -5), timeline.at("epoch", 5_000)) == (0.0, 50.0)
    assert [timeline.step(axis, place) for axis, place in (("step", 254), ("epoch", 12.6), ("time", 0.2))] == [
        250,
        250,
        10,
    ]


def test_the_pause_before_a_run_was_resumed_is_no_time(timeline: Timeline) -> None:
    timeline.begin(500, 90_000.0)
    assert timeline.last == 500
    timeline.extend([step(510, 90_003.0)])
    assert timeline.at("time", 510) == pytest.approx(53.0)


def test_a_clock_that_is_set_back_does_not_turn_the_axis(timeline: Timeline) -> None:
    timeline.extend([step(1_010, 5.0), step(1_020, 1_200.0)])
    assert timeline.at("time", 1_010) == pytest.approx(100.0)
    assert timeline.at("time", 1_020) == pytest.approx(200.0)


def test_before_the_first_step_every_place_is_the_beginning() -> None:
    line = Timeline()
    assert (line.first, line.last, line.count(0, 10)) == (0.0, 0.0, 1)
    assert [line.at(axis, 7) for axis in ("step", "epoch", "time")] == [7, 0.0, 0.0]
    assert [line.step(axis, 7.0) for axis in ("step", "epoch", "time")] == [0.0, 0.0, 0.0]
    assert [line.neighbour(5, by) for by in (-1, 0, 1)] == [0.0, 0.0, 0.0]


def test_the_first_and_the_last_measured_step(timeline: Timeline) -> None:
    assert (timeline.first, timeline.last) == (10, 1_000)
    timeline.clear()
    assert (timeline.first, timeline.last, timeline.at("time", 10)) == (0, 0, 0)


def test_without_a_beginning_time_is_counted_from_the_first_event() -> None:
    line = Timeline()
    line.extend([step(10, 500.0), step(20, 504.0)])
    assert [line.at("time", number) for number in (0, 10, 15, 20)] == [0, 0, 2, 4]


def test_steps_that_come_twice_are_skipped(timeline: Timeline) -> None:
    before = timeline.count(0, 2_000)
    timeline.extend([step(990, 5_000.0), step(1_000, 5_001.0)])
    timeline.extend([])
    assert (timeline.count(0, 2_000), timeline.at("time", 1_000)) == (before, 100.0)
    timeline.extend([step(1_000, 5_001.0), step(1_005, 1_101.0)])
    assert (timeline.count(0, 2_000), timeline.last, timeline.at("time", 1_005)) == (before + 1, 1_005, 101.0)


def test_a_life_from_the_beginning_drops_all_of_the_earlier_one(timeline: Timeline) -> None:
    timeline.begin(0, 7_000.0)
    assert (timeline.last, timeline.count(0, 2_000)) == (0, 1)
    timeline.extend([step(10, 7_003.0)])
    assert timeline.at("time", 10) == 3.0


def test_a_life_from_between_two_steps_goes_on_after_the_first_of_them(timeline: Timeline) -> None:
    timeline.begin(505, 9_000.0)
    assert timeline.last == 500
    timeline.extend([step(506, 9_002.0)])
    assert timeline.at("time", 506) == pytest.approx(52.0)
    assert timeline.at("epoch", 506) == pytest.approx(25.3)


def test_between_two_measured_steps_a_place_is_interpolated(timeline: Timeline) -> None:
    assert [timeline.at("epoch", number) for number in (0, 5, 10, 12.5, 999, 1_000)] == pytest.approx(
        [0.0, 0.25, 0.5, 0.625, 49.95, 50.0]
    )


@pytest.mark.parametrize(
    ("axis", "place", "found"),
    [
        *(("step", -50, 10), ("step", 14, 10), ("step", 15, 20), ("step", 16, 20), ("step", 20, 20)),
        *(("step", 996, 1_000), ("step", 994, 990), ("step", 9_999, 1_000)),
        *(("epoch", 0.0, 10), ("epoch", 12.7, 250), ("epoch", 12.8, 260)),
        *(("time", 25.4, 250), ("time", 25.6, 260), ("time", 1e6, 1_000)),
    ],
)
def test_the_measured_step_nearest_to_a_place(timeline: Timeline, axis: str, place: float, found: float) -> None:
    assert timeline.step(axis, place) == found


@pytest.mark.parametrize(
    ("step", "before", "at", "after"),
    [
        (500, 490, 500, 510),
        (505, 500, 500, 510),
        (10, 10, 10, 20),
        (3, 10, 10, 10),
        (1_000, 990, 1_000, 1_000),
        (2_000, 1_000, 1_000, 1_000),
    ],
)
def test_neighbours(timeline: Timeline, step: float, before: float, at: float, after: float) -> None:
    assert [timeline.neighbour(step, by) for by in (-1, 0, 1)] == [before, at, after]


def test_steps_between_two_are_counted_with_both(timeline: Timeline) -> None:
    assert [timeline.count(*ends) for ends in ((10, 30), (11, 29), (11, 19), (995, 2_000))] == [3, 1, 0, 1]


def test_each_axis_has_the_next_and_the_last_the_first() -> None:
    assert [next_axis(axis) for axis in ("step", "epoch", "time")] == ["epoch", "time", "step"]
