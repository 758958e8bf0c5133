"""Table of keys, from which footer, help and palette are made, and the queue of the keys that are typed ahead.

Each place's most useful actions come first. Every key that a text field would swallow has a twin that works while one
has the focus; a place without text fields may do without twins.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Event, Key

Place = Literal[
    "everywhere", "lab", "run", "replay", "confusion", "runs", "compare", "studies", "poem", "inspect", "race"
]
TITLES: dict[Place, str] = {
    "everywhere": "Everywhere",
    "lab": "Lab",
    "run": "Run",
    "replay": "Replay",
    "confusion": "Confusion",
    "runs": "Runs",
    "compare": "Compare",
    "studies": "Studies",
    "poem": "Poem",
    "inspect": "Inspect",
    "race": "Race",
}


class Action(NamedTuple):
    """An action of a place: its keys and its help."""

    place: Place
    name: str  # the Textual action
    key: str
    twin: str  # empty only on a screen that has no text field
    label: str  # in the footer
    help: str
    footer: bool = True
    acts: bool = (
        False  # it starts, stops, names or deletes a run, downloads, or writes a file: off on a read-only screen
    )


def _chart_actions(place: Place) -> list[Action]:
    """Return what changes the view of a place's charts, the axis apart."""
    return [
        Action(place, f"chart('{change}')", key, "", label, help, False)
        for change, key, label, help in (
            ("smoother", "plus", "Smoother", "smooth the training loss more"),
            ("rougher", "minus", "Rougher", "smooth the training loss less"),
            ("log", "l", "Log y", "a logarithmic y axis for losses and errors"),
            ("in", "z", "Zoom in", "half of the charts: around the cursor, or the end"),
            ("out", "o", "Zoom out", "twice as much of the run"),
            ("all", "0", "Whole run", "the charts from the first step to the newest"),
            ("cursor", "c", "Cursor", "read the curves at a step: cursor on, and off"),
            ("left", "comma", "Cursor left", "the cursor to the left (also ← in a chart)"),
            ("right", "full_stop", "Cursor right", "the cursor to the right (also →)"),
            ("far left", "less_than_sign", "Cursor far left", "ten columns (shift+←)"),
            ("far right", "greater_than_sign", "Cursor far right", "ten columns (shift+→)"),
        )
    ]


ACTIONS = (
    Action("lab", "start", "s", "f5", "Start", "start a training with the task, cell and settings shown", acts=True),
    Action("lab", "next_pane", "v", "f6", "Next view", "show the next pane: choose, about, settings"),
    Action("lab", "preview", "p", "f12", "Preview", "look into the data: first rows, classes, what was guessed"),
    Action("lab", "undo", "u", "ctrl+r", "Undo", "set the setting under the cursor back to its default"),
    Action(
        "lab", "start_and_stay", "S", "ctrl+t", "Start, stay", "start a training and stay, to start another", acts=True
    ),
    Action(
        "lab", "fetch", "g", "ctrl+g", "Get data", "download the task's full data; again: stop the download", acts=True
    ),
    Action("lab", "find", "slash", "ctrl+l", "Find", "find a setting by part of its name or of its help"),
    Action(
        "lab", "start_race", "r", "f8", "Race", "race the marked cell against its twin, else against another", acts=True
    ),
    Action("lab", "defaults", "d", "f7", "Defaults", "set every setting back to the preset's value"),
    Action("lab", "hide_hint", "h", "ctrl+o", "Hide hint", "hide the three steps for newcomers"),
    Action("run", "stop", "x", "f8", "Stop", "ask the training to save a checkpoint and end", acts=True),
    Action("run", "resume", "r", "f5", "Resume", "go on from the last checkpoint", acts=True),
    Action("run", "next_pane", "v", "f6", "Next view", "show the next pane: charts, confusion, tables, text"),
    Action("run", "fill", "f", "", "Confusion", "the confusion matrix on the whole screen: examples, differences"),
    Action("run", "state", "g", "", "State", "memory: the gradient of the next layer, direction or part of the state"),
    Action("run", "twin", "w", "", "Beside", "memory: the run whose gradient is drawn beside this one's"),
    Action("run", "scrub(-1)", "left_square_bracket", "", "Earlier", "what was shown at the evaluation before"),
    Action("run", "scrub(1)", "right_square_bracket", "", "Later", "what was shown at the evaluation after"),
    Action("run", "scrub(-10)", "left_curly_bracket", "", "Much earlier", "ten evaluations back", False),
    Action(
        "run",
        "scrub(10)",
        "right_curly_bracket",
        "",
        "Much later",
        "ten evaluations on",
        False,
    ),
    Action("run", "newest", "n", "", "Newest", "back to the newest evaluation"),
    Action("run", "pause", "space", "", "Pause display", "hold the display still; the training goes on"),
    Action("run", "metric", "m", "ctrl+t", "Figure", "draw the next of the task's metrics beside the loss", False),
    *_chart_actions("run"),
    Action("run", "chart('axis')", "a", "", "X axis", "draw over steps, epochs or time", False),
    Action("run", "branch", "B", "", "Branch", "a new run from a checkpoint of this one", False, acts=True),
    Action("run", "family", "k", "", "Family", "the tree of runs that were branched from one another", False),
    Action("run", "picture", "p", "", "Picture", "write the curves to a picture for a report", False, acts=True),
    Action("run", "inspect", "i", "", "Inspect", "the network on one text: gates, states, the answer forming"),
    Action("run", "back", "b", "f7", "Back", "back to where this run was opened from"),
    Action("replay", "pause", "space", "", "Pause", "stand still, or go on; at the end from the beginning"),
    Action("replay", "step_evaluation(-1)", "left_square_bracket", "", "Earlier", "stand at the evaluation before"),
    Action("replay", "step_evaluation(1)", "right_square_bracket", "", "Later", "stand at the evaluation after"),
    Action("replay", "speed(2)", "f", "", "Faster", "twice as fast"),
    Action("replay", "speed(0.5)", "s", "", "Slower", "half as fast"),
    Action("replay", "step_event(-1)", "left_curly_bracket", "", "An event back", "stand one event earlier", False),
    Action("replay", "step_event(1)", "right_curly_bracket", "", "An event on", "stand one event later", False),
    Action("replay", "next_pane", "v", "f6", "Next view", "show the next pane: charts, confusion, tables, text"),
    Action("replay", "metric", "m", "ctrl+t", "Figure", "draw the next of the task's metrics beside the loss", False),
    *_chart_actions("replay"),
    Action("replay", "chart('axis')", "a", "", "X axis", "draw over steps, epochs or time", False),
    Action(
        "replay", "state", "g", "", "State", "memory: the gradient of the next layer, direction or part of the state"
    ),
    Action("replay", "twin", "w", "", "Beside", "memory: the run whose gradient is drawn beside this one's"),
    Action("replay", "family", "k", "", "Family", "the tree of runs that were branched from one another", False),
    Action("replay", "back", "b", "f7", "Back", "back to where this run was opened from"),
    # the matrix has no text field: its keys need no twin
    Action("confusion", "examples", "enter", "", "Examples", "list the examples in the cell that the arrow keys mark"),
    Action("confusion", "back", "b", "f7", "Back", "from the examples to the matrix, from the matrix to the run"),
    Action("confusion", "earlier", "left_square_bracket", "", "Earlier", "the evaluation before"),
    Action("confusion", "later", "right_square_bracket", "", "Later", "the evaluation after; the last one is live"),
    Action("confusion", "difference", "d", "", "Difference", "compare with the evaluation shown now; again: no more"),
    Action("confusion", "shares", "n", "", "Shares", "percent of the row, or counts"),
    Action(
        "confusion",
        "order",
        "o",
        "",
        "Order",
        "labels as given, by error, or the most confused side by side",
    ),
    Action("confusion", "other", "c", "", "Compare", "show the difference to another run with the same labels"),
    Action("confusion", "inspect", "i", "", "Inspect", "look inside the network on one of the examples listed"),
    Action("confusion", "picture", "p", "", "Picture", "write the matrix to a picture for a report", False, acts=True),
    Action("runs", "open", "o", "f6", "Open", "watch the chosen run (also Enter)"),
    Action("runs", "stop", "x", "f8", "Stop", "ask the chosen run to save a checkpoint and end", acts=True),
    Action("runs", "resume", "r", "f5", "Resume", "go on with the chosen run from its last checkpoint", acts=True),
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
    Action(
        "runs",
        "describe",
        "n",
        "ctrl+s",
        "Name",
        "give the marked runs, else the chosen one, a name, tags and a note",
        acts=True,
    ),
    Action("runs", "sort", "s", "ctrl+o", "Sort", "sort by the next column (also a click on its head)"),
    Action("runs", "turn", "S", "ctrl+r", "Turn", "turn the order round", footer=False),
    Action(
        "runs",
        "delete",
        "d",
        "ctrl+n",
        "Delete",
        "delete the marked runs, else the chosen one; asks first (also Del)",
        acts=True,
    ),
    Action(
        "runs",
        "branch",
        "B",
        "ctrl+b",
        "Branch",
        "a new run from a checkpoint of the chosen one",
        footer=False,
        acts=True,
    ),
    Action(
        "runs",
        "export",
        "e",
        "f12",
        "Export",
        "write the marked runs, else those shown, to a CSV or JSON file",
        acts=True,
    ),
    Action("runs", "copy", "y", "ctrl+y", "Copy id", "copy the chosen run's id (OSC 52: over SSH too)"),
    Action("compare", "metric", "m", "f5", "Figure", "draw the next figure: the metrics, the losses"),
    Action("compare", "chart('axis')", "a", "f8", "Axis", "draw over steps, epochs or the time trained"),
    Action("compare", "next_pane", "v", "f6", "Next view", "show the next pane: chart, results, settings"),
    Action(
        "compare",
        "picture",
        "p",
        "f12",
        "Picture",
        "write the runs' curves to a picture for a report",
        False,
        acts=True,
    ),
    *_chart_actions("compare"),
    Action("compare", "back", "b", "f7", "Back", "back to the list of runs or studies"),
    Action("studies", "open", "o", "f7", "Open", "watch the chosen run; of the table compare a row (also Enter)"),
    Action("studies", "start", "s", "f5", "Start", "train what waits, was stopped, lost or failed", acts=True),
    Action("studies", "stop", "x", "f8", "Stop", "let what trains save a checkpoint and end, start no more", acts=True),
    Action("studies", "next_pane", "v", "f6", "Next view", "show the next pane: runs, table, studies"),
    Action("studies", "compare", "c", "ctrl+t", "Compare", "lay the runs of the table's row over one another"),
    Action("studies", "metric", "m", "ctrl+o", "Figure", "the next figure: test, validation, training loss"),
    Action("studies", "rows", "w", "ctrl+r", "Rows", "the next setting in the table's rows"),
    Action("studies", "columns", "l", "ctrl+l", "Columns", "the next setting in the table's columns"),
    Action(
        "studies", "report", "e", "f12", "Report", "write the study's report to a file in the current folder", acts=True
    ),
    Action("poem", "write", "w", "f5", "Write", "write with the settings shown (also Enter in one of them)"),
    Action("poem", "break_off", "x", "f8", "Stop", "end what is being written, at this character"),
    Action("poem", "again", "a", "f6", "Again", "write once more, with the next seed"),
    Action("poem", "redo", "r", "ctrl+r", "Redo", "write the marked poem with its own settings (also Enter on it)"),
    Action(
        "poem",
        "marks",
        "m",
        "ctrl+t",
        "Tones",
        "tones under the characters, rhymes told apart: on and off (○ level, ● oblique, ◎ either, 韵 rhymes)",
    ),
    Action("poem", "copy", "y", "f7", "Copy", "copy the marked poem to the terminal's clipboard"),
    Action("poem", "keep", "k", "ctrl+g", "Keep", "keep the marked poem, in a file beside the runs", acts=True),
    Action("poem", "kept", "l", "ctrl+l", "Kept", "the poems that are kept"),
    Action("poem", "save", "s", "f12", "Save", "save the marked poem to a file; it asks for the name", acts=True),
    Action("poem", "inspect", "i", "ctrl+n", "Inspect", "look inside the network on the marked poem"),
    Action("inspect", "next_pane", "v", "f6", "Next view", "gates, states, memory, answer, contributions, units"),
    Action("inspect", "edit", "slash", "ctrl+l", "Text", "type another text, row N or window N (Enter: back to it)"),
    Action("inspect", "part", "g", "f5", "Part", "the next gate; h or c; what is kept or written"),
    Action("inspect", "layer", "l", "ctrl+o", "Layer", "the next layer and direction"),
    Action("inspect", "order", "o", "f8", "Order", "the liveliest units first, by number, or the units' mean"),
    Action("inspect", "follow", "f", "ctrl+t", "Follow", "follow the chosen unit over the whole text (also Enter)"),
    Action("inspect", "twin", "h", "f12", "Twin", "gates of a cell that hides them, by its hand-written twin"),
    Action("inspect", "explain", "full_stop", "", "Explain", "contributions to the next of the likeliest answers"),
    Action("inspect", "neighbour(1)", "right_square_bracket", "ctrl+n", "Next row", "the next row of the test split"),
    Action("inspect", "compare", "c", "ctrl+g", "Compare", "a second network on the same text; again: no more"),
    Action("inspect", "find_units", "u", "ctrl+s", "Find units", "units that go with a trait: a class, a line's end"),
    Action("inspect", "choose_run", "r", "ctrl+r", "Run", "inspect another run's network"),
    Action("inspect", "weights", "w", "ctrl+y", "Weights", "the best, the last, or weights that were kept"),
    Action("inspect", "neighbour(-1)", "left_square_bracket", "ctrl+b", "Row before", "the row before", False),
    Action("inspect", "column(1)", "plus", "", "Wider", "columns twice as wide", False),
    Action("inspect", "column(-1)", "minus", "", "Narrower", "columns half as wide", False),
    Action("inspect", "back", "b", "f7", "Back", "back to where this was opened from"),
    # a race has no text field: its keys need no twin
    Action("race", "stop", "x", "f8", "Stop", "end the race with the figures so far", acts=True),
    Action("race", "start", "s", "f5", "Again", "race once more from the start", acts=True),
    Action("race", "start_against", "o", "", "Opponent", "race against the next cell", acts=True),
    Action("race", "start_by", "m", "", "Budget", "race by steps, or by seconds of each cell", acts=True),
    Action("race", "next_pane", "v", "f6", "Next view", "show the next pane: chart, table"),
    Action("race", "chart('log')", "l", "", "Log y", "a logarithmic y axis", False),
    Action("race", "chart('smoother')", "plus", "", "Smoother", "smooth the training loss more", False),
    Action("race", "chart('rougher')", "minus", "", "Rougher", "smooth the training loss less", False),
    Action("race", "back", "b", "f7", "Back", "back to the Lab; the race ends"),
    Action("everywhere", "go('lab')", "1", "f2", "Lab", "choose a task and a cell, and start", footer=False),
    Action("everywhere", "go('runs')", "2", "f3", "Runs", "all runs of this folder", footer=False),
    Action("everywhere", "go('run')", "3", "f4", "Run", "the run that was opened last", footer=False),
    Action("everywhere", "go('poem')", "4", "f10", "Poem", "let a trained network write", footer=False),
    Action(
        "everywhere", "go('studies')", "5", "f11", "Studies", "many runs under one name, and their table", footer=False
    ),
    Action("everywhere", "go('inspect')", "6", "ctrl+backslash", "Inspect", "a network on one text, inside", False),
    Action("everywhere", "toggle_theme", "t", "f9", "Theme", "dark, light, or high contrast", footer=False),
    Action(
        "everywhere",
        "close_messages",
        "backspace",
        "",
        "Close messages",
        "close what is told in the corner (also Esc)",
        False,
    ),
    Action("everywhere", "help", "question_mark", "f1", "Help", "every key and what it does"),
    Action("everywhere", "leave", "q", "ctrl+q", "Quit", "leave; asks first while a run is training"),
)
PALETTE_KEY = "ctrl+p"
_OPENING = (
    "find",
    "filter",
    "describe",
    "leave",
    "help",
    "stop",
    "edit",
    "branch",
    "family",
    "preview",
)  # open a field or a dialog, which the keys that follow are for
_SHOWN = {
    **{"": "", "slash": "/", "enter": "Enter", "escape": "Esc", "backspace": "Bksp"},
    **{"question_mark": "?", "up": "↑", "down": "↓", "plus": "+", "minus": "-", "comma": ",", "full_stop": "."},
    **{"left_square_bracket": "[", "right_square_bracket": "]", "left_curly_bracket": "{", "right_curly_bracket": "}"},
    **{"less_than_sign": "<", "greater_than_sign": ">", "ctrl+backslash": "^\\"},
}


def bindings(place: Place) -> list[BindingType]:
    """Return Textual's bindings of a place: each action's key and its twin."""
    return [
        Binding(key, action.name, action.label, show=action.footer, priority=key == "ctrl+q")
        for action in ACTIONS
        if action.place == place
        for key in (action.key, action.twin)
        if key
    ]


def actions(place: Place) -> list[Action]:
    """Return the actions that work in a place, its own ones first."""
    return [action for wanted in dict.fromkeys((place, "everywhere")) for action in ACTIONS if action.place == wanted]


def acts(place: Place, name: str) -> bool:
    """Return whether an action of a place starts, stops, names or deletes a run, downloads, or writes a file."""
    return any(action.acts for action in actions(place) if action.name.partition("(")[0] == name)


def spoken(key: str) -> str:
    """Return a key's name for people: ``^r``, ``F5``, ``/``."""
    if key in _SHOWN:
        return _SHOWN[key]
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+")
    return key.upper() if key[:1] == "f" and key[1:].isdigit() else key


class KeyQueue(App[None]):
    """An application in which a key that opens a text field or a dialog opens it before the next key is handled.

    Over a slow line ``/drop`` or ``qs`` may come all at once: the letters must go into the field or answer the
    question, and not do what they do on the screen as it was.
    """

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key) and not event.is_forwarded:
            active = self.screen.active_bindings.get(event.key)
            typed = self.focused is not None and self.focused.check_consume_key(event.key, event.character)
            if active and active.enabled and not typed and active.binding.action in _OPENING:
                await self.run_action(active.binding.action, active.node)
                return
        await super().on_event(event)
