"""Leaving, and the themes."""

from __future__ import annotations

from workbench.tui.widgets.dialogs import QuestionDialog


async def test_without_a_live_run_q_leaves_at_once(screen) -> None:
    async with screen.open() as pilot:
        await pilot.press("q")
        await pilot.pause()
        assert screen.app._exit


async def test_ctrl_q_leaves_from_a_text_field(screen) -> None:
    async with screen.open() as pilot:
        await screen.until(pilot, "names with lstm")
        await pilot.press("slash", "q")
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
            assert isinstance(screen.app.screen, QuestionDialog)
            await pilot.press(key)
            await pilot.pause()
            assert not isinstance(screen.app.screen, QuestionDialog)
        assert not screen.app._exit
        assert not one.run.stop_file.exists()


async def test_a_run_that_ended_is_not_asked_about(screen, worker) -> None:
    one = worker().start().train(10, 200).finish()
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "finished")
        await pilot.press("q")
        await pilot.pause()
        assert screen.app._exit


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
