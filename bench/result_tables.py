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
from workbench.render.format import duration

ROOT = Path(__file__).parents[1]
DATA = ROOT / "docs" / "results.json"
DOCUMENTS = [ROOT / name for name in ("docs/results.md", "README.md", "README.zh-CN.md")]
SUMMARIES = {  # headings of the summary in each language
    "summary": [
        "task",
        "figure on the test rows",
        "default",
        "preset `strong`",
        "strongest baseline",
        "gain, 95 % interval",
    ],
    "summary, Chinese": ["任务", "测试集指标", "默认", "预设 `strong`", "最强的基线", "增益，95 % 区间"],
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


def write(results: Mapping[str, Any]) -> None:
    """Write ``docs/results.json`` and the documents' tables."""
    DATA.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    main()


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
    """Return a section as Markdown: a plan's networks above its baselines, or a table as it was measured."""
    if "rmse_c" in results:
        return _folds(results)
    if "columns" in results:
        return markdown(results["columns"], results["rows"])
    task = name.partition("-")[0]
    keys, settings = COLUMNS[task], tasks.settings(task)
    headings = [settings.describe_metric(key).title for key in keys]
    counts = results["test_rows"]
    tested = f"{counts[0]:,}" if len(counts) == 1 else f"{len(counts)} splits of {min(counts):,}"
    head = [f"`{task}` ({tested})", "runs", f"{headings[0]}, validation"]
    head += [f"{heading}, test" for heading in headings] + ["gain, 95 % interval", "training", "parameters"]
    rows = [
        [
            f"`{network}`",
            measured["runs"],
            *_figures(task, keys, measured),
            _gain(task, measured),
            duration(measured["seconds"]),
            f"{measured['parameters']:,}",
        ]
        for network, measured in results["networks"].items()
    ]
    rows += [[method, "", *_figures(task, keys, of), "", "", ""] for method, of in results["baselines"].items()]
    return markdown(head, rows)


def markdown(head: list[str], rows: list[list[Any]]) -> str:
    """Return a table as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("|" + "|".join(f" {cell} " if cell != "" else " " for cell in line) + "|" for line in lines)


def _summary(results: Mapping[str, Any]) -> list[list[str]]:
    """Return a row for each task: its default and its preset ``strong`` beside the baseline that is best on test."""
    rows = []
    for task, (key, *_) in COLUMNS.items():
        if task not in results:
            continue
        networks = results[task]["networks"] | results.get(f"{task}-strong", {}).get("networks", {})
        usual, strong = (
            next((of for of in networks.values() if of["preset"] == preset), None) for preset in ("", "strong")
        )
        method, best = next(iter(results[task]["baselines"].items()))
        shown = [_spread(task, key, of["test"][key]) if of else "–" for of in (usual, strong, best)]
        last = strong or usual
        row = [f"`{task}`", tasks.settings(task).describe_metric(key).title, *shown[:2], f"{method} {shown[2]}"]
        rows.append([*row, _gain(task, last) if last else "–"])
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
    """Return the first metric on validation, and all on test."""
    found = [(keys[0], measured["val"].get(keys[0])), *((key, measured["test"].get(key)) for key in keys)]
    return [_spread(task, key, of) for key, of in found]


def _spread(task: str, key: str, of: Mapping[str, float | None] | None) -> str:
    """Return mean ± standard deviation of some runs."""
    if of is None or of["mean"] is None:
        return "–"
    digits = tasks.settings(task).describe_metric(key).digits
    spread = "" if of["sd"] is None else f" ± {of['sd']:.{digits}f}"
    return f"{of['mean']:.{digits}f}{spread}"


def _gain(task: str, measured: Mapping[str, Any]) -> str:
    """Return the gain over the strongest baseline in the task's main metric, its interval, and what that is over."""
    gain, digits = measured["gain"], tasks.settings(task).describe_metric(COLUMNS[task][0]).digits
    if gain["low"] is None:
        return f"{gain['mean']:+.{digits}f}"
    return f"{gain['mean']:+.{digits}f} [{gain['low']:+.{digits}f}, {gain['high']:+.{digits}f}] ({gain['over']})"


if __name__ == "__main__":
    main()
