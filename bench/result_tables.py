"""Tables of results in the documents, made from ``docs/results.json``.

    python bench/result_tables.py

rewrites what stands between ``<!-- results: NAME -->`` and ``<!-- end -->`` in the documents; a test compares the two.
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

ROOT = Path(__file__).parents[1]
DATA = ROOT / "docs" / "results.json"
DOCUMENTS = [ROOT / name for name in ("docs/results.md", "README.md", "README.zh-CN.md")]
SUMMARIES = {  # headings of the summary in each language
    "summary": ["task", "figure", "network", "validation", "test", "strongest baseline", "validation", "test"],
    "summary, Chinese": ["任务", "指标", "网络", "验证", "测试", "最强的基线", "验证", "测试"],
}
COLUMNS = {  # a task's metrics in its table; the first one also on validation
    "names": ("accuracy", "macro_f1", "balanced_accuracy"),
    "imdb": ("accuracy",),
    "reviews": ("accuracy", "macro_f1"),
    "climate": ("rmse_c",),
    "poems": ("nll",),
}
_SECTION = re.compile(r"<!-- results: (.+?) -->\n.*?<!-- end -->", re.S)


def main() -> None:
    for path in DOCUMENTS:
        path.write_text(filled(path.read_text(encoding="utf-8"), read()), encoding="utf-8")


def read() -> dict[str, Any]:
    """Return the content of ``docs/results.json``."""
    content: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return content


def filled(document: str, results: Mapping[str, Any]) -> str:
    """Return a document with its sections of results written anew; one without figures stays as it is."""

    def table(match: re.Match[str]) -> str:
        name = match[1]
        if name in SUMMARIES:
            return markdown(SUMMARIES[name], _summary(results))
        return section(name, results[name]) if name in results else ""

    return _SECTION.sub(lambda match: f"<!-- results: {match[1]} -->\n{table(match)}\n<!-- end -->", document)


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


def _summary(results: Mapping[str, Any]) -> list[list[str]]:
    """Return a row for each task: of its networks and of its baselines the best on validation."""
    rows = []
    for task, keys in COLUMNS.items():
        if task not in results:
            continue
        metric = tasks.settings(task).describe_metric(keys[0])
        row = [f"`{task}`", metric.title]
        for kind in ("networks", "baselines"):
            sign = 1 if tasks.settings(task).higher_is_better else -1
            name, best = max(results[task][kind].items(), key=lambda pair: sign * pair[1]["val"][keys[0]])
            row += [f"`{name}`" if kind == "networks" else name, *_figures(task, keys[:1], best)]
        rows.append(row)
    return rows


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
