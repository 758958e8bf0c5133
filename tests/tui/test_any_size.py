"""Any terminal's size: every screen reflows, nothing sticks out, and no size or change of size ends it."""

from __future__ import annotations

import random

import pytest
from fake_studies import begun, planned
from textual.events import Resize
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import OptionList
from waiting import eventually

from workbench.tui.run.screen import RunScreen
from workbench.tui.widgets.dialogs import QuestionDialog

SIZES = [(120, 36), (80, 24), (60, 20), (40, 15)]
# what leads to each screen and dialog from the one before, and a word that must stand on it at every size
WAYS = [
    ("", "running"),
    ("x", "Stop"),
    ("escape", "running"),
    ("2", "finished"),
    ("5", "finished"),
    ("1", "Lab"),
    ("question_mark", "Keys"),
]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_nothing_sticks_out_at_any_of_the_sizes(screen, worker, folder, size: tuple[int, int]) -> None:
    worker("gru").start().train(10, 200).finish()
    one = worker().start().train(10, 60)
    begun(planned(folder), 1).start().train(10, 200).finish()
    async with screen.open(one.run, size) as pilot:
        await screen.until(pilot, "running")
        for key, word in WAYS:
            if key:
                await pilot.press(key)
            await screen.until(pilot, word)
            await eventually(pilot, lambda: not _sticking_out(screen.app.screen), f"nothing sticks out after {key!r}")


def _sticking_out(page) -> list[str]:
    """Widgets that are wider than the screen, where nothing could be scrolled to see the rest."""
    found = []
    for widget in page.query(Widget):
        home = widget.parent
        scrolls = isinstance(home, Widget) and home.allow_horizontal_scroll
        if widget.display and widget.region and not scrolls and widget.region.right > page.size.width:
            found.append(f"{widget!r} ends at {widget.region.right}")
    return found


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_every_answer_is_in_sight_and_the_marked_one_is_explained(screen, worker, size) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run, size) as pilot:
        await screen.until(pilot, "running")
        await pilot.press("q")
        await screen.until(pilot, "Detach", "Stop and keep", "Cancel", "without this")
        await pilot.press("down", "down")
        await screen.until(pilot, "Detach", "Stop and keep", "Cancel", "Stay here")


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_what_is_chosen_in_the_lab_is_in_sight(screen, size) -> None:
    async with screen.open(size=size) as pilot:
        await screen.until(pilot, "names", "lstm")


async def test_two_hundred_sizes_at_random(screen, worker, folder, monkeypatch) -> None:
    monkeypatch.setattr(RunScreen, "EVERY", 0.25)  # as it is: the machine has enough to do
    chance = random.Random(4)
    worker("gru").start().train(10, 200).finish()
    one = worker().start().train(10, 60).train(70, 100)
    for name in ("grid", "second"):
        begun(planned(folder, name), 1).start().train(10, 200).finish()
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        steps = [
            ("", 40),
            ("v", 15),
            ("v", 15),
            ("2", 35),
            ("5", 20),
            ("v", 10),
            ("question_mark", 25),
            ("escape", 5),
            ("1", 20),
        ]
        for key, times in [*steps, ("3", 5), ("ctrl+p", 15), ("escape", 5), ("q", 20)]:
            if key:
                await pilot.press(key)
            for time_ in range(times):  # five in one drag, and then a rest
                size = Size(chance.randint(20, 200), chance.randint(6, 60))
                screen.app._driver._size = size
                screen.app.post_message(Resize(size, size))
                if time_ % 5 == 4:
                    await pilot.pause()
        assert isinstance(screen.app.screen, QuestionDialog)
        assert screen.app.screen.query_one(OptionList).option_count == 3
        await pilot.press("escape")
        for size in [(20, 6), (200, 60)]:
            await pilot.resize_terminal(*size)
            await screen.until(pilot, "running")
        await pilot.press("2")
        await screen.until(pilot, "finished", "running")
        await pilot.press("1")
        await screen.until(pilot, "names with lstm", "1 training")
