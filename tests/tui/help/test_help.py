"""Help, footer and palette: all that can be done, from the one table."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.widgets import Input
from waiting import eventually

from workbench.tui.help.palette import entries
from workbench.tui.help.screen import Help, lay_out
from workbench.tui.keys import ACTIONS, TITLES, spoken
from workbench.tui.widgets.table import Passage

SIZES = [(80, 24), (60, 20), (40, 15)]


def footer(screen) -> str:
    return screen.text.splitlines()[-1].rstrip()


async def scrolled(screen, pilot) -> str:
    """Help from its top to its end, as the keys show it."""
    seen = []
    passage = screen.app.screen.query_one(Passage)
    await eventually(pilot, lambda: passage.max_scroll_y, "it is laid out")
    while True:
        await pilot.pause()
        seen.append(" ".join(screen.text.split()))
        at = passage.scroll_y
        if at >= passage.max_scroll_y:
            return "\n".join(seen)
        await pilot.press("pagedown")
        await eventually(pilot, lambda at=at: passage.scroll_y > at, "it has scrolled")


@pytest.mark.parametrize("size", SIZES)
async def test_help_is_complete_in_every_size(screen, bare_lab, size) -> None:
    async with screen.open(size=size) as pilot:
        await pilot.press("question_mark", "slash")  # while one types, it scrolls without delay
        await screen.until(pilot, "Keys")
        passage = screen.app.screen.query_one(Passage)
        text = await scrolled(screen, pilot)
        assert "The second key does the same" in text
        *lines, _ = str(passage.body.content).split("\n")  # the last one is a sentence, and wraps
        assert max(map(cell_len, lines)) < passage.size.width
        for action in ACTIONS:
            assert action.help.split()[0] in text
            assert spoken(action.key) in text
            assert spoken(action.twin) in text


@pytest.mark.parametrize("place", ["lab", "run", "runs", "poem"])
def test_help_begins_with_the_present_screen_and_holds_every_action(place) -> None:
    text = str(lay_out(place, "", 200))
    heads = [line for line in text.split("\n") if line in TITLES.values()]
    assert heads[:2] == [TITLES[place], "Everywhere"]
    assert heads[2:] == [title for title in TITLES.values() if title in heads[2:]]  # in the order of use
    for action in ACTIONS:
        assert action.help in text


async def test_words_after_a_slash_leave_the_lines_that_hold_them(screen, bare_lab) -> None:
    async with screen.open() as pilot:
        await pilot.press("f1", "slash", *"CHOSEN stop")
        await screen.until(pilot, "ask the chosen run to save a checkpoint and end")
        assert "every key and what it does" not in screen.text
        await pilot.press(*"?q[red]")
        await screen.until(pilot, "No key and no action is about 'CHOSEN stop?q[red]'")
        await pilot.press("enter", "q")
        await pilot.pause()
        assert not isinstance(screen.app.screen, Help)


async def test_help_closes(screen, bare_lab) -> None:
    async with screen.open() as pilot:
        for key in ("escape", "question_mark", "f1", "q", "enter"):
            await pilot.press("f1")
            await eventually(pilot, lambda: isinstance(screen.app.screen, Help))
            await pilot.press(key)
            await eventually(pilot, lambda: not isinstance(screen.app.screen, Help), f"{key} closes it")


async def test_help_scrolls_while_one_searches(screen, bare_lab) -> None:
    async with screen.open(size=(60, 20)) as pilot:
        await pilot.press("f1", "slash")
        passage = screen.app.screen.query_one(Passage)
        for key, down in (("down", 1), ("up", 0), ("pagedown", 5), ("pageup", 0)):
            await pilot.press(key)
            await eventually(
                pilot, lambda down=down: passage.scroll_y >= down if down else passage.scroll_y == 0, f"{key} scrolls"
            )
        assert isinstance(screen.app.focused, Input)


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (80, ["s Start", "v Next view", "p Preview", "S Start, stay", "? Help", "q Quit"]),
        (40, ["s Start", "? Help", "q Quit"]),
        (20, ["? Help", "q Quit"]),
    ],
)
async def test_the_footer_keeps_the_most_useful_keys(screen, width: int, shown: list[str]) -> None:
    def parts() -> list[str]:
        return [part.strip() for part in footer(screen).split("  ") if part.strip()]

    async with screen.open(size=(width, 24)) as pilot:  # the data are looked for after the first paint
        await eventually(pilot, lambda: parts() == shown, f"the footer shows {shown}")


async def test_the_footer_shows_the_twins_while_letters_are_typed(screen) -> None:
    async with screen.open() as pilot:
        await screen.until(pilot, "s Start", "q Quit")
        await pilot.press("slash")
        await screen.until(pilot, "F5 Start", "F1 Help", "^q Quit")


async def test_the_palette_offers_what_can_be_done_here_and_on_other_screens(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        offered = [command.title for command in entries(screen.app, screen.app.screen)]
        assert {"Stop", "Next view", "Lab", "Runs", "Poem", "Help", "Quit"} <= set(offered)
        assert "Resume" not in offered
        assert not [title for title in offered if ":" in title]  # no other screen was shown yet
        await pilot.press("2")
        await screen.until(pilot, "running", "o Open")
        offered = [command.title for command in entries(screen.app, screen.app.screen)]
        assert {"Open", "Run: Next view", "Run: Stop"} <= set(offered)
        assert "Run: Resume" not in offered


async def test_the_palette_goes_to_another_screen_and_does_it_there(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        await pilot.press("2")
        await screen.until(pilot, "o Open")
        await pilot.press("ctrl+p", *"run: stop")
        await screen.until(pilot, "ask the training to save")
        await pilot.press("enter")
        await screen.until(pilot, f"Stop {one.run.id}?")
        assert screen.app.place == "run"


async def test_the_palette_finds_an_action_by_its_help(screen) -> None:
    async with screen.open() as pilot:
        await pilot.press("ctrl+p", *"light contrast")
        await screen.until(pilot, "dark, light, or high contrast")
        await pilot.press("enter")
        await eventually(pilot, lambda: not screen.app.current_theme.dark)
