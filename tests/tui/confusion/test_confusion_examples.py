"""The examples in a cell of the confusion matrix: what is asked of the child, and what it is told."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from confusion_screen import Child, fill, three
from textual.widgets import Static
from waiting import until

from workbench.inference import session
from workbench.inference.protocol import Example
from workbench.tui.confusion.examples import ExamplesPane, examples_text
from workbench.tui.confusion.screen import ConfusionScreen


@pytest.fixture(autouse=True)
def child(monkeypatch: pytest.MonkeyPatch) -> type[Child]:
    class Fresh(Child):
        made: list[Child] = []  # noqa: RUF012
        refuses = ""
        waits = threading.Event()

    Fresh.waits.set()
    monkeypatch.setattr(session, "Client", Fresh)
    monkeypatch.setattr(ConfusionScreen, "EVERY", 0.03)
    monkeypatch.setattr(ExamplesPane, "EVERY", 0.03)
    return Fresh


def listed(screen: Any) -> str:
    """What stands above the list, however its lines are broken."""
    return str(screen.app.screen.query_one("#listed", Static).content)


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_enter_lists_a_cells_examples_and_b_closes_the_list(screen, worker, child, size) -> None:
    one = three(worker)
    child.waits.clear()
    async with screen.open(one.run, size) as pilot:
        await fill(screen, pilot)
        await pilot.press("right", "enter")
        await screen.until(pilot, "Arabic taken for Chinese", "Asking: 3 of 9 Arabic")
        child.waits.set()
        text = await screen.until(pilot, "Chou", "31 %", "54 %", "[red]明�[2J月", "<1 %", "99 %")
        assert "\x1b" not in text
        assert listed(screen) == (
            "Arabic taken for Chinese: 7 of the validation rows, 2 of them listed, surest mistakes first\n"
            "By the best weights (step 60)."
        )
        assert ("true Arabic" in text) is (size[0] == 120)  # the matrix stays beside the list where there is room
        await pilot.press("b")
        await screen.until(pilot, "true Arabic taken for Chinese: 1 of 12, 8 %")
        await pilot.press("left", "enter")
        await screen.until(pilot, "Arabic named rightly", "Chou")
        assert "least sure first" in listed(screen)
        [asked] = child.made
        assert [(one.split, one.true, one.guess) for one in asked.asked] == [
            ("val", "Arabic", "Chinese"),
            ("val", "Arabic", "Arabic"),
        ]
        await pilot.press("b", "b")
        await screen.until(pilot, "Next view")
        until(lambda: asked.closed)


async def test_a_finished_run_is_asked_for_test_rows_and_another_matrix_is_said_to_be_another(
    screen, worker, child
) -> None:
    one = three(worker).finish(60)
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot, "test, with the best weights (step 60, by accuracy)")
        await pilot.press("enter")
        await screen.until(pilot, "Chou")
        assert "7 of the test rows" in listed(screen)
        assert "another" not in listed(screen)
        await pilot.press("b", "left_square_bracket", "left_square_bracket", "enter")
        until(lambda: len(child.made[0].asked) == 2)
        assert "(step 60): the matrix is of another evaluation" in listed(screen)
        assert [asked.split for asked in child.made[0].asked] == ["test", "test"]


async def test_a_newer_question_overtakes_and_closing_the_list_gives_up(screen, worker, child) -> None:
    one = three(worker)
    child.waits.clear()
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot)
        await pilot.press("enter")
        await screen.until(pilot, "Asking: 3 of 9")
        await pilot.press("b", "right", "enter")
        await screen.until(pilot, "Arabic taken for Chinese")
        until(lambda: len(child.made[0].asked) == 2)
        assert len(child.made) == 1
        await pilot.press("b")
        until(lambda: child.made[0].given_up)
        await pilot.press("b")
        until(lambda: child.made[0].closed)


async def test_newer_weights_are_read_by_a_fresh_child(screen, worker, child) -> None:
    one = three(worker)
    one.run.best_file.write_bytes(b"old")
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot)
        await pilot.press("enter")
        await screen.until(pilot, "Chou")
        one.run.best_file.rename(one.run.best_file.with_suffix(".gone"))
        one.run.best_file.write_bytes(b"newer")
        await pilot.press("enter")
        until(lambda: len(child.made) == 2)
        assert child.made[0].closed


async def test_a_run_that_cannot_be_asked_says_why_and_can_be_asked_again(screen, worker, child) -> None:
    one = three(worker)
    child.refuses = "best.safetensors [red] is missing: the run has no weights to answer with yet."
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot)
        await pilot.press("enter")
        text = await screen.until(pilot, "is missing")
        assert "best.safetensors [red] is missing: the run has no weights" in " ".join(text.replace("│", " ").split())
        child.refuses = ""
        await pilot.press("enter")
        await screen.until(pilot, "Chou")


def test_long_texts_stand_below_their_probabilities() -> None:
    text = "很好的东东,很好的卖家,已经拍过几个了一如既往的好"
    lines = examples_text(
        [Example(text=text, true=0.07, guess=0.36), Example(text=" ", true=0, guess=1)], "热水器", "水果"
    )
    assert lines.plain.split("\n") == ["热水器 7 %  水果 36 %", text, "", "热水器 0 %  水果 100 %", "(empty)"]
