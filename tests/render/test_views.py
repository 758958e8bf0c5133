"""Views of a task as Rich renderables: on a terminal and in a pipe."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

import tasks
from tasks.names.settings import LANGUAGES
from tasks.views import Confusion, Series, Table, Text, View
from workbench.render import views

CATEGORIES = ["书籍", "平板", "手机", "水果", "洗发水", "热水器", "蒙牛", "衣服", "计算机", "酒店"]
HOURS = [float(hour) for hour in range(-24, 25)]
FORECAST = Series(
    title="forecast",
    note="°C over hours",
    x_label="hours",
    x=HOURS,
    curves={
        "truth": [15 + hour / 4 if hour != 3 else None for hour in HOURS],
        "last [red] value": [None if hour <= 0 else 15.0 for hour in HOURS],
    },
)


def drawn(view: View, width: int = 160, *, terminal: bool = False, task: str = "names") -> str:
    out = io.StringIO()
    colours = {"force_terminal": True, "color_system": "standard"} if terminal else {}
    Console(file=out, width=width, **colours).print(views.view(view, tasks.settings(task)))
    return out.getvalue()


def test_a_series_in_a_pipe_has_a_fixed_size_and_letters_for_curves() -> None:
    text = drawn(FORECAST)
    assert text == drawn(FORECAST, 300)
    lines = text.splitlines()
    assert lines[0] == "forecast"
    assert lines[1].split("   ") == ["· truth", "x last [red] value", ""]
    assert max(map(len, lines)) == 100
    assert {"·", "x", "-12", "0", "12"} <= set(text.replace("x", " x ").replace("·", " · ").split())
    assert lines[-1].strip() == "°C over hours"
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [60, 100])
def test_a_series_on_a_terminal_is_as_wide_and_coloured(width: int) -> None:
    text = drawn(FORECAST, width, terminal=True)
    assert "\x1b[34m━ truth" in text
    assert any("\u2801" <= letter <= "\u28ff" for letter in text)
    assert max(cell_len(line) for line in drawn(FORECAST, 60).splitlines()[2:-1]) <= 100


def test_a_series_without_a_point_is_no_error() -> None:
    assert "no point to draw" in drawn(Series(title="t", x_label="x", x=[1.0], curves={"a": [None]}))
    assert "│" in drawn(Series(title="t", x_label="x", x=[1.0], curves={"a": [5.0]}))


def test_a_gap_is_not_bridged() -> None:
    x = [float(k) for k in range(100)]
    broken = Series(title="t", x_label="x", x=x, curves={"a": [None if 30 < k < 70 else 1.0 for k in x]})
    row = next(line for line in drawn(broken).splitlines()[2:] if line.count("·") > 10)
    assert "·" * 20 in row
    assert " " * 20 in row.strip("│┤ ")


def test_a_chinese_table_lines_up() -> None:
    rows: list[list] = [[name, 0.5, 1200 + k] for k, name in enumerate(CATEGORIES)]
    lines = drawn(
        Table(title="per category", columns=["category", "f1", "support"], rows=rows), task="reviews"
    ).splitlines()
    assert len({cell_len(line.rstrip()) for line in lines if "0.5000" in line}) == 1
    assert any(line.split() == ["category", "F1", "support"] for line in lines)


def test_figures_of_a_column_have_the_same_digits() -> None:
    table = Table(title="e", columns=["lead", "network"], rows=[["1 h", 0.5], ["6 h", 12.3456], ["24 h", None]])
    assert [line.split()[-1] for line in drawn(table).splitlines() if " h " in line] == ["0.50", "12.35", "–"]


@pytest.mark.parametrize("labels", [["neg", "pos"], CATEGORIES, [f"class {k}" for k in range(60)]])
@pytest.mark.parametrize("width", [60, 160])
def test_a_confusion_matrix_of_any_number_of_classes_lines_up(labels: list[str], width: int) -> None:
    counts = [[12_345 if i == j else 0 for j in range(len(labels))] for i in range(len(labels))]
    lines = drawn(Confusion(title="confusion", labels=labels, counts=counts), width).splitlines()
    assert ("columns have no room here" in lines[-1]) == (len(labels) == 60)
    in_percent = len(labels) == 10 and width == 60
    rows = lines[2 : 2 + len(labels)]
    assert len({cell_len(line) for line in rows}) == 1
    assert max(map(cell_len, rows)) <= width
    assert rows[0].split()[1] == ("100" if in_percent else "12345") or len(labels) == 60


@pytest.mark.parametrize(
    "view",
    [
        Text(title="[red]a", text="床前[red]明月\x1b[2J光"),
        Table(title="[red]a", columns=["[red]b", "c"], rows=[["[red]明月\x1b[2J光", 0.5]]),
        Confusion(title="[red]a", labels=["[red]明\x1b[2J", "月"], counts=[[1, 0], [0, 1]]),
        Series(title="[red]a", x_label="[red]\x1b[2J", x=[1.0, 2.0], curves={"[red]\x1b[2J": [1.0, 2.0]}),
    ],
    ids=lambda view: type(view).__name__,
)
def test_text_is_never_markup_and_never_obeyed(view: View) -> None:
    text = drawn(view, terminal=True)
    assert text.count("[red]") >= 2
    assert "\x1b[2J" not in text


@pytest.mark.parametrize(
    ("largest", "width", "counts"),
    [(99, 80, True), (999, 78, True), (999, 77, False), (9999, 80, False), (9999, 120, True), (99999, 120, True)],
)
def test_counts_of_a_confusion_matrix_never_run_together(largest: int, width: int, counts: bool) -> None:
    cells = [[largest if i == j else largest // 10 + j for j in range(18)] for i in range(18)]
    lines = drawn(Confusion(title="c", labels=list(LANGUAGES), counts=cells), width).splitlines()
    shares = [[f"{count / sum(row):.0%}"[:-1] for count in row] for row in cells]
    figures = [line.split()[1:] for line in lines[2:20]]
    assert figures == ([[*map(str, row)] for row in cells] if counts else shares)
    assert any("Percent of the row, as the counts have no room" in line for line in lines) != counts
    assert max(map(len, lines[:20])) <= width


def test_two_digits_of_a_share_stand_for_99_and_more() -> None:
    cells = [[12345 * (i == j) for j in range(18)] for i in range(18)]
    lines = drawn(Confusion(title="c", labels=list(LANGUAGES), counts=cells), 64).splitlines()
    assert lines[2].split()[:2] == ["Arabic", "99"]
    assert "99: 99 and more." in " ".join(lines[20:])
