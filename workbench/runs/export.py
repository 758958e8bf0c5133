"""Runs as a file for other programs: CSV or JSON. No torch."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from workbench.runs.summary import RunSummary, facts


def to_json(summaries: Sequence[RunSummary]) -> str:
    """A list of objects, one a run."""
    return msgspec.json.format(msgspec.json.encode([facts(summary) for summary in summaries]), indent=2).decode() + "\n"


def to_csv(summaries: Sequence[RunSummary]) -> str:
    """A line a run; a column for every fact, metric (``val.``, ``test.``) and setting that any of them has."""
    rows: list[dict[str, Any]] = []
    columns: dict[str, dict[str, None]] = {}  # those of a fact stand together
    for summary in summaries:
        cells = {name: _cells(name, value) for name, value in msgspec.to_builtins(facts(summary)).items()}
        rows.append({column: value for group in cells.values() for column, value in group.items()})
        for name, group in cells.items():
            columns.setdefault(name, {}).update(dict.fromkeys(group))
    text = io.StringIO()
    table = csv.DictWriter(text, [column for group in columns.values() for column in group], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


KINDS: dict[str, Callable[[Sequence[RunSummary]], str]] = {"csv": to_csv, "json": to_json}  # by the file's extension


def write(summaries: Sequence[RunSummary], kind: str, folder: Path) -> Path:
    """Write the runs to a new file of the folder, never over one that is there.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    text = KINDS[kind](summaries)
    first = f"workbench-runs-{time.strftime('%Y%m%d-%H%M%S')}"
    paths = (folder / f"{first}{f'-{number}' * (number > 1)}.{kind}" for number in count(1))
    path = next(path for path in paths if not path.exists())
    with path.open("x", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            path.unlink()
            raise
    return path


def _cells(name: str, value: Any) -> dict[str, Any]:
    """A fact as columns; a setting's is its dotted key, as everywhere."""
    if isinstance(value, dict):
        return {key if name == "settings" else f"{name}.{key}": inner for key, inner in value.items()}
    return {} if name in ("best", "test") else {name: value}  # there is nothing yet
