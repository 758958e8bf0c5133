"""A confusion matrix's counts, shares, differences and orders: pure functions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.views import Confusion
from workbench.render.format import percent
from workbench.tui.widgets import matrix
from workbench.tui.widgets.matrix import ORDERS

OBEYED = "[red]明\x1b[2J月"


def view(*counts: list[int], labels: list[str] | None = None) -> Confusion:
    return Confusion(title="confusion", labels=labels or list("abcdefgh"[: len(counts)]), counts=list(counts))


NOW = view([6, 2, 0], [1, 9, 0], [0, 0, 0])
THEN = view([4, 4, 0], [0, 10, 0], [0, 0, 0])


def squares(most: int) -> st.SearchStrategy[list[list[int]]]:
    return st.integers(1, most).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, 50), min_size=n, max_size=n), min_size=n, max_size=n)
    )


def test_counts_leave_zeros_out_but_on_the_diagonal() -> None:
    display = matrix.matrix_display(NOW, [0, 1, 2], shares=False)
    assert display.texts == [["6", "2", ""], ["1", "9", ""], ["", "", "0"]]
    assert display.second_lines == [["75 %", "25 %", ""], ["10 %", "90 %", ""], ["", "", ""]]
    assert display.strengths[0] == [0.75, -0.5, 0]
    assert display.strengths[2] == [0, 0, 0]


def test_shares_are_percent_of_the_row_in_three_cells() -> None:
    display = matrix.matrix_display(NOW, [0, 1, 2], shares=True)
    assert display.texts == [["75", "25", ""], ["10", "90", ""], ["", "", "0"]]
    assert display.second_lines[0] == ["6", "2", ""]
    shares = (0.0, 0.001, 0.005, 0.444, 0.995, 0.9999, 1.0)
    assert [percent(share) for share in shares] == ["0", "<1", "<1", "44", ">99", ">99", "100"]


@settings(max_examples=50)
@given(st.floats(0, 1))
def test_a_share_never_takes_more_than_three_cells(share: float) -> None:
    assert 1 <= len(percent(share)) <= 3


def test_a_difference_has_its_sign_and_its_colour_says_better_or_worse() -> None:
    display = matrix.matrix_display(NOW, [0, 1, 2], shares=False, reference=THEN)
    assert display.texts == [["+2", "-2", ""], ["+1", "-1", ""], ["", "", "0"]]
    assert display.second_lines == [["(6)", "(2)", ""], ["(1)", "(9)", ""], ["", "", ""]]
    assert [[(s > 0) - (s < 0) for s in row] for row in display.strengths] == [[1, 1, 0], [-1, -1, 0], [0, 0, 0]]
    assert matrix.matrix_display(NOW, [0, 1], shares=True, reference=THEN).texts == [["+25", "-25"], ["+10", "-10"]]
    assert matrix.matrix_display(NOW, [0, 1, 2], shares=False, reference=NOW).texts == [
        ["0", "", ""],
        ["", "0", ""],
        ["", "", "0"],
    ]


def test_shares_of_other_rows_compare() -> None:
    double = view([12, 4, 0], [2, 18, 0], [0, 0, 0])
    assert not matrix.same_rows(double, NOW)
    assert matrix.matrix_display(double, [0, 1], shares=True, reference=THEN).texts == [["+25", "-25"], ["+10", "-10"]]


def test_a_face_follows_the_order_and_its_short_names_do_not_change() -> None:
    named = view([1, 2, 3], [4, 5, 6], [7, 8, 9], labels=["Polish", "Portuguese", OBEYED])
    given_, turned = (matrix.matrix_display(named, places, shares=False) for places in ([0, 1, 2], [2, 1, 0]))
    assert turned.texts == [row[::-1] for row in given_.texts[::-1]]
    assert turned.short == given_.short[::-1]
    assert turned.labels[0] == "[red]明�[2J月"


@settings(max_examples=30)
@given(squares(9), st.sampled_from(ORDERS))
def test_every_order_has_every_class_once(counts: list[list[int]], order: matrix.Order) -> None:
    assert sorted(matrix.class_order(counts, order)) == list(range(len(counts)))
    assert matrix.class_order(counts, order) == matrix.class_order(counts, order)


def test_by_error_the_worst_class_is_first_and_an_empty_one_last() -> None:
    assert matrix.class_order([[0, 0, 0], [1, 9, 0], [5, 0, 5]], "by error") == [2, 1, 0]
    assert matrix.class_order([[0, 0, 0], [1, 9, 0], [5, 0, 5]], "as given") == [0, 1, 2]


def test_the_most_confused_stand_side_by_side() -> None:
    counts = [[9, 0, 0, 5, 0], [0, 9, 1, 0, 0], [0, 0, 9, 0, 0], [4, 0, 0, 9, 2], [0, 0, 0, 0, 9]]
    assert matrix.class_order(counts, "by neighbours") == [0, 3, 4, 1, 2]
    assert matrix.class_order([[1, 0], [0, 1]], "by neighbours") == [0, 1]


def test_a_cell_is_said_in_words() -> None:
    named = view([5, 4], [0, 0], labels=["Korean", OBEYED])
    assert matrix.cell_description(named, 0, 1) == "true Korean taken for [red]明�[2J月: 4 of 9, 44 %"
    assert matrix.cell_description(named, 0, 0) == "true Korean named rightly: 5 of 9, 56 %"
    assert matrix.cell_description(named, 1, 1).endswith("no [red]明�[2J月 among these rows")


@pytest.mark.parametrize(
    ("true", "guess", "words"),
    [
        (0, 0, "4 of 8, 50 %: +2, better"),
        (0, 1, "4 of 8, 50 %: -2, better"),
        (1, 0, "0 of 10, 0 %: +1, worse"),
        (1, 1, "10 of 10, 100 %: -1, worse"),
        (0, 2, "0 of 8, 0 %: no change"),
    ],
)
def test_a_difference_is_said_with_its_sign_and_whether_it_is_better(true: int, guess: int, words: str) -> None:
    assert matrix.difference_description(NOW, THEN, true, guess) == words


def test_a_difference_to_other_rows_is_said_in_points() -> None:
    double = view([12, 4, 0], [2, 18, 0], [0, 0, 0])
    assert (
        matrix.difference_description(double, THEN, 0, 1, other_rows=True) == "4 of 8, 50 %: -25 points, of other rows"
    )
