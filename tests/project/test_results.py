"""The figures in the documents are those in ``docs/results.json``."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from workbench.studies import plan as plans

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


@pytest.mark.parametrize(("name", "tables"), [("docs/results.md", 11), ("README.md", 1), ("README.zh-CN.md", 1)])
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


@pytest.mark.parametrize("path", sorted((ROOT / "bench" / "plans").glob("*.toml")), ids=lambda path: path.stem)
def test_every_plan_of_results_describes_its_runs(path: Path) -> None:
    plan = plans.read(path)
    assert path.stem.partition("-")[0] == plan.task in TABLES["COLUMNS"]
    assert plans.expand(plan)


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "bench")])
    import results

    return results


def test_a_gain_over_splits_has_students_interval(results: Any) -> None:
    """Differences of 1, 2 and 3 points: mean 2, standard error 1 / √3, t(.975, 2) = 4.3027."""
    found = results._gain([], {}, [], {"a": [0.01], "b": [0.01, 0.03], "c": [0.03]}, "accuracy")
    assert found == {"mean": 0.02, "low": -0.004841, "high": 0.044841, "over": "3 splits"}


def test_one_run_has_no_interval_and_no_spread(results: Any) -> None:
    gain = results._gain([], {"": results.TestRows(9, {}, "ridge", None)}, [], {"": [0.5]}, "rmse_c")
    assert gain == {"mean": 0.5, "low": None, "high": None, "over": "1 seeds"}
    assert results._spreads([{"loss": 1.0, "f1": None}]) == {
        "loss": {"mean": 1.0, "sd": None},
        "f1": {"mean": None, "sd": None},
    }
    assert results._spreads([{"loss": 1.0}, {"loss": 3.0}]) == {"loss": {"mean": 2.0, "sd": 1.414214}}
