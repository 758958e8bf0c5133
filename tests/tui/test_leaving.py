"""Leaving, help, palette and keys."""

from __future__ import annotations

from textual.widgets import Input

from workbench.tui.bindings import ACTIONS, spoken
from workbench.tui.screens.ask import Ask
from workbench.tui.screens.help import Help


async def test_without_a_live_run_q_leaves_at_once(screen) -> None:
    async with screen.open() as pilot:
        await pilot.press("q")
        await pilot.pause()
        assert screen.app._exit


async def test_ctrl_q_leaves_from_a_text_field(screen) -> None:
    async with screen.open() as pilot:
        await pilot.pause(0.1)
        screen.app.screen.query(Input).first().focus()
        await pilot.press("q")
        assert not screen.app._exit
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert screen.app._exit


async def test_detach_is_the_default_and_changes_nothing(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        await pilot.press("q")
        await screen.until(
            pilot, "You are leaving", "Detach", "Stop and keep a checkpoint", "Cancel", "goes on without"
        )
        await pilot.press("enter")
        await pilot.pause()
        assert screen.app._exit
        assert not one.run.stop_file.exists()
        assert f"workbench watch {one.run.id}" in str(screen.app._exit_renderables[0])


async def test_stop_and_keep_asks_the_worker_to_end(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        await pilot.press("q", "down", "enter")
        await pilot.pause()
        assert screen.app._exit
        assert one.run.stop_file.exists()


async def test_cancel_stays(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        for key in ("c", "escape"):
            await pilot.press("ctrl+q")
            assert isinstance(screen.app.screen, Ask)
            await pilot.press(key)
            await pilot.pause()
            assert not isinstance(screen.app.screen, Ask)
        assert not screen.app._exit
        assert not one.run.stop_file.exists()


async def test_a_run_that_ended_is_not_asked_about(screen, worker) -> None:
    one = worker().start().train(10, 200).finish()
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "finished")
        await pilot.press("q")
        await pilot.pause()
        assert screen.app._exit


async def test_help_shows_every_key_and_its_twin(screen) -> None:
    async with screen.open(size=(120, 100)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(screen.app.screen, Help)
        text = screen.text
        for action in ACTIONS:
            assert action.help[:30] in text
            assert spoken(action.twin) in text
        await pilot.press("escape")
        assert not isinstance(screen.app.screen, Help)


async def test_the_palette_offers_what_can_be_done(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        offered = {command.title for command in screen.app.get_system_commands(screen.app.screen)}
        assert {"Stop", "Next view", "Lab", "Runs", "Help", "Quit"} <= offered
        assert "Resume" not in offered
        await pilot.press("ctrl+p")
        await screen.until(pilot, "Next view")


async def test_the_footer_shows_the_twins_while_one_types(screen) -> None:
    async with screen.open() as pilot:
        await screen.until(pilot, "s Start", "q Quit")
        screen.app.screen.query(Input).first().focus()
        await screen.until(pilot, "F5 Start", "^q Quit")


async def test_light_and_dark_and_no_colour(screen, worker, monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running", "Portuguese")
        await pilot.press("t")
        assert not screen.app.current_theme.dark
        await screen.until(pilot, "running", "Portuguese")
        await pilot.press("f9")
        assert screen.app.current_theme.dark


def test_no_key_means_two_things_in_one_place() -> None:
    for place in ("lab", "run", "runs"):
        keys = [key for a in ACTIONS if a.place in (place, "everywhere") for key in (a.key, a.twin) if key]
        assert len(keys) == len(set(keys))
