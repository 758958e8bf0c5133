"""Looking at a run's charts: which stretch, over what, and where one points. No screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from workbench.runs.events import Step
from workbench.runs.timeline import Timeline
from workbench.tui.widgets.view_range import VIEW_ACTIONS, ViewRange, magnification, visible_steps


def step(number: int, time: float, per_epoch: int = 20) -> Step:
    figures = {"loss": 1.0, "grad_norm": 1.0, "lr": 1.0, "examples_per_s": 1.0, "eta_s": 1.0, "memory_mb": 1.0}
    return Step(time=time, step=number, epoch=number / per_epoch, **figures)


@pytest.fixture
def timeline() -> Timeline:
    """Steps 10, 20 … 1,000, of which each takes a second from 1,000 seconds of the clock on."""
    line = Timeline()
    line.begin(0, 1_000.0)
    line.extend([step(number, 1_000.0 + number / 10) for number in range(10, 1_001, 10)])
    return line


def changed(view: ViewRange, timeline: Timeline, *keys: str, columns: int = 40) -> ViewRange:
    for key in keys:
        view = VIEW_ACTIONS[key](view, timeline, columns)
    return view


def test_the_axis_goes_round_and_the_logarithm_on_and_off(timeline: Timeline) -> None:
    axes = [changed(ViewRange(), timeline, *["axis"] * times).axis for times in range(4)]
    assert axes == ["step", "epoch", "time", "step"]
    assert [changed(ViewRange(), timeline, *["log"] * times).log for times in range(3)] == [False, True, False]


def test_smoothing_has_a_least_and_a_most(timeline: Timeline) -> None:
    assert changed(ViewRange(), timeline, "smoother").smoothing == 0.95
    assert changed(ViewRange(), timeline, *["rougher"] * 9).smoothing == 0.0
    assert changed(ViewRange(), timeline, *["smoother"] * 30).smoothing == 0.999


def test_zooming_in_stays_with_the_newest(timeline: Timeline) -> None:
    view = changed(ViewRange(), timeline, "in", "in")
    assert visible_steps(view, timeline) == (750, 1_000)
    assert magnification(view, timeline) == 4
    timeline.extend([step(1_010, 1_101.0)])
    assert visible_steps(view, timeline) == (750, 1_010)
    assert changed(view, timeline, "all") == ViewRange()
    assert changed(view, timeline, "out", "out", "out") == ViewRange()


def test_zooming_in_stays_around_the_cursor(timeline: Timeline) -> None:
    view = changed(ViewRange(cursor=300), timeline, "in", "in")
    assert visible_steps(view, timeline) == (175, 425)
    assert visible_steps(changed(ViewRange(cursor=10), timeline, "in"), timeline) == (0, 500)


@pytest.mark.parametrize(
    ("cursor", "seen"),
    [(10, (0, 500)), (300, (50, 550)), (990, (500, 1_000)), (None, (500, 1_000))],
)
def test_zooming_in_shows_half_of_what_was_seen_up_to_its_edge(
    timeline: Timeline, cursor: float | None, seen: tuple[float, float]
) -> None:
    assert visible_steps(changed(ViewRange(cursor=cursor), timeline, "in"), timeline) == seen


@pytest.mark.parametrize(("cursor", "seen"), [(400, (400, 500)), (430, (400, 500)), (590, (500, 600))])
def test_zooming_in_again_leaves_nothing_that_was_not_seen(
    timeline: Timeline, cursor: float, seen: tuple[float, float]
) -> None:
    view = ViewRange(left=400, right=600, cursor=cursor)
    assert visible_steps(changed(view, timeline, "in"), timeline) == seen


@pytest.mark.parametrize(
    ("left", "right", "seen"),
    [
        (400, 600, (300, 700)),
        (100, 300, (0, 400)),
        (0, 200, (0, 400)),
        (850, 950, (800, 1_000)),
        (100, 900, (0, 1_000)),
    ],
)
def test_zooming_out_shows_twice_as_much_and_never_past_an_end(
    timeline: Timeline, left: float, right: float, seen: tuple[float, float]
) -> None:
    view = changed(ViewRange(left=left, right=right), timeline, "out")
    assert visible_steps(view, timeline) == seen
    assert view.zoomed == (seen != (0, 1_000))


def test_zooming_ends_where_three_measured_steps_are_left(timeline: Timeline) -> None:
    view = changed(ViewRange(cursor=300), timeline, *["in"] * 20)
    assert timeline.count(*visible_steps(view, timeline)) == 3
    assert changed(view, timeline, "in") == view


def test_the_cursor_comes_at_the_newest_and_goes(timeline: Timeline) -> None:
    assert changed(ViewRange(), timeline, "left").cursor == 1_000
    assert changed(ViewRange(), timeline, "cursor").cursor == 1_000
    assert changed(ViewRange(), timeline, "cursor", "cursor").cursor is None
    assert changed(ViewRange(left=None, right=505.0), timeline, "cursor").cursor == 500


def test_the_cursor_moves_by_a_column_over_measured_steps(timeline: Timeline) -> None:
    assert changed(ViewRange(cursor=500), timeline, "right", columns=20).cursor == 550
    assert changed(ViewRange(cursor=500), timeline, "far left", columns=20).cursor == 10
    assert changed(ViewRange(cursor=500), timeline, "left", columns=4_000).cursor == 490
    assert changed(ViewRange(cursor=10), timeline, "left").cursor == 10
    assert changed(ViewRange(cursor=1_000), timeline, "far right").cursor == 1_000
    assert changed(ViewRange(cursor=500, axis="time"), timeline, "right", columns=20).cursor == 550


def test_what_is_seen_follows_the_cursor(timeline: Timeline) -> None:
    view = changed(ViewRange(cursor=300), timeline, "in", "in", *["left"] * 25, columns=40)
    left, right = visible_steps(view, timeline)
    assert left <= view.cursor < 175
    assert right - left == pytest.approx(250)


def test_nothing_is_known_yet_and_every_key_is_harmless() -> None:
    timeline = Timeline()
    for key in VIEW_ACTIONS:
        assert visible_steps(changed(ViewRange(), timeline, key, key), timeline) == (0, 0)


@budget(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(sorted(VIEW_ACTIONS)), max_size=60), st.integers(1, 80))
def test_whatever_the_keys_what_is_seen_lies_within_the_run(keys: list[str], columns: int) -> None:
    timeline = Timeline()
    timeline.extend([step(number, number / 10) for number in range(3, 2_000, 7)])
    view = changed(ViewRange(), timeline, *keys, columns=columns)
    left, right = visible_steps(view, timeline)
    assert 0 <= left < right <= timeline.last
    assert view.cursor is None or 3 <= view.cursor <= timeline.last
