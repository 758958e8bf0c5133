"""The Lab at every size: all at once, one side in turns, or one pane at a time."""

from __future__ import annotations

from typing import Any

import pytest
from lab_steps import choose, form_ready, put, until
from rich.cells import cell_len

from workbench.tui.widgets.form import Form
from workbench.tui.widgets.picker import Picker
from workbench.tui.widgets.tabs import TabRow

ALWAYS = ("Start", "data ", "network ")


def visible(pilot: Any) -> set[str]:
    """Which panes can be seen."""
    screen = pilot.app.screen
    panes = {"choose": "#tasks", "about": "#about", "settings": "#form"}
    return {name for name, at in panes.items() if screen.query_one(at).region.area > 0}


async def test_all_is_seen_at_once_on_a_full_screen(screen) -> None:
    async with screen.open(size=(120, 36)) as pilot:
        await form_ready(pilot)
        assert visible(pilot) == {"choose", "about", "settings"}
        assert pilot.app.screen.check_action("next_pane", ()) is None
        await screen.until(pilot, *ALWAYS, "h_t = o_t ⊙ tanh(c_t)", "seed")


async def test_settings_drawn_before_the_screen_has_its_class_say_what_they_are_for(screen) -> None:
    async with screen.open(size=(120, 36)) as pilot:
        await form_ready(pilot)
        pilot.app.screen.remove_class("-wide")  # Textual sets it only after the first layout, which may be drawn
        row = pilot.app.screen.query_one("#form", Form).rows["train.epochs"]
        row.refresh()
        assert "passes over the training" in str(row.render())


async def test_a_compact_screen_shows_lists_or_what_they_are_about_in_turns(screen) -> None:
    async with screen.open(size=(80, 24)) as pilot:
        await form_ready(pilot)
        assert visible(pilot) == {"choose", "settings"}
        await screen.until(pilot, *ALWAYS, "torch-lstm", "v Next view")
        await pilot.press("ctrl+o")  # the twin of h
        await until(pilot, lambda: "press s to start" not in screen.text)
        await pilot.press("v")
        await screen.until(pilot, "h_t = o_t ⊙ tanh(c_t)", *ALWAYS)
        assert visible(pilot) == {"about", "settings"}
        assert pilot.app.screen.focused.id == "about"
        await pilot.press("f6")  # the twin
        assert visible(pilot) == {"choose", "settings"}


@pytest.mark.parametrize("size", [(60, 20), (40, 15)])
async def test_a_small_screen_shows_one_pane_at_a_time(screen, size) -> None:
    async with screen.open(size=size) as pilot:
        await form_ready(pilot)
        await screen.until(pilot, *ALWAYS, "names", "lstm")
        assert visible(pilot) == {"choose"}
        await pilot.press("enter", "up", "enter")  # to the cells, to gru-textbook, to the settings
        await screen.until(pilot, "names with gru-textbook"[: size[0] - 17], "hidden", *ALWAYS)
        assert visible(pilot) == {"settings"}
        await pilot.press("v", "v")
        assert visible(pilot) == {"about"}
        await screen.until(pilot, "Gated recurrent unit", *ALWAYS)
        await pilot.press("slash", *"lr")  # what is sought is in the settings
        await screen.until(pilot, "learning rate" if size[0] > 70 else "0.003", "find")
        assert visible(pilot) == {"settings"}


@pytest.mark.parametrize("size", [(80, 24), (40, 15)])
async def test_an_error_is_seen_in_every_pane_and_no_line_is_too_wide(screen, size) -> None:
    async with screen.open(size=size) as pilot:
        await form_ready(pilot)
        await put(pilot, "cell.hidden", "0")
        for name in list(pilot.app.screen.query_one("#panes", TabRow).names):
            await screen.until(pilot, "cell.hidden cannot be 0"[: size[0] - 20])
            assert max(map(cell_len, screen.text.splitlines())) <= size[0], name
            await pilot.press("f6")


async def test_the_chosen_names_stay_in_sight_in_short_lists(screen) -> None:
    async with screen.open(size=(40, 15)) as pilot:
        await choose(pilot, "cells", "tutorial-rnn")
        await screen.until(pilot, "tutorial-rnn")
        await pilot.resize_terminal(120, 36)
        await pilot.resize_terminal(60, 20)
        await screen.until(pilot, "tutorial-rnn", "names")
        assert pilot.app.screen.query_one("#cells", Picker).chosen == "tutorial-rnn"
