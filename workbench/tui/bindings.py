"""The one table of keys: footer, help and palette are made from it.

Every key that a text field would swallow has a twin that works while one has the focus.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from textual.binding import Binding, BindingType

Place = Literal["everywhere", "lab", "run", "confusion", "runs", "compare", "poem"]
TITLES: dict[Place, str] = {
    "everywhere": "Everywhere",
    "lab": "Lab",
    "run": "Run",
    "confusion": "Confusion",
    "runs": "Runs",
    "compare": "Compare",
    "poem": "Poem",
}


class Action(NamedTuple):
    """One thing that a person can do: where, by which keys, and what it does."""

    place: Place
    name: str  # the Textual action
    key: str
    twin: str
    label: str  # in the footer
    help: str
    footer: bool = True


ACTIONS = (
    Action("lab", "start", "s", "f5", "Start", "start a training with the task, cell and settings shown"),
    Action("lab", "defaults", "d", "f7", "Defaults", "set every setting back to the preset's value"),
    Action("run", "stop", "x", "f8", "Stop", "ask the training to save a checkpoint and end"),
    Action("run", "resume", "r", "f5", "Resume", "go on from the last checkpoint"),
    Action("run", "next_pane", "v", "f6", "Next view", "show the next pane: charts, confusion, tables, text"),
    Action("run", "back", "b", "f7", "Back", "back to where this run was opened from"),
    Action("runs", "open", "o", "f6", "Open", "watch the marked run (also Enter)"),
    Action("runs", "stop", "x", "f8", "Stop", "ask the marked run to save a checkpoint and end"),
    Action("runs", "resume", "r", "f5", "Resume", "go on with the marked run from its last checkpoint"),
    Action("everywhere", "go('lab')", "1", "f2", "Lab", "choose a task and a cell, and start", footer=False),
    Action("everywhere", "go('runs')", "2", "f3", "Runs", "all runs of this folder", footer=False),
    Action("everywhere", "go('run')", "3", "f4", "Run", "the run that was opened last", footer=False),
    Action("everywhere", "toggle_theme", "t", "f9", "Theme", "dark, light, or high contrast", footer=False),
    Action("everywhere", "help", "question_mark", "f1", "Help", "every key and what it does"),
    Action("everywhere", "leave", "q", "ctrl+q", "Quit", "leave; asks first while a run is training"),
)
PALETTE_KEY = "ctrl+p"
_SHOWN = {"question_mark": "?", "up": "↑", "down": "↓"}


def bindings(place: Place) -> list[BindingType]:
    """Textual's bindings of a place: the key and its twin."""
    return [
        Binding(key, action.name, action.label, show=action.footer, priority=key == "ctrl+q")
        for action in ACTIONS
        if action.place == place
        for key in (action.key, action.twin)
    ]


def actions(place: Place) -> list[Action]:
    """What can be done in a place, its own actions first."""
    return [action for wanted in dict.fromkeys((place, "everywhere")) for action in ACTIONS if action.place == wanted]


def spoken(key: str) -> str:
    """A key as a person reads it."""
    if key in _SHOWN:
        return _SHOWN[key]
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+")
    return key.upper() if key[0] == "f" and key[1:].isdigit() else key
