"""The Lab at every size: all at once, one side in turns, or one pane at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab_steps import choose, form_ready, put
from rich.cells import cell_len
from waiting import eventually

import cells
import tasks
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


TOY = """A toy.

    a_t = σ(W_ia x_t + b_ia + W_ha h_{t-1} + b_ha)
    b_t = σ(W_ib x_t + b_ib + W_hb h_{t-1} + b_hb)     a remark
    c_t = tanh(W_ic x_t + b_ic + W_hc h_{t-1} + b_hc)
    d_t = σ(W_id x_t + b_id + W_hd h_{t-1} + b_hd)
    e_t = b_t ⊙ c_{t-1} + a_t ⊙ g_t
    h_t = d_t ⊙ tanh(e_t)

Source: nobody.
"""


CLASS = """
from cells._base import Cell


class Toy(Cell):
    def step(self, projected, state):
        return state.h, state
"""


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of fifteen cells of the user's own."""
    names = [f"toy-{number:02}" for number in range(15)]
    (tmp_path / "own").mkdir()
    for name in names:
        (tmp_path / "own" / f"{name.replace('-', '_')}.py").write_text(f'"""{TOY}"""\n{CLASS}')
    monkeypatch.setattr(cells, "__path__", [*cells.__path__, str(tmp_path / "own")])
    return names


async def test_a_full_screen_shows_all_equations_and_the_list_of_many_cells_scrolls(screen, toys) -> None:
    async with screen.open(size=(120, 36)) as pilot:
        await form_ready(pilot)
        equations = [line.split("  ")[0] for line in TOY.replace("\n    ", "\n").splitlines() if "_t = " in line]
        for name in (toys[-1], toys[0]):
            await choose(pilot, "cells", name)
            await screen.until(pilot, *equations, f"│ {name}")
            assert "a remark" not in screen.text
        assert len(equations) == 6


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)])
async def test_what_cannot_be_read_is_listed_and_choosing_it_says_why(screen, started, size, monkeypatch) -> None:
    broken = {"cells": ("broken-cell", "broken-cell cannot be read: b.py, line 3: invalid syntax.")}
    broken["tasks"] = ("broken-task", "broken-task cannot be read: t.py, line 7: No module named 'x'.")
    for module, (name, sentence) in zip((cells, tasks), broken.values(), strict=True):
        monkeypatch.setattr(module, "unreadable", lambda name=name, sentence=sentence: {name: sentence}, raising=False)
    async with screen.open(size=size) as pilot:
        await form_ready(pilot)
        for which, (name, sentence) in broken.items():
            before = pilot.app.screen.query_one(f"#{which}", Picker).chosen
            await choose(pilot, which, name)
            await screen.until(pilot, name, f"{name} cannot be read: ")
            await eventually(pilot, lambda: sentence in str(pilot.app.screen.query_one("#verdict").content))  # noqa: B023
            pilot.app.screen.query_one(f"#{which}").focus()
            await pilot.press("enter", "f5")
            assert pilot.app.screen.focused.id == which
            assert started == []
            await choose(pilot, which, before)
            await screen.until(pilot, "names with lstm")
        await pilot.press("f5")
        await eventually(pilot, lambda: len(started) == 1)


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
        await screen.until(pilot, *ALWAYS, "peephole-lstm", "v Next view")
        for name in ("torch-gru", "rnn", "lstm"):
            await choose(pilot, "cells", name)
            await screen.until(pilot, f"│ {name}")
        await pilot.press("ctrl+o")  # the twin of h
        await eventually(pilot, lambda: "press s to start" not in screen.text)
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
        await pilot.press("enter", "down", "down", "down", "enter")  # to the cells, to gru-textbook, to the settings
        await screen.until(pilot, "names with gru-textbook"[: size[0] - 17], "hidden", *ALWAYS)
        assert visible(pilot) == {"settings"}
        await pilot.press("v", "v")
        assert visible(pilot) == {"about"}
        await screen.until(pilot, "Gated recurrent unit", *ALWAYS)
        await pilot.press("slash", *"lr")  # what is sought is in the settings
        await screen.until(pilot, "learning rate" if size[0] > 70 else "0.004", "find")
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
