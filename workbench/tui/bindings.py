"""The one table of keys: footer, help and palette are made from it.

Every key that a text field would swallow has a twin that works while one has the focus; one that no field swallows has
none.
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
    Action("runs", "open", "o", "f6", "Open", "watch the chosen run (also Enter)"),
    Action("runs", "stop", "x", "f8", "Stop", "ask the chosen run to save a checkpoint and end"),
    Action("runs", "resume", "r", "f5", "Resume", "go on with the chosen run from its last checkpoint"),
    Action(
        "runs",
        "filter",
        "slash",
        "ctrl+l",
        "Filter",
        "list some runs: words, task:names, acc>0.8, -status:failed, age<2h",
    ),
    Action(
        "runs", "clear", "escape", "", "All", "empty the filter: every run is listed again"
    ),  # works in the field too
    Action("runs", "mark", "m", "ctrl+t", "Mark", "mark the chosen run, or take its mark away"),
    Action(
        "runs",
        "mark_all",
        "M",
        "ctrl+g",
        "Mark all",
        "mark every run that is shown, or take the marks away",
        footer=False,
    ),
    Action(
        "runs",
        "compare",
        "c",
        "f7",
        "Compare",
        "lay the marked runs' curves over one another, settings and results beside",
    ),
    Action("runs", "sort", "s", "ctrl+o", "Sort", "sort by the next column (also a click on its head)"),
    Action("runs", "turn", "S", "ctrl+r", "Turn", "turn the order round", footer=False),
    Action(
        "runs", "delete", "d", "ctrl+n", "Delete", "delete the marked runs, else the chosen one; asks first (also Del)"
    ),
    Action("runs", "export", "e", "f12", "Export", "write the marked runs, else those shown, to a CSV or JSON file"),
    Action("runs", "copy", "y", "ctrl+y", "Copy id", "copy the chosen run's id (OSC 52: over SSH too)"),
    Action("compare", "metric", "m", "f5", "Figure", "draw the next figure: the metrics, the losses"),
    Action("compare", "axis", "a", "f8", "Axis", "draw over steps, epochs or the time trained"),
    Action("compare", "next_pane", "v", "f6", "Next view", "show the next pane: chart, results, settings"),
    Action("compare", "back", "b", "f7", "Back", "back to the list of runs"),
    Action("everywhere", "go('lab')", "1", "f2", "Lab", "choose a task and a cell, and start", footer=False),
    Action("everywhere", "go('runs')", "2", "f3", "Runs", "all runs of this folder", footer=False),
    Action("everywhere", "go('run')", "3", "f4", "Run", "the run that was opened last", footer=False),
    Action("everywhere", "toggle_theme", "t", "f9", "Theme", "switch between dark and light", footer=False),
    Action("everywhere", "help", "question_mark", "f1", "Help", "every key and what it does"),
    Action("everywhere", "leave", "q", "ctrl+q", "Quit", "leave; asks first while a run is training"),
)
PALETTE_KEY = "ctrl+p"
_SHOWN = {"question_mark": "?", "slash": "/", "escape": "Esc", "up": "↑", "down": "↓"}


def bindings(place: Place) -> list[BindingType]:
    """Textual's bindings of a place: the key and its twin."""
    return [
        Binding(key, action.name, action.label, show=action.footer, priority=key == "ctrl+q")
        for action in ACTIONS
        if action.place == place
        for key in (action.key, action.twin)
        if key
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
    return key.upper() if key[:1] == "f" and key[1:].isdigit() else key
