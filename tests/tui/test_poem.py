"""The Poem screen: networks, settings, poems that stream."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
from fake_pen import Ink, able
from poem_steps import opened, usual
from rich.cells import cell_len
from textual.widgets import Input, Select

from workbench.runs.store import RunError
from workbench.tui.poem import sheets as poems
from workbench.tui.poem.generation_form import WritingForm
from workbench.tui.poem.models import Writers
from workbench.tui.poem.sheets import Poems


async def closed(ink: Ink, pilot, count: int) -> None:
    for _ in range(100):
        if len(ink.closed) == count:
            return
        await pilot.pause(0.02)
    raise AssertionError(ink.closed)


async def test_without_a_network_that_writes_the_next_action_is_named(screen, worker, ink, nothing_came_along) -> None:
    able(worker().start().train(10, 60))  # names do not write
    async with screen.open() as pilot:
        await pilot.press("f10")
        text = await screen.until(pilot, "No network here can write yet", "choose poems", "workbench train poems")
        assert "Write" not in text.splitlines()[-1]
        await pilot.press("f5", "f6", "f7", "ctrl+r", "f8", "w", "a", "x", "r", "y")
        assert ink.opened == []


async def test_a_run_that_is_not_evaluated_yet_is_waited_for(screen, worker, ink, nothing_came_along) -> None:
    one = worker(task="poems").start()
    async with screen.open() as pilot:
        await pilot.press("4")
        await screen.until(pilot, f"{one.run.id} is running: it can write after its first evaluation")
        able(one.train(10, 60))
        await screen.until(pilot, "beginning", "running")
        await pilot.press("enter")
        await screen.until(pilot, "still in training")


async def test_a_folder_that_cannot_be_read_is_said(screen, writer, ink, monkeypatch) -> None:
    def refuse(self: Writers) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Writers, "look", refuse)
    async with screen.open() as pilot:
        await pilot.press("4")
        await screen.until(pilot, f"The runs in {screen.app.session.runs_folder}"[:60], "cannot be read: Permission")


async def test_a_poem_streams_a_character_at_a_time_and_stops_at_any(screen, writer, ink) -> None:
    ink.dam()
    async with screen.open() as pilot:
        await opened(screen, pilot, *"床前", "enter")
        await screen.until(pilot, "writing …", "F8 Stop")
        assert "F5 Write" not in screen.text
        ink.drop(1)
        await screen.until(pilot, "床前明")
        ink.drop(2)
        await screen.until(pilot, "床前明月光")
        await pilot.press(*"x")  # typed: the screen goes on while it is written
        assert pilot.app.focused.value == "床前x"
        await pilot.press("f8")
        await screen.until(pilot, "stopped here", "F5 Write")
        ink.flow()
        await pilot.pause(0.2)
        assert "床前明月光" in screen.text
        assert "疑" not in screen.text


async def test_broken_off_just_as_its_sheet_is_made_it_is_said_to_have_stopped(
    screen, writer, ink, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Poems.begin

    async def late(self: Poems, *given: Any) -> Any:
        sheet = await begin(self, *given)
        self.screen.action_break_off()
        return sheet

    monkeypatch.setattr(Poems, "begin", late)
    async with screen.open() as pilot:
        await opened(screen, pilot, *"床前", "enter")
        assert "writing …" not in await screen.until(pilot, "stopped here", "F5 Write", "^g Keep")


async def test_a_sentence_a_line_with_what_was_given_and_all_that_makes_it_again(screen, writer, ink) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, *"床前", "enter")
        text = await screen.until(pilot, "床前明月光。", "疑是地上霜。", "seed 1 · temperature 0.8")
        first, second = (next(line for line in text.splitlines() if part in line) for part in ("床前明", "疑是"))
        assert [cell_len(line.partition(part)[0]) for line, part in ((first, "床"), (second, "疑"))] == [65, 65]
        assert text.count(writer.run.id) == 2  # chosen, and under the poem
        assert ink.asked == [usual(start="床前")]


async def test_again_takes_the_next_seed_and_the_earlier_poems_stay(screen, writer, ink) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, "enter")
        await screen.until(pilot, "seed 1 ·")
        await pilot.press("f6")
        text = await screen.until(pilot, "seed 2 ·")
        assert text.index("seed 2 ·") < text.index("seed 1 ·")
        assert [asked.seed for asked in ink.asked] == [1, 2]
        assert ink.opened == [writer.run.id]  # opened once, and kept


async def test_an_earlier_poem_is_marked_and_made_again_with_its_own_settings(screen, writer, ink) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, *"月", "enter")
        await screen.until(pilot, "seed 1 ·")
        rows = pilot.app.screen.query_one(WritingForm).rows
        for name, value in (("temperature", 1.5), ("top_p", 0.9), ("top_k", 40), ("seed", 77)):
            rows[name].put(value)
        await pilot.press("f5")
        await screen.until(pilot, "begins 月 · seed 77 · temperature 1.5 · top-p 0.9 ·", "top-k 40 · rep")
        pilot.app.screen.query_one(Poems).focus()
        await pilot.press("down", "enter")
        await pilot.pause(0.1)
        assert ink.asked[2] == ink.asked[0] == usual(start="月")
        assert pilot.app.screen.query_one(WritingForm).asked == ink.asked[0]
        await pilot.press("down", "ctrl+r")
        await pilot.pause(0.1)
        assert ink.asked[3] == ink.asked[1]


async def test_the_marked_poem_is_copied_as_it_reads(screen, writer, ink) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, *"月", "enter")
        await screen.until(pilot, "疑是地上霜")
        await pilot.press("f7")
        assert pilot.app.clipboard == "月明月光。\n疑是地上霜。"
        await screen.until(pilot, "The poem is copied")
        ink.text = "另"
        await pilot.press("f6")
        await screen.until(pilot, "月另")
        pilot.app.screen.query_one(Poems).focus()
        await pilot.press("y")
        assert pilot.app.clipboard == "月另"


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (ValueError("The network never saw [red]: begin with other characters."), "never saw [red]: begin"),
        (RunError("best.safetensors is damaged: train it again."), "best.safetensors is damaged"),
    ],
)
async def test_what_cannot_be_written_is_one_sentence_in_place(screen, writer, ink, refused, said: str) -> None:
    async with screen.open() as pilot:
        ink.refused = refused
        await opened(screen, pilot, *"月", "enter")
        await screen.until(pilot, said)
        assert pilot.app.screen.query_one(Poems).all == []
        ink.refused = None
        await pilot.press("enter")
        text = await screen.until(pilot, "月明月光。")
        assert said not in text


async def test_a_setting_out_of_bounds_is_said_and_nothing_is_asked(screen, writer, ink) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot)
        rows = pilot.app.screen.query_one(WritingForm).rows
        for name, value in (("temperature", "-1"), ("temperature", "nan"), ("top_p", "0"), ("seed", "one")):
            rows[name].put(value)
            await pilot.press("f5")
            await screen.until(pilot, f"{name.replace('_', '-')} cannot be {value}")
            rows[name].put(1)
            await pilot.pause()
        assert ink.opened == []
        await pilot.press("f5")
        await screen.until(pilot, "疑是")


async def test_another_network_is_opened_and_the_first_one_closed(screen, writer, worker, ink) -> None:
    older = able(worker(cell="gru", task="poems").start().train(10, 60).stop(60))
    os.utime(older.run.spec_file, (time.time() - 7200,) * 2)
    async with screen.open() as pilot:
        await opened(screen, pilot, "enter")
        await screen.until(pilot, "seed 1 ·", "finished")
        pilot.app.screen.query_one(Select).value = str(older.run.path)
        await screen.until(pilot, "stopped", "2 h")
        await pilot.press("f5")
        await screen.until(pilot, f"││  {older.run.id}")
        await closed(ink, pilot, 1)
        assert ink.opened == [writer.run.id, older.run.id]
        pilot.app.screen.query_one(Poems).focus()
        await pilot.press("down", "r")  # the first poem again: by the network that wrote it
        await closed(ink, pilot, 2)
        assert ink.opened[2] == writer.run.id


async def test_better_weights_are_opened_anew(screen, worker, ink) -> None:
    one = able(worker(task="poems").start().train(10, 60))
    async with screen.open() as pilot:
        await opened(screen, pilot, "enter")
        await screen.until(pilot, "seed 1 ·")
        one.run.best_file.unlink()
        one.run.best_file.write_bytes(b"better")
        await pilot.press("enter")
        await closed(ink, pilot, 1)
        assert ink.opened == [one.run.id] * 2


async def test_leaving_stops_and_closes_and_help_does_neither(screen, writer, ink) -> None:
    ink.dam()
    async with screen.open() as pilot:
        await opened(screen, pilot, *"月", "enter")
        ink.drop(1)
        await screen.until(pilot, "月明")
        await pilot.press("f1")
        ink.drop(1)
        await pilot.pause(0.1)
        await pilot.press("escape")
        await screen.until(pilot, "月明月")
        assert ink.closed == []
        await pilot.press("f2")
        ink.flow()
        await closed(ink, pilot, 1)
        await pilot.press("4")
        await screen.until(pilot, "月明月", "stopped here")
        await pilot.press("enter")
        await screen.until(pilot, "seed 1 ·", "霜")
        assert ink.opened == [writer.run.id] * 2
    assert ink.closed[1:] == [writer.run.id]


async def test_quitting_while_it_writes_leaves_no_child(screen, writer, ink) -> None:
    ink.dam()
    async with screen.open() as pilot:
        await opened(screen, pilot, *"月", "enter")
        ink.drop(1)
        await screen.until(pilot, "月明")
        await pilot.press("ctrl+q")
    ink.flow()
    end = time.monotonic() + 10
    while ink.closed != [writer.run.id]:
        assert time.monotonic() < end, ink.closed
        time.sleep(0.01)


async def test_text_from_a_network_is_neither_markup_nor_obeyed(screen, writer, ink) -> None:
    ink.text = "[red]明\x1b[2J\n月[/red]"
    async with screen.open() as pilot:
        await opened(screen, pilot, "enter")
        await screen.until(pilot, "[red]明�[2J", "月[/red]")


async def test_the_oldest_poems_go(screen, writer, ink, monkeypatch) -> None:
    monkeypatch.setattr(poems, "KEPT", 2)
    async with screen.open() as pilot:
        await opened(screen, pilot, "enter")
        for seed in (1, 2, 3):
            await screen.until(pilot, f"seed {seed} ·")
            await pilot.press("f6")
        await screen.until(pilot, "seed 4 ·")
        assert [poem.recipe.asked.seed for poem in pilot.app.screen.query_one(Poems).all] == [4, 3]


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20), (40, 15)])
async def test_settings_and_a_poem_are_seen_in_every_size(screen, writer, ink, size) -> None:
    async with screen.open(size=size) as pilot:
        await opened(screen, pilot, *"月", "enter")
        await screen.until(pilot, writer.run.id, "beginning", "form", "月明月光。", "疑是地上霜。")
        assert isinstance(pilot.app.focused, Input)
