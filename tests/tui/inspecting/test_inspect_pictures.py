"""Contents of an inspection's pictures, without a screen."""

from __future__ import annotations

import pytest
from fake_inspection import CLASSES, UNITS, grid, inspection

from workbench.inference.protocol import Inspect
from workbench.runs.inspections import StepAnswer
from workbench.tui.inspect.picture import Choice, Painter, Unit
from workbench.tui.inspect.step_numbers import forecasts, numbers
from workbench.tui.inspect.step_rows import BandRows, BarRows, LikeliestRows, StackRows, by_activity, largest
from workbench.tui.inspect.subject import describe, editable, neighbour, subject_of


def test_a_typed_place_is_a_row_of_the_test_split_and_anything_else_a_text() -> None:
    assert subject_of("row 3") == Inspect(place=2)
    assert subject_of(" Window 0 ") == Inspect(place=0)
    assert subject_of("rows 3") == Inspect(text="rows 3")
    for typed, sentence in (("  ", "Type a text"), ("row 0", "counted from 1")):
        with pytest.raises(ValueError, match=sentence):
            subject_of(typed)


def test_a_row_is_described_by_its_place_and_filled_in_as_its_text() -> None:
    words, header = inspection(["a", "very", "long", "film"]), inspection(["<s>", "五绝", "月"])
    forecast = inspection("ab", unit="°C")
    assert describe(Inspect(place=0), words) == "test row 1"
    assert describe(Inspect(place=4), forecast) == "test window 4"
    assert describe(Inspect(row=9)) == "row 9 of the data"
    assert describe(Inspect(text="x")) == ""
    assert editable(Inspect(place=0), words) == "a very long film"
    assert editable(Inspect(place=1), inspection("Li")) == "Li"
    assert editable(Inspect(place=1), header) == "row 2"
    assert editable(Inspect(place=1), forecast) == "window 1"
    assert neighbour(Inspect(text="x"), -1) == Inspect(place=0)
    assert neighbour(Inspect(place=0, split="val"), 1) == Inspect(place=1, split="val")


def test_units_are_sorted_by_the_variance_of_their_values() -> None:
    values = grid(4, 3, lambda t, u: [5.0, t % 2, -3.0 * t][u])
    assert by_activity(values) == [2, 1, 0]
    assert largest(values) == 9.0


def test_bars_rise_from_the_middle_where_some_values_are_below_zero() -> None:
    rows = BarRows([1.0, -1.0, 0.5, 0.0], 4)
    columns = [[rows.cell(row, step) for row in range(4)] for step in range(4)]
    assert [cell.text for cell in columns[0]] == ["█", "█", " ", " "]
    assert [cell.text for cell in columns[1]] == [" ", " ", "█", "█"]
    assert [cell.text for cell in columns[2]] == [" ", "█", " ", " "]
    assert {cell.text for cell in columns[3]} == {" "}
    assert [BarRows([0.5, 1.0], 2).cell(row, 0).text for row in range(2)] == [" ", "█"]
    assert [BarRows([-1.0, -0.25], 1).cell(0, step).text for step in range(2)] == ["█", "▆"]
    assert BarRows([-1.0, -0.25], 1).cell(0, 1).turned  # a quarter hangs from the line


def test_the_band_holds_the_quantiles_around_the_mean() -> None:
    rows = BandRows(grid(1, 11, lambda t, u: u / 10), 0.0, 1.0, 11)
    texts = "".join(rows.cell(row, 0).text or " " for row in range(11))
    assert texts.strip().replace("░", "").count("━") == 1
    assert texts.index("░") < texts.index("▒") < texts.index("━")


def test_probabilities_are_stacked_to_their_sum() -> None:
    rows = StackRows(grid(1, 3, lambda t, k: [0.5, 0.25, 0.25][k]), [0, 2], 4)
    assert [rows.cell(row, 0).text for row in range(4)] == ["", "B", "A", "A"]
    assert rows.labels == ["1", "", "", "0"]


def test_the_likeliest_answers_stand_over_the_right_one_and_its_probability() -> None:
    rows = LikeliestRows([StepAnswer([("月", 0.6), ("日", 0.3)], "日", 0.3)])
    assert rows.labels == ["1", "2", "right", "% right"]
    assert [rows.cell(row, 0)[:2] for row in range(4)] == [("月", 0.6), ("日", 0.3), ("日", 0.3), ("30", 0.3)]


def test_a_gate_is_shaded_from_its_middle_and_a_state_from_zero() -> None:
    painter = Painter(inspection("Abc"))
    gate = painter.paint(Choice("gates", form="number"))
    assert gate.make
    assert gate.signs == ("open", "shut")
    value = painter.inspection.cells[0].gates["i"].row(1)[2]
    assert gate.make(5).cell(2, 1).shade == pytest.approx(2 * value - 1)
    state = painter.paint(Choice("states", parts=(0, 1, 0), form="activity"))
    assert state.make
    assert state.make(5).number(0) == 3
    assert max(abs(state.make(5).cell(0, step).shade) for step in range(3)) == pytest.approx(1)


def test_a_followed_unit_shades_the_text_and_stands_above_the_others() -> None:
    painter = Painter(inspection("Abcd"))
    choice = Choice("states", followed=Unit(0, 0, 3))
    picture = painter.paint(choice)
    assert len(picture.background) == 4
    assert max(map(abs, picture.background)) == pytest.approx(1)
    assert picture.pinned
    assert picture.pinned(3).labels[0] == "h 3"
    other = painter.followed(choice._replace(cell=1))
    assert other is not None
    assert other[0] == "c"  # of its own layer's memory
    assert painter.paint(choice._replace(followed=Unit(0, 0, UNITS))).background == ()


def test_what_is_not_there_is_a_sentence() -> None:
    painter = Painter(inspection("Abc", gates=False, contributions=False))
    assert painter.paint(Choice("gates")).problem == "torch-lstm does not show its gates."
    plain = Painter(inspection("Abc", gates=False, cell="rnn"))
    assert plain.paint(Choice("gates")).problem == "rnn has no gates."
    assert "what it writes" in painter.paint(Choice("memory")).problem
    assert "being measured" in painter.paint(Choice("contributions")).problem
    assert "no recurrence" in Painter(inspection("Abc", layers=0)).paint(Choice("states")).problem
    assert "after single steps" in Painter(
        inspection("Abc", answers=[], classes=[], probabilities=None)
    ).paint(Choice("answer")).problem  # fmt: skip


def test_the_means_of_all_gates_stand_below_one_another_where_there_is_room() -> None:
    make = Painter(inspection("Abc")).paint(Choice("gates", form="mean")).make
    assert make
    assert {label.split(" ")[0] for label in make(12).labels if " " in label} == {"i", "f"}
    assert len(make(5).labels) == 5


def test_a_forecast_is_drawn_for_as_many_times_as_have_room() -> None:
    found = inspection(
        "abc", unit="°C", forecast=grid(3, 12, lambda t, a: 10.0 + a), times=[f"t{a}" for a in range(12)], answers=[]
    )
    make = Painter(found).paint(Choice("answer")).make
    assert make
    assert make(4).labels == ["t2", "t5", "t8", "t11"]
    assert make(4).cell(3, 0).shade == pytest.approx(1)
    assert not make(4).choosable  # an hour is no unit, whose gates could be told
    series = forecasts(found, 0)
    assert series is not None
    assert series.curves["at this step"][:2] == [10.0, 11.0]
    assert "t1  11.0 °C" in numbers(Painter(found), Choice(), 0, None).plain


def test_every_number_of_a_step_is_told() -> None:
    painter = Painter(inspection("Abc"))
    told = numbers(painter, Choice(followed=Unit(1, 0, 4)), 2, 3).plain
    cell = painter.inspection.cells[0]
    assert told.startswith("step 3 of 3  c\n")
    assert f"i {cell.gates['i'].row(2)[3]:.3f}" in told
    assert "unit 4 of layer 2" in told
    assert "added to one  gradient × input -0.416  occlusion -0.208" in told
    assert any(name in told for name in CLASSES)
    assert numbers(painter, Choice(), 3, None).plain == ""


def test_a_forecast_of_one_number_is_told_with_its_name_once() -> None:
    found = inspection("ab", unit="sum", forecast=grid(2, 1, lambda t, a: 1.25), times=["sum"], answers=[])
    assert "sum  1.2\n" in numbers(Painter(found), Choice(), 0, None).plain
