"""The Lab's form: found by typing, undone one by one, listed; pairs that cannot be are said where one looks."""

from __future__ import annotations

from typing import Any

from lab_steps import choose, enter, form_ready, put
from textual.events import Key
from textual.widgets import Input
from waiting import eventually

from workbench.tui.keys import ACTIONS
from workbench.tui.lab.screen import LabScreen
from workbench.tui.lab.text_lines import Welcome
from workbench.tui.widgets.form import Form
from workbench.tui.widgets.picker import Picker
from workbench.tui.widgets.setting_row import row_of


def shown(pilot: Any) -> list[str]:
    """The keys of the settings that the form shows."""
    return [key for key, row in pilot.app.screen.query_one(Form).rows.items() if row.display]


async def test_a_setting_is_found_by_part_of_its_name_or_of_its_help(screen) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        everything = shown(pilot)
        await pilot.press("slash", *"drop")
        await screen.until(
            pilot, "find", f"6 of {len(pilot.app.screen.query_one(Form).rows)}", "Enter or ↓ goes to the first"
        )
        assert set(shown(pilot)) == {
            "cell.dropout",
            *(f"task.{name}" for name in ("dropout", "letter_dropout", "ngram_dropout", "input_dropout", "r_drop")),
        }
        assert "more of the network" not in screen.text
        await pilot.press(*" BLA")
        await eventually(pilot, lambda: shown(pilot) == ["task.letter_dropout"])
        await pilot.press("enter")
        assert row_of(pilot.app.screen.focused).field.key == "task.letter_dropout"
        await pilot.press("ctrl+l", *"zz")  # the twin; what was sought is typed over
        await screen.until(pilot, "none: Esc empties this")
        await pilot.press("enter")  # there is nowhere to go
        assert isinstance(pilot.app.screen.focused, Input)
        await pilot.press("escape")
        assert shown(pilot) == everything
        await pilot.press("tab")
        await screen.until(pilot, "more of the network")
        assert not pilot.app.screen.query_one("#finder").display


async def test_what_is_sought_stays_sought_in_another_tasks_form(screen) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        await pilot.press("slash", *"seed")
        await choose(pilot, "tasks", "climate")
        await eventually(pilot, lambda: shown(pilot) == ["train.seed"])
        await choose(pilot, "tasks", "imdb")
        await form_ready(pilot)
        await eventually(pilot, lambda: shown(pilot) == ["train.seed", "task.split_seed"])
        await pilot.press("down")
        assert row_of(pilot.app.screen.focused).field.key == "train.seed"


async def test_one_setting_is_undone_by_a_key_and_the_others_stay(screen) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        form = pilot.app.screen.query_one(Form)
        await enter(pilot, "cell.hidden", "77")
        await enter(pilot, "train.lr", "0")  # wrong values can be undone too
        assert pilot.app.screen.check_action("undo", ()) is True
        await pilot.press("ctrl+r")
        assert form.errors == {}
        assert form.values == {"cell.hidden": 77}
        assert pilot.app.screen.check_action("undo", ()) is None
        form.rows["cell.bidirectional"].focus_editor()
        await pilot.press("space", "u")  # no field swallows the single key here
        assert form.values == {"cell.hidden": 77}
        pilot.app.screen.query_one("#tasks").focus()
        assert pilot.app.screen.check_action("undo", ()) is None


async def test_a_cell_that_reads_both_ways_is_dimmed_and_explained_where_a_task_writes(screen) -> None:
    async with screen.open() as pilot:
        await choose(pilot, "tasks", "poems")
        await screen.until(pilot, "reads both ways: not for poems")
        cells = pilot.app.screen.query_one("#cells", Picker)
        prompt = cells.get_option("bilstm").prompt
        assert any("strike" in str(span.style) for span in prompt.spans)
        assert not any("strike" in str(span.style) for span in cells.get_option("lstm").prompt.spans)
        await choose(pilot, "cells", "bilstm")
        await screen.until(pilot, "poems writes from left to right, so a bidirectional network (bilstm)", "not counted")
        await choose(pilot, "tasks", "names")
        await screen.until(pilot, "LSTM read both ways", "names with bilstm")
        assert "not for poems" not in screen.text


async def test_start_and_stay_starts_stays_and_counts(screen, started, data, monkeypatch) -> None:
    async with screen.open(data=data) as pilot:
        await form_ready(pilot)
        await pilot.press("S")
        await eventually(pilot, lambda: len(started) == 1)
        await screen.until(pilot, started[0].id, "has ended · 0 runs training · F3 lists them")  # no worker was started
        lock = started[0].acquire_lock()
        await enter(pilot, "cell.hidden", "32")
        await pilot.press("ctrl+t")  # the twin
        await eventually(pilot, lambda: len(started) == 2)
        await screen.until(pilot, started[1].id, "1 run training")
        assert isinstance(pilot.app.screen, LabScreen)
        assert [run.spec.options.hidden for run in started] == [96, 32]
        assert lock


async def test_undo_goes_back_to_the_preset_and_another_task_forgets_it(screen) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        pilot.app.screen.query_one("#preset").value = "tutorial"
        await screen.until(pilot, "preset tutorial")
        await put(pilot, "cell.hidden", "64")
        await enter(pilot, "train.batch_size", "9")
        await screen.until(pilot, "names with lstm; changed: hidden 64, batch size 9")
        await pilot.press("ctrl+r")
        assert pilot.app.screen.query_one(Form).rows["train.batch_size"].value == 1
        await choose(pilot, "tasks", "poems")
        await eventually(pilot, lambda: "preset tutorial" not in screen.text)
        assert pilot.app.screen.preset == ""


async def test_newcomers_see_three_steps_until_they_hide_them_or_start_a_run(screen, started, data) -> None:
    async with screen.open(data=data) as pilot:
        await screen.until(pilot, "New here?", "1 choose a task and a cell", "3 press s to start")
        await pilot.press("h")
        await eventually(pilot, lambda: "New here?" not in screen.text)
        assert pilot.app.screen.check_action("hide_hint", ()) is None
    async with screen.open(data=data) as pilot:
        await screen.until(pilot, "New here?")  # nothing was started: it is remembered by the runs alone
        await form_ready(pilot)
        await pilot.press("S")
        await eventually(pilot, lambda: len(started) == 1)
        await eventually(pilot, lambda: "New here?" not in screen.text)
    async with screen.open(data=data) as pilot:
        await screen.until(pilot, "names with lstm")
        await pilot.pause(0.1)
        assert not pilot.app.screen.query(Welcome)


def test_every_action_of_the_lab_has_a_method() -> None:
    assert all(hasattr(LabScreen, f"action_{action.name}") for action in ACTIONS if action.place == "lab")


async def test_letters_in_a_field_for_numbers_are_keys_of_the_screen(screen) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        row = pilot.app.screen.query_one(Form).rows["cell.hidden"]
        row.focus_editor()
        await pilot.press("7", "t")
        await eventually(pilot, lambda: not screen.app.current_theme.dark)
        assert row.typed == "7"
        await screen.until(pilot, "s Start", "u Undo")
        await pilot.press("u")
        assert row.typed == "96"


async def test_what_is_typed_right_after_the_slash_is_sought_and_starts_nothing(screen, started) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        for key in ("slash", *"epochs"):  # faster than a screen is painted
            pilot.app.post_message(Key(key, key if len(key) == 1 else "/"))
        await screen.until(pilot, "3 of ")
        assert shown(pilot) == ["train.epochs", "train.min_steps", "train.max_steps"]
        assert started == []


async def test_another_task_marks_its_usual_cell_unless_another_was_chosen(screen) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        await choose(pilot, "tasks", "imdb")
        await eventually(pilot, lambda: pilot.app.screen.cell_name == "bilstm")
        await choose(pilot, "tasks", "names")
        await eventually(pilot, lambda: pilot.app.screen.cell_name == "lstm")
        await choose(pilot, "cells", "gru")
        await choose(pilot, "tasks", "imdb")
        await eventually(pilot, lambda: pilot.app.screen.task_name == "imdb")
        assert pilot.app.screen.cell_name == "gru"
