"""A run in whose files every string steers the terminal that prints it raw."""

from __future__ import annotations

import json
from typing import Any

from workbench.runs.run import Run

STRINGS = {
    "sets the clipboard": "\x1b]52;c;aGk=\x07",
    "a colour": "\x1b[31;5mred\x1b[0m",
    "clears the screen": "\x1b[2J\x1b[H",
    "a title": "\x1b]0;owned\x1b\\",
    "C1": "\x9b31m\x9d0;owned\x9c\x85",
    "bidirectional": "\u202eevil\u2066\u2069",
    "carriage return": "well\rbad",
    "backspaces": "abc\x08\x08\x08xyz",
    "NUL and DEL": "a\x00b\x7f",
    "markup": "[bold red]x[/] [link=http://e.vil]",
}


def spoiled(value: Any, evil: str, *, keys: bool) -> Any:
    """Put a text before every string of a nest of dicts and lists, and at will before the names of metrics."""
    if isinstance(value, dict):
        return {
            name if name == "event" else f"{evil}{name}" if keys else name: inner
            if name in ("event", "kind", "type")
            else spoiled(inner, evil, keys=keys or name in ("metrics", "test", "methods", "versions", "settings"))
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [spoiled(inner, evil, keys=keys) for inner in value]
    return f"{evil}{value}" if isinstance(value, str) else value


def spoil_events(run: Run, evil: str, *, ending: str = "") -> None:
    """Make every string of the events hostile.

    Args:
        ending: ``failed``: the run's last event says that it failed, in a hostile sentence.
    """
    lines = [json.loads(line) for line in run.events_file.read_text().splitlines()]
    hostile = [spoiled(line, evil, keys=False) for line in lines]
    last = hostile[-1]
    alarm = {"event": "alarm", "time": last["time"], "step": 1, "message": f"{evil}careful"}
    sample = {"event": "sample", "time": last["time"], "step": 1, "view": {"kind": "text", "title": evil, "text": evil}}
    tail = [last]
    if ending == "failed":
        tail = [{"event": "failed", "time": last["time"], "step": 1, "message": f"{evil}It broke."}]
    if ending == "lost":
        tail = []
    run.events_file.write_text("".join(json.dumps(line) + "\n" for line in [*hostile[:-1], alarm, sample, *tail]))


def spoil_files(run: Run, evil: str) -> None:
    """Make the labels, the network's printout and the log hostile."""
    state = json.loads(run.task_file.read_text())
    run.task_file.write_text(json.dumps(spoiled(state, evil, keys=False)))
    run.network_file.write_text(f"{evil}Network\n{evil}\n" + run.network_file.read_text())
    run.log_file.write_text(f"{evil}Traceback\n{evil}the last line\n")


def spoil_spec(run: Run, evil: str, field: str) -> None:
    """Write a hostile text in a field of the spec; an unknown key where there is none of that name."""
    spec = json.loads(run.spec_file.read_text())
    if field == "unknown key":
        spec[f"{evil}key"] = evil
    elif field == "unknown setting":
        spec["train"] = {**spec.get("train", {}), f"{evil}key": evil}
    elif field == "optimizer":
        spec["train"] = {**spec.get("train", {}), "optimizer": evil}
    else:
        spec[field] = evil
    run.spec_file.write_text(json.dumps(spec))


def named(run: Run, evil: str) -> Run:
    """The run under a hostile name; a name may hold neither a slash nor NUL."""
    name = f"toy-{evil}".replace("/", "|").replace("\0", "")
    return Run(run.path.rename(run.path.with_name(name)))
