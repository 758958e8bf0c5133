"""The search for units that go with a trait: planted units, controls, what is told."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from engine.inspected import untrained

from tasks.base import Reading
from workbench.engine import unit_search
from workbench.engine.inspection import find_recurrent
from workbench.engine.unit_search import _shuffled, correlations, search
from workbench.runs.inspections import UnitSearch


def searched(one: Any, **options: Any) -> UnitSearch:
    *steps, found = search(one.task, one.model, one.examples, "test", **options)
    assert [done for done, _ in steps] == [*range(1, found.rows + 1)]
    return found


def test_correlations_are_numpys() -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(50, 70, generator=generator), torch.randn(50, 3, generator=generator)  # more than at once
    x[:, 2] = 1.0
    found = correlations(x, y)
    for unit in (0, 1, 3, 63, 64, 69):
        for trait in range(3):
            expected = np.corrcoef(x[:, unit], y[:, trait])[0, 1]
            assert float(found[unit, trait]) == pytest.approx(expected, abs=1e-6)
    assert found[2].tolist() == [0, 0, 0]  # a unit that does not vary


def test_a_unit_that_is_the_trait_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    one = untrained("names")
    plain = type(one.task).reading_of_row

    def planted(self: Any, model: Any, data: Any, row: int) -> Reading:
        reading = plain(self, model, data, row)
        outputs, _ = find_recurrent(model)(reading.inputs)
        return reading._replace(traits={"planted": outputs[0, :, 3].tolist()})

    monkeypatch.setattr(type(one.task), "reading_of_row", planted)
    best, *others = searched(one, rows=60).units
    assert (best.trait, best.layer, best.part, best.unit) == ("planted", 0, "h", 3)
    assert best.correlation == pytest.approx(1, abs=1e-4)
    assert best.control < 0.9
    assert len(others) == 4
    assert [abs(unit.correlation) for unit in others] == sorted((abs(u.correlation) for u in others), reverse=True)


def test_noise_stays_within_its_control(monkeypatch: pytest.MonkeyPatch) -> None:
    one = untrained("names")
    plain = type(one.task).reading_of_row
    generator = np.random.default_rng(0)

    def noise(self: Any, model: Any, data: Any, row: int) -> Reading:
        reading = plain(self, model, data, row)
        return reading._replace(traits={"noise": generator.standard_normal(len(reading.symbols)).tolist()})

    monkeypatch.setattr(type(one.task), "reading_of_row", noise)
    best = searched(one, rows=100).units[0]
    assert abs(best.correlation) < 1.5 * best.control < 0.3


def test_the_search_is_the_same_each_time_and_counts_its_places() -> None:
    one = untrained("names")
    first, second = searched(one, rows=40, most=1), searched(one, rows=40, most=1)
    assert first == second
    vowel = next(unit for unit in first.units if unit.trait == "vowel")
    language = next(unit for unit in first.units if unit.trait.startswith("language"))
    assert language.places == first.rows == 40
    assert vowel.places > 40


def test_a_row_that_is_too_long_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    one = untrained("names")
    everything = searched(one, rows=40)
    monkeypatch.setattr(unit_search, "LONGEST", 6)
    found = searched(one, rows=40)
    assert 0 < found.rows < everything.rows == 40
    assert found.notes == [f"{found.rows} of the 40 rows asked for were read."]
    monkeypatch.setattr(unit_search, "LONGEST", 0)
    with pytest.raises(ValueError, match="No row of the test split that was drawn has at most 0 steps"):
        searched(one, rows=40)


@pytest.mark.parametrize(("limit", "most"), [("MOST_PLACES", 30), ("_MOST_NUMBERS", 30 * 12)])  # 6 of h, 6 of c
def test_rows_that_are_too_many_are_told(monkeypatch: pytest.MonkeyPatch, limit: str, most: int) -> None:
    monkeypatch.setattr(unit_search, limit, most)
    found = searched(untrained("names"), rows=40)
    assert 1 < found.rows < 10
    assert found.notes == [f"{found.rows} of the 40 rows asked for were read."]


def test_a_trait_of_many_steps_is_rotated_within_its_text_and_one_of_one_step_permuted() -> None:
    generator = torch.Generator().manual_seed(0)
    rotated = _shuffled(torch.tensor([1.0, 2, 3, 10, 20]), [3, 2], generator)
    assert rotated[:3].tolist() in ([3, 1, 2], [2, 3, 1])
    assert rotated[3:].tolist() == [20, 10]
    permuted = _shuffled(torch.arange(20.0), [1] * 20, generator)
    assert sorted(permuted.tolist()) == [*range(20)]
    assert permuted.tolist() != [*range(20)]


def test_a_task_that_knows_nothing_of_its_steps_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    one = untrained("names")
    plain = type(one.task).reading_of_row
    monkeypatch.setattr(
        type(one.task), "reading_of_row", lambda *given: plain(*given)._replace(traits={"unknown": [math.nan] * 3})
    )
    assert searched(one, rows=20).units == []
    monkeypatch.setattr(type(one.task), "reading_of_row", lambda *given: plain(*given)._replace(traits={}))
    with pytest.raises(ValueError, match="knows nothing of its steps"):
        searched(one, rows=20)
