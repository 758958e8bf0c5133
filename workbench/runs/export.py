"""Export of runs to CSV or JSON, for other programs. No torch."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import msgspec

from workbench.runs.summary import RunSummary, facts


def to_json(summaries: Sequence[RunSummary]) -> str:
    """Return a JSON list of objects, one a run."""
    return msgspec.json.format(msgspec.json.encode([facts(summary) for summary in summaries]), indent=2).decode() + "\n"


def to_csv(summaries: Sequence[RunSummary]) -> str:
    """Return CSV with a line a run; a column for each fact, metric (``val.``, ``test.``) and setting of any run."""
    rows: list[dict[str, object]] = []
    columns: dict[str, dict[str, None]] = {}  # by fact, so that the columns of one stand together
    for summary in summaries:
        groups = {name: _columns(name, value) for name, value in msgspec.to_builtins(facts(summary)).items()}
        rows.append({column: value for group in groups.values() for column, value in group.items()})
        for name, group in groups.items():
            columns.setdefault(name, {}).update(dict.fromkeys(group))
    text = io.StringIO()
    table = csv.DictWriter(text, [column for group in columns.values() for column in group], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


KINDS: dict[str, Callable[[Sequence[RunSummary]], str]] = {"csv": to_csv, "json": to_json}  # by the file's extension


def write(summaries: Sequence[RunSummary], kind: str, folder: Path) -> Path:
    """Write the runs to a new file in the folder; an existing file is never replaced.

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


def _columns(name: str, value: object) -> dict[str, object]:
    """Return a fact as columns; a setting's column is its dotted key."""
    if isinstance(value, dict):
        return {key if name == "settings" else f"{name}.{key}": inner for key, inner in value.items()}
    return {} if name in ("best", "test") else {name: value}  # not evaluated yet
