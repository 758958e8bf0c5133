"""The Poem screen: networks, settings, poems that stream."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
from fake_network import FakeNetwork, with_weights
from poem_steps import opened, usual
from rich.cells import cell_len
from textual.widgets import Input, Select
from waiting import eventually, until

from workbench.runs.folder import RunError
from workbench.tui.poem import generations
from workbench.tui.poem.form import GenerationForm
from workbench.tui.poem.generations import PoemList
from workbench.tui.poem.models import ModelFolder


async def closed(network: FakeNetwork, pilot, count: int) -> None:
    await eventually(pilot, lambda: len(network.closed) == count, f"{count} networks are closed")


async def test_without_a_network_that_writes_the_next_action_is_named(
    screen, worker, network, nothing_came_along
) -> None:
    with_weights(worker().start().train(10, 60))  # names do not write
    async with screen.open() as pilot:
        await pilot.press("f10")
        text = await screen.until(pilot, "No network here can write yet", "choose poems", "workbench train poems")
        assert "Write" not in text.splitlines()[-1]
        await pilot.press("f5", "f6", "f7", "ctrl+r", "f8", "w", "a", "x", "r", "y")
        assert network.opened == []


async def test_a_run_that_is_not_evaluated_yet_is_waited_for(screen, worker, network, nothing_came_along) -> None:
    one = worker(task="poems").start()
    async with screen.open() as pilot:
        await pilot.press("4")
        await screen.until(pilot, f"{one.run.id} is running: it can write after its first evaluation")
        with_weights(one.train(10, 60))
        await screen.until(pilot, "beginning", "running")
        await pilot.press("enter")
        await screen.until(pilot, "still in training")


async def test_a_folder_that_cannot_be_read_is_said(screen, writer, network, monkeypatch) -> None:
    def refuse(self: ModelFolder) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ModelFolder, "scan", refuse)
    async with screen.open() as pilot:
        await pilot.press("4")
        await screen.until(pilot, "The runs in", "Permission")  # the folder's path may be broken into lines anywhere


async def test_a_poem_streams_a_character_at_a_time_and_stops_at_any(screen, writer, network) -> None:
    network.hold()
    async with screen.open() as pilot:
        await opened(screen, pilot, *"床前", "enter")
        await screen.until(pilot, "writing …", "F8 Stop")
        assert "F5 Write" not in screen.text
        network.release(1)
        await screen.until(pilot, "床前明")
        network.release(2)
        await screen.until(pilot, "床前明月光")
        await pilot.press(*"x")  # typed: the screen goes on while it is written
        assert pilot.app.focused.value == "床前x"
        await pilot.press("f8")
        await screen.until(pilot, "stopped here", "F5 Write")
        network.release_all()
        await pilot.pause(0.2)
        assert "床前明月光" in screen.text
        assert "疑" not in screen.text


async def test_a_screen_that_is_taken_down_while_a_poem_is_written_breaks_nothing(screen, writer, network) -> None:
    network.hold()
    async with screen.open() as pilot:
        await opened(screen, pilot, *"床前", "enter")
        network.release(1)
        await screen.until(pilot, "床前明")
        await pilot.app.screen.query_one(PoemList).remove()
        network.release_all()
        await pilot.app.workers.wait_for_complete([worker for worker in pilot.app.workers if worker.group == "write"])


async def test_broken_off_just_as_its_sheet_is_made_it_is_said_to_have_stopped(
    screen, writer, network, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = PoemList.begin

    async def late(self: PoemList, *given: Any) -> Any:
        sheet = await begin(self, *given)
        self.screen.action_break_off()
        return sheet

    monkeypatch.setattr(PoemList, "begin", late)
    async with screen.open() as pilot:
        await opened(screen, pilot, *"床前", "enter")
        assert "writing …" not in await screen.until(pilot, "stopped here", "F5 Write", "^g Keep")


async def test_a_sentence_a_line_with_what_was_given_and_all_that_makes_it_again(screen, writer, network) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, *"床前", "enter")
        text = await screen.until(pilot, "床前明月光。", "疑是地上霜。", "seed 1 · temperature 0.8")
        first, second = (next(line for line in text.splitlines() if part in line) for part in ("床前明", "疑是"))
        assert [cell_len(line.partition(part)[0]) for line, part in ((first, "床"), (second, "疑"))] == [65, 65]
        assert text.count(writer.run.id) == 2  # chosen, and under the poem
        assert network.requests == [usual(start="床前")]


async def test_again_takes_the_next_seed_and_the_earlier_poems_stay(screen, writer, network) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, "enter")
        await screen.until(pilot, "seed 1 ·")
        await pilot.press("f6")
        text = await screen.until(pilot, "seed 2 ·")
        assert text.index("seed 2 ·") < text.index("seed 1 ·")
        assert [request.seed for request in network.requests] == [1, 2]
        assert network.opened == [writer.run.id]  # opened once, and kept


async def test_an_earlier_poem_is_marked_and_made_again_with_its_own_settings(screen, writer, network) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, *"月", "enter")
        await screen.until(pilot, "seed 1 ·")
        rows = pilot.app.screen.query_one(GenerationForm).rows
        for name, value in (("temperature", 1.5), ("top_p", 0.9), ("top_k", 40), ("seed", 77)):
            rows[name].put(value)
        await pilot.press("f5")
        await screen.until(pilot, "begins 月 · seed 77 · temperature 1.5 · top-p 0.9 ·", "top-k 40 · rep")
        pilot.app.screen.query_one(PoemList).focus()
        await pilot.press("down", "enter")
        await eventually(pilot, lambda: len(network.requests) == 3)
        assert network.requests[2] == network.requests[0] == usual(start="月")
        assert pilot.app.screen.query_one(GenerationForm).request == network.requests[0]
        await pilot.press("down", "ctrl+r")
        await eventually(pilot, lambda: len(network.requests) == 4)
        assert network.requests[3] == network.requests[1]


async def test_the_marked_poem_is_copied_as_it_reads(screen, writer, network) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, *"月", "enter")
        await screen.until(pilot, "疑是地上霜")
        await pilot.press("f7")
        assert pilot.app.clipboard == "月明月光。\n疑是地上霜。"
        await screen.until(pilot, "The poem is copied")
        network.text = "另"
        await pilot.press("f6")
        await screen.until(pilot, "月另")
        pilot.app.screen.query_one(PoemList).focus()
        await pilot.press("y")
        assert pilot.app.clipboard == "月另"


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (ValueError("The network never saw [red]: begin with other characters."), "never saw [red]: begin"),
        (RunError("best.safetensors is damaged: train it again."), "best.safetensors is damaged"),
    ],
)
async def test_what_cannot_be_written_is_one_sentence_in_place(screen, writer, network, refused, said: str) -> None:
    async with screen.open() as pilot:
        network.refused = refused
        await opened(screen, pilot, *"月", "enter")
        await screen.until(pilot, said)
        assert pilot.app.screen.query_one(PoemList).all == []
        network.refused = None
        await pilot.press("enter")
        text = await screen.until(pilot, "月明月光。")
        assert said not in text


async def test_a_setting_out_of_bounds_is_said_and_nothing_is_asked(screen, writer, network) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot)
        rows = pilot.app.screen.query_one(GenerationForm).rows
        for name, value in (("temperature", "-1"), ("temperature", "nan"), ("top_p", "0"), ("seed", "one")):
            rows[name].put(value)
            await pilot.press("f5")
            await screen.until(pilot, f"{name.replace('_', '-')} cannot be {value}")
            rows[name].put(1)
            await pilot.pause()
        assert network.opened == []
        await pilot.press("f5")
        await screen.until(pilot, "疑是")


async def test_another_network_is_opened_and_the_first_one_closed(screen, writer, worker, network) -> None:
    older = with_weights(worker(cell="gru", task="poems").start().train(10, 60).stop(60))
    os.utime(older.run.spec_file, (time.time() - 7200,) * 2)
    async with screen.open() as pilot:
        await opened(screen, pilot, "enter")
        await screen.until(pilot, "seed 1 ·", "finished")
        pilot.app.screen.query_one(Select).value = str(older.run.path)
        await screen.until(pilot, "stopped", "2 h")
        await pilot.press("f5")
        await screen.until(pilot, f"││  {older.run.id}")
        await closed(network, pilot, 1)
        assert network.opened == [writer.run.id, older.run.id]
        pilot.app.screen.query_one(PoemList).focus()
        await pilot.press("down", "r")  # the first poem again: by the network that wrote it
        await closed(network, pilot, 2)
        assert network.opened[2] == writer.run.id


async def test_better_weights_are_opened_anew(screen, worker, network) -> None:
    one = with_weights(worker(task="poems").start().train(10, 60))
    async with screen.open() as pilot:
        await opened(screen, pilot, "enter")
        await screen.until(pilot, "seed 1 ·")
        one.run.best_file.unlink()
        one.run.best_file.write_bytes(b"better")
        await pilot.press("enter")
        await closed(network, pilot, 1)
        assert network.opened == [one.run.id] * 2


async def test_leaving_stops_and_closes_and_help_does_neither(screen, writer, network) -> None:
    network.hold()
    async with screen.open() as pilot:
        await opened(screen, pilot, *"月", "enter")
        network.release(1)
        await screen.until(pilot, "月明")
        await pilot.press("f1")
        network.release(1)
        await pilot.pause(0.1)
        await pilot.press("escape")
        await screen.until(pilot, "月明月")
        assert network.closed == []
        await pilot.press("f2")
        network.release_all()
        await closed(network, pilot, 1)
        await pilot.press("4")
        await screen.until(pilot, "月明月", "stopped here")
        await pilot.press("enter")
        await screen.until(pilot, "seed 1 ·", "霜")
        assert network.opened == [writer.run.id] * 2
    assert network.closed[1:] == [writer.run.id]


async def test_quitting_while_it_writes_leaves_no_child(screen, writer, network) -> None:
    network.hold()
    async with screen.open() as pilot:
        await opened(screen, pilot, *"月", "enter")
        network.release(1)
        await screen.until(pilot, "月明")
        await pilot.press("ctrl+q")
    network.release_all()
    until(lambda: network.closed == [writer.run.id], "the network is closed")


async def test_text_from_a_network_is_neither_markup_nor_obeyed(screen, writer, network) -> None:
    network.text = "[red]明\x1b[2J\n月[/red]"
    async with screen.open() as pilot:
        await opened(screen, pilot, "enter")
        await screen.until(pilot, "[red]明�[2J", "月[/red]")


async def test_the_oldest_poems_go(screen, writer, network, monkeypatch) -> None:
    monkeypatch.setattr(generations, "KEPT", 2)
    async with screen.open() as pilot:
        await opened(screen, pilot, "enter")
        for seed in (1, 2, 3):
            await screen.until(pilot, f"seed {seed} ·")
            await pilot.press("f6")
        await screen.until(pilot, "seed 4 ·")
        assert [poem.record.request.seed for poem in pilot.app.screen.query_one(PoemList).all] == [4, 3]


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20), (40, 15)])
async def test_settings_and_a_poem_are_seen_in_every_size(screen, writer, network, size) -> None:
    async with screen.open(size=size) as pilot:
        await opened(screen, pilot, *"月", "enter")
        await screen.until(pilot, writer.run.id, "beginning", "form", "月明月光。", "疑是地上霜。")
        assert isinstance(pilot.app.focused, Input)
