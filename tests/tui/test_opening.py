"""Screens that are left or replaced while they open, at any moment of their opening."""

from __future__ import annotations

import asyncio

import pytest
from waiting import eventually

TURNS = [0, 1, 3, 9, 21, 36]  # of the event loop, after which something else happens


@pytest.mark.parametrize("turns", TURNS)
async def test_leaving_while_a_run_opens_is_no_defect(screen, worker, turns: int) -> None:
    one = worker().start().train(10, 200).finish()
    async with screen.open() as pilot:
        await screen.until(pilot, "names")
        pilot.app.open_run(one.run)
        for _ in range(turns):
            await asyncio.sleep(0)


@pytest.mark.parametrize("turns", TURNS)
async def test_of_two_runs_that_are_opened_at_once_the_second_is_shown(screen, worker, turns: int) -> None:
    one, other = (worker().start().train(10, 200).finish() for _ in range(2))
    async with screen.open() as pilot:
        await screen.until(pilot, "names")
        pilot.app.open_run(one.run)
        for _ in range(turns):
            await asyncio.sleep(0)
        pilot.app.open_run(other.run)
        await eventually(pilot, lambda: getattr(pilot.app.screen, "run", None) is other.run)
        await screen.until(pilot, "lstm", "finished")
        assert len(pilot.app.screen_stack) == 2  # Textual's own, and the run's


@pytest.mark.parametrize("key", ["1", "2"])
async def test_another_screen_s_key_while_a_run_opens_shows_that_screen(screen, worker, key: str) -> None:
    one = worker().start().train(10, 200).finish()
    async with screen.open() as pilot:
        await screen.until(pilot, "names")
        pilot.app.open_run(one.run)
        await asyncio.sleep(0)
        await pilot.press("3", key)
        await eventually(pilot, lambda: screen.app.place == {"1": "lab", "2": "runs"}[key])
