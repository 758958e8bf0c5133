"""The Lab: choosing, validating, starting."""

from __future__ import annotations

import re

from lab_steps import choose, enter, form_ready
from waiting import eventually

import cells
from tasks.base import DataError
from tasks.shared.datasets import locations
from workbench.config import spec
from workbench.runs import store
from workbench.tui.lab.screen import LabScreen
from workbench.tui.widgets.form import Form
from workbench.tui.widgets.picker import Picker


async def test_the_lab_shows_tasks_cells_settings_and_where_the_data_stands(screen) -> None:
    async with screen.open() as pilot:
        await screen.until(pilot, "names → language", "Long short-term memory", "batch size", "Start")
        await screen.until(
            pilot, "h_t = o_t ⊙ tanh(c_t)", "starter only, 1,440 rows", "g downloads all of it, 163.4 kB"
        )


async def test_every_setting_of_the_command_line_is_in_the_form(screen) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        assert set(pilot.app.screen.query_one(Form).rows) == {field.key for field in spec.fields("names", "lstm")}


async def test_start_creates_a_run_with_only_the_changed_values_and_opens_it(screen, folder, started, data) -> None:
    async with screen.open(data=data) as pilot:
        await form_ready(pilot)
        await enter(pilot, "cell.hidden", "64")
        await enter(pilot, "train.lr", "0.01")
        await pilot.press("f5")  # the twin of s: a text field has the focus
        await screen.until(pilot, "lost", "names with lstm")  # no worker was started
        [run] = started
        assert run.spec == spec.make(
            "names", "lstm", {"cell.hidden": 64, "train.lr": 0.01}, data_dir=str(data / "names")
        )
        assert store.listing(folder)[0].id == run.id


async def test_an_impossible_value_is_said_beside_its_field_and_does_not_start(screen, started) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        await enter(pilot, "cell.hidden", "0")
        text = await screen.until(pilot, "cell.hidden cannot be 0")
        assert "≥ 1, ≤ 8,192" in text
        await pilot.press("f5")
        await pilot.pause(0.1)
        assert started == []
        await enter(pilot, "cell.hidden", "32")
        await screen.until(pilot, "changed: hidden 32")
        assert pilot.app.screen.query_one(Form).errors == {}


async def test_a_field_that_was_just_emptied_is_wrong_before_it_has_said_so(screen, started) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        form = pilot.app.screen.query_one(Form)
        form.rows["cell.hidden"]._editor.value = ""  # as a quick hand does: the next key comes before the check
        assert "cell.hidden cannot be" in form.errors["cell.hidden"]
        assert "cell.hidden" not in form.values
        await pilot.app.screen.action_start()
        await screen.until(pilot, "cell.hidden cannot be")
        assert started == []


async def test_values_that_do_not_fit_together_are_said_live(screen) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        await enter(pilot, "train.epochs", "0")
        await screen.until(pilot, "The run would never end")


async def test_the_preset_and_the_defaults_key_move_what_was_not_entered(screen) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        lab = pilot.app.screen
        assert isinstance(lab, LabScreen)
        await enter(pilot, "cell.hidden", "77")
        lab.query_one("#preset").value = "tutorial"
        await screen.until(pilot, "preset tutorial")
        form = lab.query_one(Form)
        assert form.rows["train.batch_size"].value == 1
        assert form.values == {"cell.hidden": 77}
        await pilot.press("f7")
        assert form.values == {}
        assert form.rows["cell.hidden"].value == 128


async def test_a_choice_turns_with_the_arrow_keys(screen) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        form = pilot.app.screen.query_one(Form)
        form.rows["cell.bidirectional"].focus_editor()
        await pilot.press("right")
        form.rows["train.optimizer"].focus_editor()
        await pilot.press("left")
        assert form.values == {"cell.bidirectional": False, "train.optimizer": "sgd"}


async def test_the_focused_setting_tells_its_help_and_bounds(screen) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        pilot.app.screen.query_one(Form).rows["train.clip"].focus_editor()
        await screen.until(pilot, "train.clip  ≥ 0, ≤ 1,000,000  largest gradient norm; 0: not")


async def test_choosing_another_cell_tells_of_it(screen) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        pilot.app.screen.query_one("#cells").focus()
        await screen.until(pilot, "classic, before 2018")
        await pilot.press("down", "down", "down")
        await screen.until(pilot, "names with gru-textbook", "Z_t ⊙ H_{t-1}", "the results of")
        assert re.search(r"write it,\W+2014", screen.text)


async def test_cells_stand_in_groups_the_oldest_first(screen, tmp_path, monkeypatch) -> None:
    (tmp_path / "own_rnn.py").write_text('"""Mine."""\nfrom cells.rnn import RNN\n\n\nclass Own(RNN): ...\n')
    monkeypatch.setattr("cells.__path__", [*cells.__path__, str(tmp_path)])
    async with screen.open() as pilot:
        await form_ready(pilot)
        picker = pilot.app.screen.query_one("#cells", Picker)
        assert picker.names[:3] == ["rnn", "bilstm", "lstm"]
        assert picker.names[-4:] == ["torch-rnn", "torch-lstm", "torch-gru", "own-rnn"]
        for name, group in (
            ("torch-gru", "torch's own"),
            ("own-rnn", "your own"),
            ("torch-rnn", "torch's own"),
            ("rnn", "classic, before 2018"),
            ("ind-rnn", cells.GROUPS["today"]),
        ):
            await choose(pilot, "cells", name)
            await screen.until(pilot, group, f"names with {name}")
        lines = screen.text.splitlines()
        first = next(at for at, line in enumerate(lines) if "tutorial-rnn" in line)
        assert "───" in lines[first + 1]
        assert "ind-rnn" in lines[first + 2]


async def test_starter_data_is_said_and_written_down(screen, started, monkeypatch) -> None:
    def download(*_, **__):
        raise DataError("The names data could not be downloaded [red].")

    monkeypatch.setattr(locations, "download", download)
    async with screen.open() as pilot:
        await form_ready(pilot)
        await pilot.press("s")
        await screen.until(pilot, "[red]. Going on", "starter data")
        assert started[0].spec.data == "starter"


async def test_a_named_folder_that_lacks_a_file_is_one_sentence(screen, started, tmp_path) -> None:
    async with screen.open(data=tmp_path / "nowhere") as pilot:
        await form_ready(pilot)
        await screen.until(pilot, "lacks")
        await pilot.press("s")
        await pilot.pause(0.2)
        assert started == []
        assert isinstance(pilot.app.screen, LabScreen)


async def test_a_runs_folder_that_cannot_be_written_is_one_sentence(screen, folder, started, data) -> None:
    folder.write_text("in the way")
    async with screen.open(data=data) as pilot:
        await form_ready(pilot)
        await pilot.press("s")
        await screen.until(pilot, "Runs cannot be kept in")
        assert started == []


async def test_a_quick_hand_starts_what_it_marked(screen, started) -> None:
    async with screen.open() as pilot:
        await form_ready(pilot)
        await pilot.press("up", "s")
        await eventually(pilot, lambda: len(started) == 1)
        assert started[0].spec == spec.make("imdb", "bilstm", data="starter")
