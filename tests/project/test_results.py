"""The figures in the documents are those in ``docs/results.json``."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TABLES = runpy.run_path(str(ROOT / "bench" / "result_tables.py"))
FIGURE = re.compile(r"(?<![\w.-])([−-]?\d{1,3}\.\d{2,4})(?![\w.])(?:<!-- (.*?) -->)?")
# code, years, versions and addresses; the tables are compared whole
NO_FIGURES = re.compile(
    r"(?s:<!-- results: .*?<!-- end -->)|`[^`]*`|\([^()]*\d{4}\)|Python \d\.\d+|torch \d\.\d+|https?://\S+"
)


def measured(place: str) -> Any:
    """The figure at a place in the results: keys and positions parted by slashes."""
    content = TABLES["read"]()
    for key in place.split("/"):
        content = content[int(key) if isinstance(content, list) else key]
    return content


@pytest.mark.parametrize(("name", "tables"), [("docs/results.md", 7), ("README.md", 1), ("README.zh-CN.md", 1)])
def test_the_tables_of_results_are_made_from_the_figures(name: str, tables: int) -> None:
    document = (ROOT / name).read_text(encoding="utf-8")
    assert TABLES["filled"](document, TABLES["read"]()) == document  # bench/result_tables.py writes it
    assert document.count("<!-- results: ") == tables


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "docs/results.md"])
def test_every_figure_in_the_prose_names_the_measured_one(name: str) -> None:
    text = NO_FIGURES.sub("", (ROOT / name).read_text(encoding="utf-8"))
    figures = FIGURE.findall(text)
    assert figures
    for figure, place in figures:
        assert place, f"{figure} names no place in docs/results.json"
        digits = len(figure.partition(".")[2])
        assert f"{measured(place):.{digits}f}" == figure.replace("−", "-"), place
