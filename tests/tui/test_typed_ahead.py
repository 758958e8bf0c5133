"""Letters typed ahead, and keys that come where nothing is open."""

from __future__ import annotations

from textual.events import Key
from waiting import eventually

from workbench.tui.widgets.dialogs import QuestionDialog


def at_once(app, keys: str) -> None:
    """Keys that come in one go, as over a slow line."""
    for key in keys:
        app.post_message(Key(key, key))


async def test_letters_typed_ahead_answer_a_question_once(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        at_once(pilot.app, "qccc")
        await eventually(pilot, lambda: not isinstance(pilot.app.screen, QuestionDialog))
        await pilot.pause(0.2)
        assert len(pilot.app.screen_stack) == 2
        assert pilot.app.place == "run"
        assert pilot.app.return_code is None
        assert "names with lstm" in screen.text
    assert not one.run.stop_file.exists()


async def test_a_dialog_that_was_answered_answers_no_more(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        await pilot.press("q")
        dialog = pilot.app.screen
        assert isinstance(dialog, QuestionDialog)
        for _ in range(3):
            dialog.dismiss("cancel")
        await pilot.pause()
        dialog.dismiss("stop")
        await pilot.pause()
        assert pilot.app.place == "run"
        assert len(pilot.app.screen_stack) == 2
    assert not one.run.stop_file.exists()


async def test_help_is_closed_once(screen) -> None:
    async with screen.open() as pilot:
        await screen.until(pilot, "names with lstm")
        await pilot.press("question_mark")
        dialog = pilot.app.screen
        for _ in range(3):
            dialog.dismiss()
        await pilot.pause()
        assert len(pilot.app.screen_stack) == 2


async def test_the_key_of_the_run_finds_the_one_that_trains_here(screen, worker) -> None:
    worker().start().train(10, 200).finish()
    live = worker().start().train(10, 60)
    async with screen.open() as pilot:
        await screen.until(pilot, "names with lstm")
        await pilot.press("3")
        await screen.until(pilot, "running", "30%")
        assert pilot.app.screen.run.path == live.run.path


async def test_without_one_it_says_how_to_open_a_run(screen, worker) -> None:
    worker().start().train(10, 200).finish()
    async with screen.open() as pilot:
        await screen.until(pilot, "names with lstm")
        await pilot.press("3")
        await screen.until(pilot, "No run is open yet")
