"""The Race screen: from the Lab, against the twin, with curves, badge, bars and table."""

from __future__ import annotations

import msgspec
import pytest
from lab_steps import choose, form_ready, put
from races.race_events import begun, turn, whole
from tui.race.race_steps import told
from waiting import eventually

from workbench.config import spec
from workbench.races.events import Out
from workbench.tui.lab.screen import LabScreen
from workbench.tui.race.screen import RaceScreen, opponents


async def enter(screen, pilot, *, key: str = "r") -> None:
    await form_ready(pilot)
    await screen.until(pilot, "names with lstm")
    await pilot.press(key)
    await eventually(pilot, lambda: isinstance(screen.app.screen, RaceScreen))


async def test_a_cell_races_against_its_twin(screen, monkeypatch) -> None:
    races = told(monkeypatch, whole())
    async with screen.open() as pilot:
        await form_ready(pilot)
        await put(pilot, "train.lr", "0.25")
        await enter(screen, pilot, key="f8")
        text = await screen.until(
            pilot, "Parity holds to 2.0e-07 over 40 steps.", "all steps done", "A lstm", "B torch-lstm"
        )
        assert "names: lstm against torch-lstm" in text
        assert "starter data" in text
        assert "200 examples/s  2.00× (2.00–2.00)" in text
        assert any("val accuracy" in line and line.count("0.8125") == 2 for line in text.splitlines())
        assert any("difference" in line and "2.0e-07 to lstm" in line for line in text.splitlines())
        assert any("\u2801" <= drawn <= "\u28ff" for drawn in text)
        assert "x Stop" not in text
        await pilot.press("l")
        await screen.until(pilot, "log y")
        await pilot.press("b")
        await eventually(pilot, lambda: isinstance(screen.app.screen, LabScreen))
    words = races.words[0]
    assert words[:8] == ["race", "names", "--cells", "lstm,torch-lstm", "--by", "steps", "--steps", "300"]
    assert "train.lr=0.25" in words
    assert races.closed >= 1


async def test_again_another_opponent_and_another_budget(screen, monkeypatch) -> None:
    races = told(monkeypatch, whole())
    async with screen.open() as pilot:
        await enter(screen, pilot)
        await screen.until(pilot, "all steps done")
        await pilot.press("s")
        await eventually(pilot, lambda: len(races.words) == 2)
        assert races.words[0] == races.words[1]
        await pilot.press("o")
        await eventually(pilot, lambda: len(races.words) == 3)
        assert races.words[2][3] == "lstm,bilstm"
        await screen.until(pilot, "names: lstm against bilstm")
        await pilot.press("m")
        await eventually(pilot, lambda: len(races.words) == 4)
        assert races.words[3][4:8] == ["--by", "time", "--seconds", "30"]


async def test_it_is_stopped(screen, monkeypatch) -> None:
    races = told(monkeypatch, whole()[:-3], open_ended=True)
    async with screen.open() as pilot:
        await enter(screen, pilot)
        await screen.until(pilot, "x Stop", "step 40 of 40")
        await pilot.press("x")
        await eventually(pilot, lambda: races.stopped == 1)
        await screen.until(pilot, "The process that raced is gone: race again.")  # it told no end


async def test_what_it_waits_for_is_told(screen, monkeypatch) -> None:
    monkeypatch.setattr(RaceScreen, "WAITING", 0.05)
    told(monkeypatch, [], open_ended=True)
    async with screen.open() as pilot:
        await enter(screen, pilot)
        await screen.until(pilot, "reading the data, building the networks …", "Downloading names [red]: 12 %")


async def test_a_failure_is_one_sentence(screen, monkeypatch) -> None:
    told(monkeypatch, [], "The data are not [red] here.")
    async with screen.open() as pilot:
        await enter(screen, pilot)
        await screen.until(pilot, "The data are not [red] here.")


async def test_lost_parity_and_a_cell_that_leaves(screen, monkeypatch) -> None:
    events = [begun("lstm", "torch-lstm"), turn("lstm", 0, [1.0, 2.0]), turn("torch-lstm", 0, [1.0, None])]
    told(monkeypatch, [*events, Out(cell="torch-lstm", message="The loss of torch-lstm stopped being a number.")])
    async with screen.open() as pilot:
        await enter(screen, pilot)
        await screen.until(
            pilot,
            "Parity is lost at step 2: the loss of one of the two is no number there.",
            "The loss of torch-lstm stopped being a number.",
        )
    lost = [begun("lstm", "torch-lstm"), turn("lstm", 0, [1.0, 2.0]), turn("torch-lstm", 0, [1.0, 2.5])]
    told(monkeypatch, lost)
    async with screen.open() as pilot:
        await enter(screen, pilot)
        await screen.until(pilot, "Parity is lost at step 2: the losses differ by more than 0.0001")


async def test_cells_that_differ_have_no_badge(screen, monkeypatch) -> None:
    told(monkeypatch, [begun("lstm", "gru", twins=False), turn("lstm", 0, [1.0, 2.0])], open_ended=True)
    async with screen.open() as pilot:
        await enter(screen, pilot)
        await screen.until(pilot, "lstm and gru are no twins: each starts from weights of its own, drawn from seed 0.")


async def test_one_pane_at_a_time_where_there_is_no_room(screen, monkeypatch) -> None:
    told(monkeypatch, whole())
    async with screen.open(size=(80, 24)) as pilot:
        await enter(screen, pilot)
        text = await screen.until(pilot, "all steps done", "Parity holds", "v Next view")
        assert "val accuracy" not in text
        await pilot.press("v")
        text = await screen.until(pilot, "val accuracy", "Parity holds")
        assert "smoothing" not in text
        await pilot.resize_terminal(140, 40)
        await screen.until(pilot, "val accuracy", "smoothing 0.9")


async def test_letters_tell_the_curves_apart_without_colour(screen, monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    told(monkeypatch, whole(apart=0.5))
    async with screen.open() as pilot:
        await enter(screen, pilot)
        text = await screen.until(pilot, "all steps done", "Parity is lost")
        drawn = "".join(line.split("│")[2] for line in text.splitlines() if line.count("│") > 3)
        assert drawn.count("A") > 5
        assert drawn.count("B") > 5


async def test_what_cannot_start_does_not_race(screen, monkeypatch) -> None:
    races = told(monkeypatch, whole())
    async with screen.open() as pilot:
        await form_ready(pilot)
        await put(pilot, "train.lr", "nothing")
        await screen.until(pilot, "train.lr cannot be nothing")
        await pilot.press("f8")
        await pilot.pause()
        assert isinstance(screen.app.screen, LabScreen)
        assert races.words == []


async def test_a_read_only_screen_races_nothing(screen, monkeypatch) -> None:
    races = told(monkeypatch, whole())
    async with screen.open(readonly=True) as pilot:
        await form_ready(pilot)
        await pilot.press("r")
        await pilot.pause()
        assert isinstance(screen.app.screen, LabScreen)
        assert races.words == []


async def test_a_cell_without_a_twin_races_against_another(screen, monkeypatch) -> None:
    races = told(monkeypatch, whole(("gru-textbook", "bilstm")))
    async with screen.open() as pilot:
        await form_ready(pilot)
        await choose(pilot, "cells", "gru-textbook")
        await screen.until(pilot, "names with gru-textbook")
        await pilot.press("r")
        await eventually(pilot, lambda: bool(races.words))
        assert races.words[0][3] == "gru-textbook,bilstm"


@pytest.mark.parametrize(("task", "cell", "first"), [("names", "torch-gru", "gru"), ("poems", "lstm", "torch-lstm")])
def test_opponents(task: str, cell: str, first: str) -> None:
    run = spec.make(task, cell)
    found = opponents(run)
    assert found[0] == first
    assert cell not in found
    assert ("bilstm" in found) is (task == "names")
    for other in found:
        spec.check(msgspec.structs.replace(run, cell=other))
