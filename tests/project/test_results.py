"""The figures in the documents are those in ``docs/results.json``."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TABLES = runpy.run_path(str(ROOT / "bench" / "result_tables.py"))
FIGURE = re.compile(r"(?<![\w.-])\d{1,3}\.\d{2,4}(?![\w.])")
# code, years, versions and addresses; the tables are compared whole
NO_FIGURES = re.compile(
    r"(?s:<!-- results: .*?<!-- end -->)|`[^`]*`|\([^()]*\d{4}\)|Python \d\.\d+|torch \d\.\d+|https?://\S+"
)


def numbers(content: Any) -> Iterator[float]:
    """Every number in the results, wherever it stands."""
    match content:
        case dict():
            for value in content.values():
                yield from numbers(value)
        case list():
            for value in content:
                yield from numbers(value)
        case int() | float():
            yield float(content)
        case str():
            yield from map(float, re.findall(r"\d+\.\d+", content))


@pytest.mark.parametrize(("name", "tables"), [("docs/results.md", 7), ("README.md", 1), ("README.zh-CN.md", 1)])
def test_the_tables_of_results_are_made_from_the_figures(name: str, tables: int) -> None:
    document = (ROOT / name).read_text(encoding="utf-8")
    assert TABLES["filled"](document, TABLES["read"]()) == document  # bench/result_tables.py writes it
    assert document.count("<!-- results: ") == tables


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "docs/results.md"])
def test_every_figure_in_a_document_was_measured(name: str) -> None:
    measured = list(numbers(TABLES["read"]()))
    text = NO_FIGURES.sub("", (ROOT / name).read_text(encoding="utf-8"))
    unknown = [
        figure
        for figure in FIGURE.findall(text)
        if not any(f"{value:.{len(figure.partition('.')[2])}f}" == figure for value in measured)
    ]
    assert unknown == []
