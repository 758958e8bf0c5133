"""The field of a path: completed while it is typed, wrong at once, never waited for."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from lab_steps import choose, form_ready
from ledger import with_ledger, write_table
from previews import at_the_file
from waiting import eventually

import tasks
from workbench.config import paths
from workbench.tui.widgets.form import Form
from workbench.tui.widgets.path_input import PathCompletions
from workbench.tui.widgets.path_row import PathRow


@pytest.fixture(autouse=True)
def sales(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder ``sales`` with two tables, in the folder that the program was started in."""
    with_ledger(monkeypatch)
    write_table(tmp_path / "sales")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "sales"


def listed(row: PathRow) -> list[str]:
    """The completions that are shown."""
    shown = row.query_one(PathCompletions)
    return [*shown.paths] if shown.display else []


async def test_the_files_that_name_the_data_stand_first(screen) -> None:
    async with screen.open() as pilot:
        await at_the_file(pilot)
        rows = [*pilot.app.screen.query_one(Form).rows]
        assert rows[:3] == ["task.file", "task.folder", "cell.hidden"]
        assert rows.index("task.vectors") > rows.index("train.seed")


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)])
async def test_tab_and_the_right_arrow_take_the_marked_completion(screen, size, sales: Path) -> None:
    async with screen.open(size=size) as pilot:
        row = await at_the_file(pilot)
        await pilot.press("s", "a")
        await screen.until(pilot, "sales/")
        assert listed(row) == ["sales/"]
        await pilot.press("tab")
        await screen.until(pilot, "ledger.csv", "ledger-old.csv")
        assert row.typed == "sales/"
        assert ".hidden" not in screen.text
        await pilot.press("down", "right")
        await eventually(pilot, lambda: row.typed == "sales/ledger.csv" and not listed(row))
        await eventually(pilot, lambda: row.wrong == "")
        assert pilot.app.screen.query_one(Form).values == {"task.file": "sales/ledger.csv"}
        assert pilot.app.screen.selection.settings().file == str(sales / "ledger.csv")
        await pilot.press("tab")  # nothing is left to complete: to the next setting
        assert pilot.app.screen.query_one(Form).rows["task.folder"]._editor.has_focus


async def test_settings_that_are_guessed_of_the_file_are_the_defaults_of_its_form(
    screen, monkeypatch: pytest.MonkeyPatch, sales: Path
) -> None:
    kind = tasks.settings("ledger")
    kind = kind if isinstance(kind, type) else type(kind)
    monkeypatch.setattr(kind, "guessed", ("rate",))
    found = classmethod(lambda cls, given: {"rate": 0.7} if given.get("file", "").endswith("ledger.csv") else {})
    monkeypatch.setattr(kind, "guess", found)
    async with screen.open() as pilot:
        row = await at_the_file(pilot)
        rate = pilot.app.screen.query_one(Form).rows["task.rate"]
        row._editor.value = "sales/ledger.csv"
        await eventually(pilot, lambda: rate.typed == "0.7" and not rate.changed)
        assert pilot.app.screen.selection.described().settings.rate == 0.7
        rate._editor.value = "0.1"  # the task's own default, and not the file's
        await eventually(pilot, lambda: rate.changed)
        assert pilot.app.screen.selection.described().settings.rate == 0.1
        rate._editor.value = "0.7"
        await eventually(pilot, lambda: not rate.changed)
        row._editor.value = ""
        await eventually(pilot, lambda: rate.typed == "0.1")
        assert not pilot.app.screen.query_one(Form).values


async def test_keys_of_the_list_are_the_forms_while_there_is_none(screen) -> None:
    async with screen.open() as pilot:
        row = await at_the_file(pilot)
        form = pilot.app.screen.query_one(Form)
        await pilot.press("down")
        assert form.rows["task.folder"]._editor.has_focus
        await pilot.press("up", *"sales/")
        await eventually(pilot, lambda: len(listed(row)) == 2)
        await pilot.press("up")  # round to the last
        assert row.query_one(PathCompletions).marked == "sales/ledger.csv"
        await pilot.press("escape")
        assert listed(row) == []
        assert row.typed == "sales/"
        await pilot.press("enter")
        assert form.rows["task.folder"]._editor.has_focus


async def test_a_click_takes_a_completion_and_leaving_closes_the_list(screen) -> None:
    async with screen.open() as pilot:
        row = await at_the_file(pilot)
        await pilot.press(*"sales/")
        await eventually(pilot, lambda: len(listed(row)) == 2)
        await pilot.pause()
        await pilot.click(PathCompletions, offset=(4, 2))
        await eventually(pilot, lambda: row.typed == "sales/ledger.csv")
        await pilot.press("backspace")
        await eventually(pilot, lambda: listed(row) == ["sales/ledger.csv"])
        pilot.app.screen.query_one("#tasks").focus()
        await eventually(pilot, lambda: listed(row) == [])


async def test_folders_alone_complete_a_folder(screen) -> None:
    async with screen.open() as pilot:
        await at_the_file(pilot)
        row = pilot.app.screen.query_one(Form).rows["task.folder"]
        row.focus_editor()
        await pilot.press("s")
        await eventually(pilot, lambda: listed(row) == ["sales/"])
        await pilot.press("tab")
        await eventually(pilot, lambda: row.typed == "sales/" and row.wrong == "" and not listed(row))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("sales/none.csv", "task.file: there is no "), ("sales", " is a folder: name a file in it, or give")],
)
async def test_a_wrong_path_is_one_sentence_under_the_field_and_start_refuses_with_it(
    screen, started, typed: str, sentence: str
) -> None:
    async with screen.open() as pilot:
        row = await at_the_file(pilot)
        await pilot.press(*typed)
        await eventually(pilot, lambda: sentence in row.error)
        await eventually(pilot, lambda: row.error == str(pilot.app.screen.query_one("#verdict").content))
        assert " ".join(line.strip() for line in str(row.render()).splitlines()[1:]).replace(" ", "") == (
            row.error.replace(" ", "")
        )
        await pilot.press("f5")
        await pilot.pause(0.1)
        assert started == []
        await pilot.press("ctrl+r")  # undone
        await eventually(pilot, lambda: row.error == "" and row.typed == "")


async def test_a_file_that_is_named_offers_its_preview(screen) -> None:
    async with screen.open() as pilot:
        await at_the_file(pilot)
        await pilot.press(*"sales/ledger.csv")
        await screen.until(pilot, "F12 previews it before anything is trained", "ledger with lstm; changed: file")


async def test_a_slow_folder_holds_up_nothing_and_the_newest_text_alone_is_looked_at(screen, monkeypatch) -> None:
    free, asked = threading.Event(), []

    def slow(typed: str, **_: Any) -> list[str]:
        asked.append(typed)
        free.wait(60)
        return [f"{typed}-completed"]

    monkeypatch.setattr(paths, "completions", slow)
    async with screen.open() as pilot:
        row = await at_the_file(pilot)
        await pilot.press(*"/net/deep")
        await pilot.press("ctrl+t")  # the screen answers
        assert row.typed == "/net/deep"
        assert asked == ["/"]  # one thread, however slow
        assert listed(row) == []
        free.set()
        await eventually(pilot, lambda: listed(row) == ["/net/deep-completed"])
        assert asked == ["/", "/net/deep"]


async def test_names_of_files_are_no_markup(screen, sales: Path) -> None:
    (sales / "[red]x.csv").write_text("")
    async with screen.open() as pilot:
        row = await at_the_file(pilot)
        await pilot.press(*"sales/[")
        await screen.until(pilot, "[red]x.csv")
        await pilot.press("tab")
        await eventually(pilot, lambda: row.typed == "sales/[red]x.csv")
        await screen.until(pilot, "changed: file sales/[red]x.csv")


async def test_a_task_of_the_program_has_the_field_too(screen) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        await choose(pilot, "tasks", "climate")
        await form_ready(pilot, "task.window")
        assert isinstance(pilot.app.screen.query_one(Form).rows["task.csv"], PathRow)
