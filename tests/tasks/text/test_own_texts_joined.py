"""Tables as they are joined and relabelled: repeated heads, empty and doubled columns, classes that look alike."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from own_texts import ROWS, examples, load, preview, table, written

from tasks.base import DataError
from tasks.text import class_names

LINES = "".join(f"{text},{label}\n" for text, label in ROWS)
KINDS = {"animal": 10, "machine": 10}


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_heads_of_joined_files_are_no_rows_and_are_told(tmp_path: Path, mark: str) -> None:
    path = written(tmp_path / "t.csv", f"{mark}text,label\n{LINES}{mark}text,label\n{mark}{LINES}")
    assert preview(path).counts == {"animal": 20, "machine": 20}
    data = load(path)
    assert data.state["labels"] == ["animal", "machine"]
    assert examples(data) == ROWS * 2
    assert "Lines that repeat the columns' names, left out: 1." in data.notes


def test_a_separator_at_each_line_s_end_makes_no_column(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "text,label,\n" + LINES.replace("\n", ",\n"))
    assert preview(path).counts == KINDS


def test_columns_of_one_name_are_told_apart_by_number(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", [(text, label, "z") for text, label in ROWS], head="text,label,text")
    assert preview(path).guessed[2] == (
        "The texts are taken from the column 'text' (by its name; 2 are called so, this one is column 1): task.text "
        "names another."
    )
    with pytest.raises(DataError) as error:
        preview(path, text="text")
    assert str(error.value) == (f"{path}: 2 columns are called 'text': set task.text to the number of one, 1 or 3.")
    assert preview(path, text="1").rows[0][0] == ROWS[0][0]


def test_a_text_in_place_of_a_class_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", f'text,label\n{LINES}a,"{"word " * 2_000_000}"\n')
    with pytest.raises(DataError) as error:
        preview(path)
    assert str(error.value) == (
        f"{path}: 'label' holds a value of 9,999,999 characters, 'word word word word word word word word '…, as free "
        "texts have and classes have not: name the column of the classes with task.label; the columns are: text, label."
    )


def test_classes_that_look_alike_are_told(tmp_path: Path) -> None:
    kinds = ("NaN", "1", "1.0", "nan", "e\u0301", "é", "b")
    path = table(tmp_path / "t.csv", [(f"text {number}", kinds[number % 7]) for number in range(70)])
    found = preview(path)
    assert len(found.counts) == 7
    assert (
        "Classes that look alike and are kept apart: 1 and 1.0, NaN and nan, e\u0301 and é; write them alike where "
        "they are one." in found.notes
    )


def test_the_order_of_classes_does_not_depend_on_that_of_the_rows() -> None:
    assert class_names.ordered(["10", "9", "1.0", "1"]) == ["1", "1.0", "9", "10"]
    assert class_names.ordered(["nan", "2", "10"]) == class_names.ordered(["10", "2", "nan"]) == ["10", "2", "nan"]


def test_the_tables_of_a_zip_but_the_first_are_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        for name in ("a.csv", "b.csv", "notes.pdf", "c.tsv"):
            archive.writestr(name, f"text,label\n{LINES}")
    found = preview(tmp_path / "t.zip")
    assert found.counts == KINDS
    assert "t.zip: of its files a.csv alone is read, b.csv, c.tsv left out: unpack it to name another." in found.notes
