"""The table of keys against the screens: whatever is added to either is held to the same."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import get_args

import pytest
from textual.widgets import Input

from workbench import tui
from workbench.tui import keys as table
from workbench.tui.app import WorkbenchApp
from workbench.tui.keys import ACTIONS, PALETTE_KEY, TITLES, Action, Place, actions, bindings, spoken
from workbench.tui.widgets.page import Page

PLACES = [place for place in get_args(Place) if any(action.place == place for action in ACTIONS)]
ACTING = re.compile(
    r"^(start|stop|resume|branch|describe|delete|remove|rm|fetch|download|retry|cancel|picture|export|report|keep$|save)"
)  # a run, data, or a file


def pages() -> dict[str, type[Page]]:
    """Every screen that there is, by its place."""
    for module in pkgutil.walk_packages(tui.__path__, f"{tui.__name__}."):
        if module.name.endswith(".screen"):
            importlib.import_module(module.name)
    found, left = {}, Page.__subclasses__()
    while left:
        one = left.pop()
        left += one.__subclasses__()
        if one.__module__.startswith(tui.__name__) and one.__module__.endswith(".screen"):
            found[one.place] = one
    return found


def owner(action: Action) -> type:
    return WorkbenchApp if action.place == "everywhere" else pages()[action.place]


@pytest.mark.parametrize("place", PLACES)
def test_no_key_means_two_things_in_one_place(place: Place) -> None:
    keys = [key for action in actions(place) for key in (action.key, action.twin) if key] + [PALETTE_KEY]
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: f"{action.place}-{action.name}")
def test_every_action_is_named_told_and_done_by_its_screen(action: Action) -> None:
    assert action.label
    assert action.help
    assert action.help[0].islower()
    assert not action.help.endswith(".")
    assert hasattr(owner(action), f"action_{action.name.partition('(')[0]}")


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: f"{action.place}-{action.name}")
def test_a_single_key_has_a_twin_wherever_a_text_field_can_swallow_it(action: Action) -> None:
    """A screen without any text field says ``has_fields = False``."""
    single = len(action.key) == 1 or action.key in ("question_mark", "slash")
    if single and (action.place == "everywhere" or owner(action).has_fields):
        assert action.twin
    assert len(action.twin) != 1


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: f"{action.place}-{action.name}")
def test_no_key_waits_for_what_follows_escape(action: Action) -> None:
    for key in (action.key, action.twin):
        assert not key.startswith(("escape+", "alt+"))


def test_what_acts_on_runs_or_data_or_writes_is_marked_so() -> None:
    acting = {(action.place, action.name) for action in ACTIONS if ACTING.match(action.name)}
    assert acting == {(action.place, action.name) for action in ACTIONS if action.acts}
    assert ("runs", "stop") in acting


@pytest.mark.parametrize("place", [place for place in PLACES if place != "everywhere"])
def test_a_screen_takes_its_keys_from_the_table(place: Place) -> None:
    own = bindings(place)
    assert pages()[place].__dict__["BINDINGS"][: len(own)] == own  # a second name of a key may follow
    assert TITLES[place]


def test_a_key_without_a_twin_is_bound_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "ACTIONS", (Action("compare", "sort", "o", "", "Sort", "sort by the next column"),))
    assert [binding.key for binding in bindings("compare")] == ["o"]


def test_a_key_is_said_as_a_person_reads_it() -> None:
    assert [spoken(key) for key in ("question_mark", "ctrl+r", "f10", "x")] == ["?", "^r", "F10", "x"]


async def test_a_screen_that_says_so_has_no_text_field(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        for key in ("1", "2", "5", "4"):
            await pilot.press(key)
        await pilot.pause()
        shown = list(screen.app.pages.values())
        assert {page.place for page in shown} >= {"lab", "runs", "run", "poem", "studies"}
        assert [page.place for page in shown if page.query(Input) and not page.has_fields] == []
