"""A screen that only shows: nothing on it starts, stops or downloads."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner
from waiting import eventually

from workbench.cli.app import app as program
from workbench.runs import launch
from workbench.runs.run import Run
from workbench.tui.help.palette import entries
from workbench.tui.keys import ACTIONS


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    found: list[Run] = []
    monkeypatch.setattr(launch, "start", found.append)
    return found


def stays_off(app) -> None:
    """No action that acts can be done on any screen that was shown, nor is it offered."""
    for action in ACTIONS:
        if action.acts and action.place in app.pages:
            assert app.pages[action.place].check_action(action.name, ()) is None
            offered = [command.help for command in entries(app, app.screen)]
            assert action.help not in offered


async def test_a_run_that_trains_is_not_stopped_and_leaving_asks_nothing(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run, readonly=True) as pilot:
        footer = (await screen.until(pilot, "running")).splitlines()[-1]
        assert footer.startswith(" read only ")
        assert "Stop" not in footer
        assert "Next view" in footer
        await pilot.press("x", "f8")
        stays_off(screen.app)
        await pilot.press("2")
        await screen.until(pilot, "o Open", "read only")
        await pilot.press("x", "f8")
        stays_off(screen.app)
        assert screen.app.screen.place == "runs"  # no question stands over it
        await pilot.press("q")
        await pilot.pause()
        assert screen.app._exit
    assert not one.run.stop_file.exists()


async def test_a_run_that_stopped_is_not_resumed(screen, worker, started) -> None:
    one = worker().start().train(10, 60).stop(60)
    async with screen.open(one.run, readonly=True) as pilot:
        await screen.until(pilot, "stopped")
        await pilot.press("r", "f5")
        await pilot.press("2")
        await screen.until(pilot, "o Open")
        await pilot.press("r", "f5")
        await pilot.pause(0.1)
        stays_off(screen.app)
    assert started == []


async def test_no_run_is_started_by_key_or_button(screen, started, folder) -> None:
    async with screen.open(readonly=True) as pilot:
        await screen.until(pilot, "read only")
        await pilot.press("s", "f5")
        await pilot.click("#start")
        await pilot.pause(0.2)
        stays_off(screen.app)
    assert started == []
    assert not folder.exists()


async def test_the_button_starts_where_one_may(screen, started, folder) -> None:
    async with screen.open() as pilot:
        await screen.until(pilot, "s Start")
        assert "read only" not in screen.text
        await eventually(pilot, lambda: screen.app.screen.query_one("#start").region)
        await pilot.click("#start")
        await screen.until(pilot, "names with lstm", "lost")  # no worker was started
    assert len(started) == 1


@pytest.mark.parametrize("words", [("--readonly", "watch"), ("watch", "--readonly")])
def test_a_run_that_is_watched_read_only_is_so_wherever_the_flag_stands(words, worker, folder, monkeypatch) -> None:
    one, opened = worker().start().train(10, 60), []
    monkeypatch.setattr("workbench.cli.runs.on_terminal", lambda: True)
    monkeypatch.setattr("workbench.tui.open_screen", lambda *_, readonly: opened.append(readonly) or 0)
    CliRunner().invoke(program, [*words, str(one.run.path)], catch_exceptions=False)
    assert opened == [True]
