"""A run folder in which every string that a stranger chooses is hostile to a terminal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
from engine.toy_runs import copied

from workbench.runs.run import Run

# sets the clipboard, moves the cursor (CSI, C1), turns the line round, rings, ends the string, goes to its beginning
HOSTILE = "\x1b]52;c;aGk=\x07\x1b[2J\x9b31m\x9d0;t\x9c\u202e\u2066\u200b\x7f\x00\r\u2028"
MARKUP = "[/b]"  # of Rich, which ends what was not begun
_OWN = re.compile("\x1b\\[(?:[0-9;:]*m|\\?25[hl]|2K|[0-9]*A)|\r(?=\x1b\\[2K|\n)")  # colours, and a progress bar's
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def hostile(word: str = "x") -> str:
    """A text that says ``word`` between what a terminal obeys."""
    return f"{HOSTILE}{word}{HOSTILE}"


def obeyed(written: str) -> set[str]:
    """Characters of an output that a terminal obeys, beyond line breaks, tabs and colours."""
    return set(_OBEYED.findall(_OWN.sub("", written)))


def _spoilt(value: Any) -> Any:
    """Plain data with every text and every key hostile, but those that a decoder needs."""
    match value:
        case str():
            return hostile(value)
        case list():
            return [_spoilt(one) for one in value]
        case dict():
            return {key: inner if key in ("event", "view") else _spoilt(inner) for key, inner in value.items()}
    return value


def _spoilt_event(event: dict[str, Any]) -> dict[str, Any]:
    """An event whose texts are hostile, and the names of its metrics, methods and curves."""
    spoilt: dict[str, Any] = _spoilt(event)
    for name in ("metrics", "test"):
        if isinstance(event.get(name), dict):
            spoilt[name] = event[name] | {f"{hostile(key)}{MARKUP}": value for key, value in event[name].items()}
    if "methods" in event:
        spoilt["methods"] = {
            split: {hostile(method): {**metrics, hostile("m"): 0.5} for method, metrics in methods.items()}
            for split, methods in event["methods"].items()
        }
    return spoilt


def _extra(time: float, step: int) -> list[dict[str, Any]]:
    """Events of the kinds that a toy's run has none of."""
    text = {"view": "text", "title": hostile("title"), "note": hostile("note"), "text": hostile("text")}
    series = {
        "view": "series",
        "title": hostile("t"),
        "note": hostile("n"),
        "x_label": hostile("x"),
        "x": [0, 1],
        "curves": {hostile("c"): [0.1, 0.2]},
    }
    return [
        {"event": "alarm", "time": time, "step": step, "message": hostile("alarm")},
        {"event": "sample", "time": time, "step": step, "view": text},
        {"event": "sample", "time": time, "step": step, "view": series},
        {"event": hostile("unknown"), "time": time, hostile("key"): hostile("value")},
    ]


def hostile_run(of: Run, folder: Path, name: str = "", *, failed: bool = False, askable: bool = False) -> Run:
    """A copy of a run of the toy that was evaluated, with every text hostile; it still opens.

    Args:
        name: of its folder; a hostile one else.
        failed: it ended by an error, with a hostile message.
        askable: its cell is there, so that it can be evaluated and asked.
    """
    run = copied(of, folder, name or f"evil{HOSTILE}".replace("\x00", "").replace("/", ""))
    described = msgspec.json.decode(run.spec_file.read_bytes())
    described |= {"preset": hostile("preset"), "data_dir": hostile("/data")}
    if not askable:
        described |= {"cell": hostile("cell"), "cell_options": {hostile("option"): hostile("value")}}
    described["settings"]["gate"] = hostile("gate")
    run.spec_file.write_bytes(msgspec.json.encode(described))
    events = [msgspec.json.decode(line) for line in run.events_file.read_bytes().splitlines()]
    last = events.pop()
    time, step = last["time"], last["step"]
    if failed:
        last = {"event": "failed", "time": time, "step": step, "message": "why"}
    events = [*map(_spoilt_event, events), *_extra(time, step), _spoilt_event(last)]
    run.events_file.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
    run.network_file.write_bytes(f"{hostile('network')}\n\n1 parameter:\n  {hostile('weight')}  1\n".encode())
    run.log_file.write_bytes(f"{hostile('log')}\n".encode())
    state = msgspec.json.decode(run.task_file.read_bytes())
    state = state | {"labels": _spoilt(state["labels"])} if askable else _spoilt(state)  # else its data are not its own
    run.task_file.write_bytes(msgspec.json.encode(state | {hostile("key"): hostile("value")}))
    (run.path / f"file{HOSTILE}".replace("\x00", "")).write_text(hostile())
    return run
