"""A cell's own options in the Lab's form."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab_steps import enter, form_ready
from waiting import eventually

import cells
from workbench.tui.widgets.form import Form
from workbench.tui.widgets.picker import Picker

OWN = '''"""Scaled mean."""

from typing import Annotated

import msgspec
from msgspec import Meta

from cells._base import Cell, Hidden


class Scaled(Cell):
    class Options(msgspec.Struct, frozen=True):
        scale: Annotated[float, Meta(gt=0, lt=1, description="share that stays")] = 0.5

    def step(self, projected, state):
        h = self.options.scale * state.h + projected
        return h, Hidden(h)
'''


async def test_they_come_and_go_with_the_cell_and_what_was_entered_stays(
    screen, started, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scaled.py").write_text(OWN)
    monkeypatch.setattr(cells, "__path__", [*cells.__path__, str(tmp_path)])
    async with screen.open(data=data) as pilot:
        await form_ready(pilot)
        await enter(pilot, "cell.hidden", "64")
        form, picker = pilot.app.screen.query_one(Form), pilot.app.screen.query_one("#cells", Picker)
        assert "cell.scale" not in form.rows
        picker.highlighted = picker.names.index("scaled")
        await eventually(pilot, lambda: "cell.scale" in form.rows)
        await form_ready(pilot)
        assert form.rows["cell.hidden"].typed == "64"
        await enter(pilot, "cell.scale", "2")
        await screen.until(pilot, "cell.scale cannot be 2")
        await enter(pilot, "cell.scale", "0.25")
        await screen.until(pilot, "scale 0.25")
        await pilot.press("f5")
        await eventually(pilot, lambda: bool(started))
        assert started[0].spec.cell_options == {"scale": 0.25}
        assert started[0].spec.options.hidden == 64


async def test_another_cell_takes_the_row_away(screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scaled.py").write_text(OWN)
    monkeypatch.setattr(cells, "__path__", [*cells.__path__, str(tmp_path)])
    async with screen.open() as pilot:
        await form_ready(pilot)
        form, picker = pilot.app.screen.query_one(Form), pilot.app.screen.query_one("#cells", Picker)
        picker.highlighted = picker.names.index("scaled")
        await eventually(pilot, lambda: "cell.scale" in form.rows)
        picker.highlighted = picker.names.index("gru")
        await eventually(pilot, lambda: "cell.scale" not in form.rows)
        await form_ready(pilot)
        assert form.errors == {}
