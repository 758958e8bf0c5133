"""The filter of known lines: nothing that it was made from escapes it, and little else is caught."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.poems.line_filter import LineFilter

V, UNKNOWN, START, STOP = 40, 1, 2, 3
BREAKS = np.array([token in (0, START, STOP) for token in range(V)])
lines_ = st.lists(st.lists(st.integers(4, V - 1), min_size=1, max_size=8), max_size=12)


def flat(lines: list[list[int]]) -> np.ndarray:
    return np.array([START, *(code for line in lines for code in (*line, STOP))])


@given(lines_)
def test_every_line_is_known_whole_and_by_its_last_character(lines: list[list[int]]) -> None:
    known = LineFilter.from_tokens(flat(lines), BREAKS, UNKNOWN)
    for line in lines:
        assert known.contains(np.array([line])).all()
        completing = np.flatnonzero(known.completes(line[:-1], np.arange(V)))
        assert set(completing) == {other[-1] for other in lines if other[:-1] == line[:-1]}


@given(lines_, st.lists(st.integers(4, V - 1), min_size=1, max_size=8))
def test_another_line_is_not(lines: list[list[int]], other: list[int]) -> None:
    known = LineFilter.from_tokens(flat(lines), BREAKS, UNKNOWN)
    assert bool(known.contains(np.array([other]))[0]) == (other in lines)


def test_a_line_with_an_unknown_character_is_left_out() -> None:
    known = LineFilter.from_tokens(flat([[5, UNKNOWN, 6], [7, 8, 9]]), BREAKS, UNKNOWN)
    assert len(known.hashes) == 1


def test_few_other_lines_are_taken_for_known_ones() -> None:
    random = np.random.default_rng(0)
    corpus = random.integers(4, 6000, (100_000, 5))
    breaks = np.arange(6000) < 4
    known = LineFilter.from_tokens(np.pad(corpus, ((0, 0), (0, 1)), constant_values=STOP).flatten(), breaks, UNKNOWN)
    others = random.integers(4, 6000, (1_000_000, 5))
    share = known.contains(others).mean()
    assert share < 3 * len(known.hashes) / 2**32
    assert known.hashes.nbytes <= 400_000
