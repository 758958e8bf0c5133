"""Data of the user's own in the Lab: the way to their field, what is seen in them, and where to name them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lab_steps import choose, enter, form_ready, put
from textual.events import Key
from waiting import eventually

from workbench.tui.lab.dataset_line import DatasetLine
from workbench.tui.widgets.form import Form
from workbench.tui.widgets.picker import Picker
from workbench.tui.widgets.setting_row import SettingRow, row_of


@pytest.fixture
def series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of 60 days, a reading an hour, in the folder that the program was started in."""
    rows = [f"{datetime(2016, 7, 1) + timedelta(hours=k)},{k % 24}.5,{k % 7}.25" for k in range(1440)]
    (tmp_path / "plant.csv").write_text("\n".join(["date,HUFL,OT", *rows]) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "plant.csv"


def row(pilot: Any, key: str) -> SettingRow:
    return pilot.app.screen.query_one(Form).rows[key]


@pytest.mark.parametrize(("task", "first"), [("text", "task.file"), ("chars", "task.file"), ("climate", "")])
async def test_enter_on_a_cell_leads_to_the_field_of_the_data_where_a_task_has_no_others(screen, task, first) -> None:
    async with screen.open(size=(80, 24)) as pilot:
        await form_ready(pilot)
        picker = pilot.app.screen.query_one("#tasks", Picker)
        picker.highlighted = picker.names.index(task)
        for _ in range(2):  # typed ahead of the form
            pilot.app.post_message(Key("enter", None))
        await eventually(pilot, lambda: not isinstance(pilot.app.screen.focused, Picker))
        focused = row_of(pilot.app.screen.focused)
        assert (focused.field.key if focused else "") == first
        assert first or pilot.app.screen.focused.id == "preset"


async def test_settings_that_nobody_changed_show_what_was_seen_in_the_file(screen, series) -> None:
    async with screen.open() as pilot:
        await choose(pilot, "tasks", "climate")
        await form_ready(pilot, "task.csv")
        assert (row(pilot, "task.history").typed, row(pilot, "task.target").typed) == ("720", "T (degC)")
        await enter(pilot, "task.csv", "plant.csv")
        await eventually(pilot, lambda: row(pilot, "task.history").typed == "120")
        assert row(pilot, "task.target").typed == "OT"
        assert row(pilot, "task.features").typed == "hour,HUFL,OT"
        assert row(pilot, "task.time_column").typed == "date"
        assert [*pilot.app.screen.query_one(Form).values] == ["task.csv"]
        await pilot.press("ctrl+l", *"history")
        await screen.until(pilot, "seen in your data")
        await put(pilot, "task.csv", "")
        await eventually(pilot, lambda: row(pilot, "task.history").typed == "720")
        assert row(pilot, "task.target").typed == "T (degC)"
        assert "seen in your data" not in screen.text


async def test_a_setting_that_was_changed_is_kept_and_undone_to_what_was_seen(screen, series) -> None:
    async with screen.open() as pilot:
        await choose(pilot, "tasks", "climate")
        await form_ready(pilot, "task.csv")
        await put(pilot, "task.csv", "plant.csv")
        await eventually(pilot, lambda: row(pilot, "task.history").typed == "120")
        await enter(pilot, "task.history", "720")  # the station's own: no default here
        await eventually(pilot, lambda: pilot.app.screen.selection.settings().history == 720)
        assert row(pilot, "task.history").changed
        assert row(pilot, "task.history").default == 120
        await choose(pilot, "cells", "lru")  # with options of its own: the form is made anew
        await eventually(pilot, lambda: "task.csv" in pilot.app.screen.query_one(Form).rows)
        await form_ready(pilot, "task.window")
        await eventually(pilot, lambda: row(pilot, "task.target").typed == "OT")
        assert row(pilot, "task.history").typed == "720"
        row(pilot, "task.history").undo()
        await eventually(pilot, lambda: pilot.app.screen.selection.settings().history == 120)
        assert row(pilot, "task.history").typed == "120"


async def test_the_data_line_names_the_settings_of_ones_own_data(screen) -> None:
    async with screen.open() as pilot:
        for task, words in (("text", "file or folder above names your own"), ("chars", "file above names your own")):
            await choose(pilot, "tasks", task)
            line = pilot.app.screen.query_one(DatasetLine)
            await eventually(pilot, lambda line=line, words=words: words in str(line.content))
        assert "path of a file" in screen.text
