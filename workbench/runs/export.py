"""Export of runs to CSV or JSON, for other programs. No torch."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import msgspec

from tasks.shared import files
from workbench.render.streams import json_text
from workbench.render.text import readable
from workbench.runs.folder import RunError
from workbench.runs.summary import RunSummary, facts


def to_json(summaries: Sequence[RunSummary]) -> str:
    """Return a JSON list of objects, one a run."""
    return msgspec.json.format(json_text([facts(summary) for summary in summaries]), indent=2) + "\n"


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
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([harmless(column) for column in table.fieldnames])
    table.writerows([{name: harmless(value) for name, value in row.items()} for row in rows])
    return text.getvalue()


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
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


def replace(path: Path, text: str) -> None:
    """Write a text to a file, whole or not at all; an existing one is replaced.

    Raises:
        RunError: it cannot be written.
    """
    try:
        files.write(path, text.encode())
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}.") from None


def harmless(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: a text that begins like one gets a ``'`` before it.

    Numbers stay numbers, also negative ones. As OWASP advises against CSV injection.
    """
    if not isinstance(value, str):
        return value
    text = readable(value)  # a folder's name need not be UTF-8
    return f"'{text}" if text.startswith(_FORMULA) else text


def _columns(name: str, value: object) -> dict[str, object]:
    """Return a fact as columns; a setting's column is its dotted key."""
    if isinstance(value, dict):
        return {key if name == "settings" else f"{name}.{key}": inner for key, inner in value.items()}
    if isinstance(value, list):  # the tags
        return {name: " ".join(value)}
    return {} if name in ("best", "test", "parent") and value is None else {name: value}
