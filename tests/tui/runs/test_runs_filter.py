"""The list's filter and order."""

from __future__ import annotations

import pytest
from textual.widgets import Input
from waiting import eventually

from workbench.tui.runs.run_table import columns
from workbench.tui.runs.screen import RunsScreen
from workbench.tui.widgets.listing import Listing

pytestmark = pytest.mark.usefixtures("bare_lab")


async def type_in(pilot, text: str) -> None:
    for letter in text:
        await pilot.press(
            *{">": ["greater_than_sign"], ":": ["colon"], " ": ["space"], "-": ["minus"]}.get(letter, letter)
        )


async def test_a_filter_lists_some_runs_and_stays_above_them(screen, worker) -> None:
    one, two = worker().start().train(10, 60), worker("gru").start().train(10, 100).stop(100)
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, one.run.id, two.run.id, "2 runs · newest first")
        await pilot.press("slash")
        await screen.until(pilot, "task:names acc>0.8")  # an example, as long as nothing is typed
        await type_in(pilot, "cell:gr")
        await screen.until(pilot, "1 of 2 runs")
        assert one.run.id not in screen.text
        await pilot.press("enter")
        assert isinstance(screen.app.screen.focused, Listing)
        await screen.until(pilot, "filter", "cell:gr", "Esc All")
        await pilot.press("escape")
        await screen.until(pilot, one.run.id, two.run.id, "2 runs")
        assert "filter" not in screen.text


async def test_a_wrong_condition_is_answered_while_the_list_stays(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, one.run.id)
        await pilot.press("ctrl+l")
        await type_in(pilot, "acc>x")
        await screen.until(pilot, "'x' is no number: write a condition such as acc>0.8.", one.run.id)
        await pilot.press("backspace")
        await type_in(pilot, "0.9")
        await screen.until(pilot, "No run matches the filter (1 in all).", "Esc empties it")
        assert "is no number" not in screen.text
        await pilot.press("escape")
        await screen.until(pilot, one.run.id)


async def test_a_filter_goes_on_choosing_as_runs_change(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, one.run.id)
        await pilot.press("slash")
        await type_in(pilot, "-status:running step>50")
        await screen.until(pilot, "No run matches the filter")
        one.stop(60)
        await screen.until(pilot, one.run.id, "stopped")


async def test_an_empty_filter_line_goes_away(screen, worker) -> None:
    worker().start()
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "1 run ")
        await pilot.press("slash")
        assert isinstance(screen.app.screen.focused, Input)
        await pilot.press("down")
        await eventually(pilot, lambda: isinstance(screen.app.screen.focused, Listing))
        assert "filter" not in screen.text


async def test_the_twins_work_while_one_types(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, one.run.id)
        await pilot.press("slash")
        await type_in(pilot, "m")  # a letter, not a mark
        await pilot.press("ctrl+t", "ctrl+o", "ctrl+r")
        await screen.until(pilot, "1 marked", "run from z to a")
        assert screen.app.screen.query_one(Input).value == "m"
        await pilot.press("ctrl+g")
        await screen.until(pilot, "F6 Open")
        assert "marked" not in screen.text


async def test_every_order_is_said_in_words_and_by_an_arrow(screen, worker) -> None:
    low, high = worker().start().train(10, 60), worker("gru").start().train(10, 200).finish()
    async with screen.open(size=(140, 36)) as pilot:
        await pilot.press("2")
        await screen.until(pilot, low.run.id, high.run.id)
        for _ in columns(()):
            await pilot.press("s")
            page = screen.app.screen
            assert isinstance(page, RunsScreen)
            column = page._column
            text = await screen.until(pilot, column.order_words[0])
            assert f"{column.name} {'↓' if column.descending else '↑'}" in text
        await pilot.press("s", "s")
        await pilot.press("s", "s", "s", "s", "s", "s", "S")
        await screen.until(pilot, "worst of each task first", "best ↑")
        assert screen.text.index(low.run.id) < screen.text.index(high.run.id)
        await pilot.press("S")
        await screen.until(pilot, "best of each task first", "best ↓")
        assert screen.text.index(high.run.id) < screen.text.index(low.run.id)
