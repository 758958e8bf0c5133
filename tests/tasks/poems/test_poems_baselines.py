"""Baselines of the poems task: unigrams and Kneser-Ney 5-grams."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tasks.poems.settings import Settings
from tasks.poems.task import Task
from tasks.shared.datasets import locations


def test_counting_baselines_on_the_starter_set_are_computed_once() -> None:
    data = Task.load(Settings(), locations.starter("poems"))
    its = Task(Settings(), data.state)
    assert its.baseline(data, cached_only=True) == {}
    found = its.baseline(data)
    for methods in found.values():
        assert set(methods) == {"unigram", "Kneser-Ney 5-gram"}
        for metrics in methods.values():
            assert metrics["perplexity"] == pytest.approx(math.exp(metrics["nll"] or 0))
            assert (metrics["nll_hanzi"] or 0) > (metrics["nll"] or 0)  # punctuation is easily guessed
        assert (methods["Kneser-Ney 5-gram"]["nll"] or 0) < (methods["unigram"]["nll"] or 0)
    assert its.baseline(data, cached_only=True) == found


@pytest.mark.data
def test_kneser_ney_on_the_complete_tang_poems(real_data: Path) -> None:
    data = Task.load(Settings(), real_data / "poems")
    found = Task(Settings(), data.state).baseline(data)
    for methods in found.values():  # a split by poem, which parts near-duplicates, gives 5.05 and 5.11
        assert methods["unigram"]["nll"] == pytest.approx(6.52, abs=0.06)
        assert methods["Kneser-Ney 5-gram"]["nll"] == pytest.approx(5.28, abs=0.05)
