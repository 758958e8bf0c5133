"""Tables of ``docs/results.md``, made from ``docs/results.json``.

    python bench/result_tables.py

rewrites what stands between ``<!-- results: NAME -->`` and ``<!-- end -->`` in the document; a test compares the two.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import mean, stdev
from typing import Any

if not sys.flags.safe_path and __name__ == "__main__":
    sys.path.pop(0)  # this file's folder, where ``cells`` would be its neighbour

import tasks

DOCS = Path(__file__).parents[1] / "docs"
DATA, DOCUMENT = DOCS / "results.json", DOCS / "results.md"
COLUMNS = {  # a task's metrics in its table; the first one also on validation
    "names": ("accuracy", "macro_f1", "balanced_accuracy"),
    "imdb": ("accuracy",),
    "reviews": ("accuracy", "macro_f1"),
    "climate": ("rmse_c",),
    "poems": ("nll",),
}
_SECTION = re.compile(r"<!-- results: (.+?) -->\n.*?<!-- end -->", re.S)


def main() -> None:
    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8"), read()), encoding="utf-8")


def read() -> dict[str, Any]:
    """Return the content of ``docs/results.json``."""
    content: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return content


def filled(document: str, results: Mapping[str, Any]) -> str:
    """Return a document with its sections of results written anew."""
    return _SECTION.sub(
        lambda match: f"<!-- results: {match[1]} -->\n{section(match[1], results[match[1]])}\n<!-- end -->", document
    )


def section(name: str, results: Mapping[str, Any]) -> str:
    """Return a section as Markdown: a task's networks above its baselines, or a table as it was measured."""
    if "rmse_c" in results:
        return _folds(results)
    if "columns" in results:
        return markdown(results["columns"], results["rows"])
    keys, settings = COLUMNS[name], tasks.settings(name)
    headings = [settings.describe_metric(key).title for key in keys]
    head = [f"`{name}` ({results['test_rows']:,})", f"{headings[0]}, validation"]
    head += [f"{heading}, test" for heading in headings] + ["parameters"]
    rows = [
        [f"`{network}`", *_figures(name, keys, measured), f"{measured['parameters']:,}"]
        for network, measured in results["networks"].items()
    ]
    rows += [[method, *_figures(name, keys, measured), ""] for method, measured in results["baselines"].items()]
    return markdown(head, rows)


def markdown(head: list[str], rows: list[list[Any]]) -> str:
    """Return a table as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines).replace("|  |", "| |")


def _folds(results: Mapping[str, Any]) -> str:
    """Return the table of ``bench/climate.py --folds``, the best over the test folds first."""
    lines = []
    for name, measured in results["rmse_c"].items():
        spread = {split: f"{mean(each['folds']):.2f} ± {stdev(each['folds']):.2f}" for split, each in measured.items()}
        usual = [f"{measured[split]['usual']:.2f}" for split in ("val", "test")]
        lines.append((mean(measured["test"]["folds"]), [name, *usual, spread["val"], spread["test"]]))
    head = ["RMSE °C", "validation", "test", f"validation, {results['folds']} folds", f"test, {results['folds']} folds"]
    return markdown(head, [line for _, line in sorted(lines)])


def _figures(task: str, keys: tuple[str, ...], measured: Mapping[str, Any]) -> list[str]:
    settings = tasks.settings(task)
    every = [measured["val"].get(keys[0]), *(measured["test"].get(key) for key in keys)]
    digits = [settings.describe_metric(key).digits for key in (keys[0], *keys)]
    return ["–" if value is None else f"{value:.{count}f}" for value, count in zip(every, digits, strict=True)]


if __name__ == "__main__":
    main()
