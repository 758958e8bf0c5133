"""Measured places of several runs on one axis, against all of them in a list."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.runs.events import Step
from workbench.runs.timeline import AXES, Axis, Timeline
from workbench.tui.compare.common_axis import CommonAxis, step_before

STEPS = st.lists(st.lists(st.integers(1, 60), min_size=1, max_size=12, unique=True).map(sorted), min_size=1, max_size=4)


def timeline(steps: Sequence[int], per_epoch: int) -> Timeline:
    """Steps of which each takes half a second."""
    figures = {"loss": 1.0, "grad_norm": 1.0, "lr": 1.0, "examples_per_s": 1.0, "eta_s": 1.0, "memory_mb": 1.0}
    line = Timeline()
    line.begin(0, 100.0)
    line.extend([Step(time=100 + n / 2, step=n, epoch=n / per_epoch, **figures) for n in steps])
    return line


def common(every: Sequence[Sequence[int]], axis: Axis) -> tuple[CommonAxis, list[Timeline], list[float]]:
    """The runs' axis, their timelines, and every measured place, in order."""
    lines = [timeline(steps, 4 + at) for at, steps in enumerate(every)]
    shared = CommonAxis(lines)
    shared.axis = axis
    return shared, lines, sorted({line.at(axis, n) for line, steps in zip(lines, every, strict=True) for n in steps})


@pytest.mark.parametrize("axis", AXES)
@given(every=STEPS, place=st.integers(0, 240).map(lambda n: n / 4))
def test_it_answers_as_a_list_of_all_places_does(axis: Axis, every: list[list[int]], place: float) -> None:
    shared, _, places = common(every, axis)
    assert (shared.first, shared.last) == (places[0], places[-1])
    assert abs(shared.step(axis, place) - place) == min(abs(each - place) for each in places)
    assert shared.neighbour(place, 1) == min((each for each in places if each > place), default=places[-1])
    assert shared.neighbour(place, -1) == max((each for each in places if each < place), default=places[0])
    assert shared.neighbour(place, 0) == max((each for each in places if each <= place), default=places[0])


@pytest.mark.parametrize("axis", AXES)
@given(every=STEPS, ends=st.tuples(st.integers(0, 70), st.integers(0, 70)).map(sorted))
def test_places_between_two_are_counted_in_the_run_with_most(
    axis: Axis, every: list[list[int]], ends: list[int]
) -> None:
    shared, lines, _ = common(every, axis)
    left, right = ends
    counts = [sum(left <= line.at(axis, n) <= right for n in steps) for line, steps in zip(lines, every, strict=True)]
    assert shared.count(left, right) == max(counts)


@pytest.mark.parametrize("axis", AXES)
@given(steps=STEPS.map(lambda every: every[0]), place=st.integers(0, 240).map(lambda n: n / 4))
def test_the_step_before_a_place(axis: Axis, steps: list[int], place: float) -> None:
    line = timeline(steps, 4)
    assert step_before(line, axis, place) == max((n for n in steps if line.at(axis, n) <= place), default=None)


def test_runs_of_which_nothing_is_measured_yet_stand_at_zero() -> None:
    shared = CommonAxis([Timeline(), Timeline()])
    assert (shared.first, shared.last, shared.step("step", 5.0), shared.neighbour(5.0, 1)) == (0, 0, 0, 0)
