"""The penalty of a linear baseline: the best on validation, and the edge of the grid told."""

from __future__ import annotations

import math
import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning

from tasks.shared.classification import penalties
from tasks.shared.classification.penalties import DECADES, Chosen


def chosen(best: float, start: int = 0) -> tuple[Chosen[float], list[float]]:
    """The choice where the score falls with the distance to ``best``, a power of ten; the powers tried."""
    tried: list[float] = []

    def fit(value: float) -> float:
        tried.append(round(math.log10(value), 6))
        return value

    return penalties.choose("a model", fit, lambda value: -abs(math.log10(value) - best), start=start), tried


@pytest.mark.parametrize("start", [0, 1, -2])
@pytest.mark.parametrize("best", [-3.5, -1.0, 0.0, 0.5, 2.0, 3.0])
def test_the_best_of_the_grid_is_found_from_anywhere(best: float, start: int) -> None:
    found, tried = chosen(best, start)
    assert found.value == found.model == pytest.approx(10**best)
    assert not found.at_edge
    assert found.name == "a model"
    assert len(tried) == len(set(tried))  # each is fitted once
    assert all(abs(power) <= DECADES for power in tried)


@pytest.mark.parametrize(("best", "value"), [(-9.0, "0.0001"), (9.0, "1e+04")])
def test_the_edge_of_the_grid_is_told(best: float, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    found, _ = chosen(best)
    assert found.at_edge
    assert found.name == f"a model (C = {value}, the grid's edge)"
    assert "the grid's edge: one beyond it might be better still." in capsys.readouterr().err


def test_what_is_far_worse_than_the_best_is_not_fitted() -> None:
    """Weak penalties take longest."""
    _, tried = chosen(0.0)
    assert tried == [0, -0.5, 0.5]


def test_of_equals_the_first_is_kept_and_a_plateau_does_not_end_the_walk() -> None:
    scores = {0: 0.5, -0.5: 0.5, 0.5: 0.5, 1: 0.5, 1.5: 0.5, 2: 0.9, 2.5: 0.9}
    found = penalties.choose("a model", lambda value: round(math.log10(value), 6), lambda power: scores.get(power, 0.1))
    assert found.value == pytest.approx(100)
    assert not found.at_edge


def test_the_choice_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    penalties.choose("naive Bayes", lambda value: value, lambda value: -abs(value - 0.1), symbol="α")
    assert capsys.readouterr().err == "· naive Bayes: α = 0.1 by validation (-0.0000).\n"


def test_a_fit_that_does_not_converge_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    def fit(value: float) -> float:
        warnings.warn("Liblinear failed to converge", ConvergenceWarning, stacklevel=1)
        return value

    penalties.choose("linear SVM", fit, lambda value: -abs(value - 1))
    assert capsys.readouterr().err == "· linear SVM: C = 1 by validation (-0.0000), its fit not quite converged.\n"
    assert not recwarn.list


def test_another_warning_is_passed_on_and_says_nothing_of_convergence(capsys: pytest.CaptureFixture[str]) -> None:
    def fit(value: float) -> float:
        warnings.warn("overflow in exp", RuntimeWarning, stacklevel=1)
        return value

    with pytest.warns(RuntimeWarning, match="overflow in exp"):
        penalties.choose("linear SVM", fit, lambda value: -abs(value - 1))
    assert capsys.readouterr().err == "· linear SVM: C = 1 by validation (-0.0000).\n"
