"""Inspection of cells whose states have other shapes and starts than (B,H) and zeros, down to what is drawn of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from engine.inspected import Untrained, untrained

import cells
from tasks.base import Reading
from workbench.engine import inspection
from workbench.engine.inspection import grid, inspect
from workbench.runs.inspections import Inspection
from workbench.tui.inspect.picture import FORMS, Choice, Painter, Unit
from workbench.tui.inspect.step_numbers import numbers

TEXT = "Nakamura"
LINES = 12


def read(one: Untrained) -> Reading:
    with torch.no_grad():
        return one.task.reading(one.model, TEXT)


def inspected(cell: str, **values: object) -> Inspection:
    one = untrained("names", cell, **values)
    return inspect(one.model, read(one), cell=cell)


@pytest.mark.parametrize("cell", cells.available())
def test_every_cell_is_inspected_and_drawn(cell: str) -> None:
    found = inspected(cell, cell__layers=2)
    painter = Painter(found)
    for at, one in enumerate(found.cells):
        for part in one.grids().values():
            assert part.rows == len(TEXT)
            assert np.isfinite(part.lists()).all()
        for view in ("gates", "states", "memory"):
            for place in range(max(1, len(painter.parts(Choice(view, cell=at))))):
                for form in FORMS:
                    choice = Choice(view, (place,) * 3, at, form, Unit(one.layer, one.direction, 5))
                    picture = painter.paint(choice)
                    assert (picture.make is None) == bool(picture.problem)
                    if picture.make is not None:
                        rows = picture.make(LINES)
                        drawn = [rows.cell(row, step) for row in range(len(rows.labels)) for step in range(len(TEXT))]
                        assert all(-1 <= each.shade <= 1 for each in drawn)
                    assert "step 3 of 8" in numbers(painter, choice, 2, 5).plain


def test_a_matrix_state_has_a_unit_for_each_number() -> None:
    found = inspected("delta-net", **{"cell.heads": 2, "cell.key_size": 5})
    (cell,) = found.cells
    assert cell.states["S"].columns == 2 * 3 * 5  # heads · d_v · d_k
    assert {name: part.columns for name, part in cell.gates.items()} == {"q": 10, "k": 10, "v": 6, "β": 2}
    kept, written, memory = (np.array(part.lists()) for part in (*cell.updates.values(), cell.states["S"]))
    np.testing.assert_allclose(kept + written, memory, atol=1e-6)


def test_a_state_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "LARGEST", 6 * 16 * 7)
    one = untrained("names", "delta-net")
    with pytest.raises(ValueError, match=r"^The text has 8 steps, and at most 7 can be inspected\.$"):
        inspect(one.model, read(one))


def test_an_infinite_number_can_be_drawn() -> None:
    (row,) = grid(torch.tensor([[-torch.inf, 1.0, torch.inf]])).lists()
    assert row == [pytest.approx(-3.4e38, rel=0.01), 1.0, pytest.approx(3.4e38, rel=0.01)]
