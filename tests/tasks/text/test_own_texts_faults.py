"""Faults of tables and folders: a sentence each, with file, line and the setting that cures it."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from own_texts import ROWS, folder, load, preview, table, written

from tasks.base import DataError
from tasks.shared.datasets import text_table
from tasks.text.settings import Settings

RUSSIAN = [(f"хороший товар номер {number}", ("да", "нет")[number % 2]) for number in range(20)]


def fault(path: Path, **settings: object) -> str:
    """The sentence that refuses the data, without the folder's path; the preview says the same."""
    with pytest.raises(DataError) as error:
        load(path, **settings)
    if "file" not in settings:
        with pytest.raises(DataError, match=re.escape(str(error.value))):
            preview(path, **settings)
    sentence = str(error.value).replace(f"{path.parent}/", "")
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def many(text: str = "a text", count: int = 20) -> list[tuple[str, str]]:
    return [(f"{text} {number}", "ab"[number % 2]) for number in range(count)]


def test_no_column_of_classes_is_found(tmp_path: Path) -> None:
    rows = [(f"t {number}", f"w {number}") for number in range(30)]
    assert fault(table(tmp_path / "t.csv", rows, head="text,other")) == (
        "t.csv: no column of classes is found, none of them has few, short values: name it with task.label; its "
        "columns are: text, other."
    )


def test_a_column_that_is_named_is_not_there(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv")
    assert fault(path, label="kind") == (
        "t.csv: there is no column 'kind': set task.label to one of its columns: text, label."
    )
    assert fault(path, text="said").startswith("t.csv: there is no column 'said': set task.text to one of")
    assert fault(path, split="part").startswith("t.csv: there is no column 'part': set task.split to one of")


def test_text_and_class_are_one_column(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv")
    assert fault(path, text="label", label="2") == (
        "t.csv: the column 'label' is named for texts and classes both: set task.text and task.label to two of its "
        "columns: text, label."
    )
    with pytest.raises(ValueError, match="both name the column 'text'"):
        Settings(text="text", label="text").check()


def test_one_class_alone(tmp_path: Path) -> None:
    assert fault(table(tmp_path / "t.csv", [(text, "all") for text, _ in ROWS])) == (
        "t.csv: all 20 texts are of one class, 'all' (label): two are expected: name the column of the classes with "
        "task.label; the columns are: text, label."
    )


def test_a_class_that_looks_like_free_text(tmp_path: Path) -> None:
    rows = [(f"t {number}", f"w {number}") for number in range(30)]
    assert fault(table(tmp_path / "t.csv", rows)) == (
        "t.csv: 'label' has 30 different values in 30 rows, as free texts or numbers have and classes have not: name "
        "the column of the classes with task.label; the columns are: text, label."
    )
    rows = [(f"t {number}", f"w {number % 1001}") for number in range(9000)]
    assert "'label' has 1,001 different values in 1,001 rows" in fault(table(tmp_path / "u.csv", rows))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("", "a"), ("", "b")], "the column 'text' is empty throughout (2 rows): name the column of the texts"),
        ([("x", ""), ("y", " ")], "the column 'label' is empty throughout (2 rows): name the column of the classes"),
        ([("x", ""), ("", "a")], "none of its 2 rows has both a class and a text with a letter"),
    ],
)
def test_a_column_that_is_empty_throughout(tmp_path: Path, rows: list[tuple[str, str]], said: str) -> None:
    assert fault(table(tmp_path / "t.csv", rows)).startswith(f"t.csv: {said}")


@pytest.mark.parametrize(("row", "cells"), [("one", "1 cell"), ("one,two,three", "3 cells")])
def test_a_row_with_too_few_or_too_many_cells(tmp_path: Path, row: str, cells: str) -> None:
    path = written(tmp_path / "t.csv", 'text,label\n"a\nb",c\n' + f"{row}\n" + "x,y\n" * 20)
    assert fault(path) == (
        f"t.csv, line 4: {cells}, where the table has 2 columns (commas between them): put a text with commas or line "
        "breaks in double quotes, or name the separator with task.delimiter."
    )


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    lines = "".join(f"{text},{label}\n" for text, label in many())
    assert fault(written(tmp_path / "t.csv", "text,label\n" + lines + '"one,two\nthree,four\n')) == (
        "t.csv, line 22: a double quote that opens a cell here is never closed: close it, or set task.delimiter=tab "
        "where the cells are parted by tabs."
    )
    assert fault(written(tmp_path / "u.csv", "text,label\n" + lines + '"one" two,a\n')).startswith(
        "u.csv, line 22: a double quote within a quoted cell: write it twice"
    )


def test_a_line_that_is_no_json_object(tmp_path: Path) -> None:
    lines = [json.dumps({"text": text, "label": label}) for text, label in ROWS]
    assert fault(written(tmp_path / "t.jsonl", "\n".join([*lines, "[1, 2]"]))) == (
        't.jsonl, line 21: \'[1, 2]\' is no JSON object: one a line is expected, such as {"text": "…", "label": "…"}.'
    )
    assert fault(written(tmp_path / "u.jsonl", "\n".join([*lines[:3], '{"text": "x', *lines]))).startswith(
        'u.jsonl, line 4: \'{"text": "x\' is not JSON: one whole object a line is expected'
    )
    assert fault(written(tmp_path / "v.jsonl", "\n".join([*lines, '{"text": [1], "label": "a"}']))) == (
        "v.jsonl, line 21: 'text' holds a JSON list, where a text or a label is expected: name other columns with "
        "task.text and task.label."
    )
    assert "is a JSON list" in fault(written(tmp_path / "w.json", json.dumps([{"text": "a", "label": "b"}])))


def test_a_split_column_with_unknown_words(tmp_path: Path) -> None:
    rows = [(text, label, "train" if at < 15 else "later") for at, (text, label) in enumerate(ROWS)]
    assert fault(table(tmp_path / "t.csv", rows, head="text,label,part"), split="part") == (
        "t.csv, line 17: 'later' in the column 'part' is no split: train, val or test are expected; task.split names "
        "another column, task.split=none none."
    )
    rows = [(text, label, "test") for text, label in ROWS]
    assert fault(table(tmp_path / "u.csv", rows, head="text,label,split")) == (
        "u.csv: its split has no row of train: task.split=none splits the texts anew."
    )


def test_bytes_of_another_encoding(tmp_path: Path) -> None:
    lines = "".join(f"é {text},{label}\n" for text, label in many())
    (tmp_path / "t.csv").write_bytes(f"text,label\n{lines}".encode() + b"\xff,a\n")
    assert fault(tmp_path / "t.csv") == (
        "t.csv, line 22: bytes that are not UTF-8, as the rest of the file is: mend that line, or name the file's "
        "encoding with task.encoding (gb18030, cp1252, …)."
    )
    (tmp_path / "u.csv").write_bytes(f"text,label\n{lines}".encode("latin-1"))
    assert fault(tmp_path / "u.csv", encoding="utf-8") == (
        "u.csv, line 2: not UTF-8 text: name the file's encoding with task.encoding (gb18030, cp1252, …), or leave it "
        "empty for it to be found."
    )
    with pytest.raises(ValueError, match=r"task\.encoding='klingon' is no encoding"):
        Settings(encoding="klingon").check()
    with pytest.raises(ValueError, match="is no encoding"):
        Settings(encoding="base64").check()


def test_a_binary_file_and_utf_16_without_a_mark(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\x7fELF\x02\0\x01" + bytes(range(1, 256)) * 9)
    assert fault(tmp_path / "t.csv") == "t.csv is no text: it has a zero byte at byte 5 (line 1); give a file of text."
    (tmp_path / "v.csv").write_bytes(b"text,label\na,b\n" + bytes(4096))  # as a torn disk leaves a file
    assert fault(tmp_path / "v.csv") == "v.csv is no text: it has a zero byte at byte 15 (line 3); give a file of text."
    path = table(tmp_path / "u.csv", encoding="utf-16-le")
    assert fault(path) == "u.csv seems to be UTF-16 text without a mark: set task.encoding=utf-16-le."
    assert preview(path, encoding="utf-16-le").counts == {"animal": 10, "machine": 10}
    for low in ("le", "be"):
        path = table(tmp_path / "w.csv", RUSSIAN, encoding=f"utf-16-{low}")
        assert fault(path) == f"w.csv seems to be UTF-16 text without a mark: set task.encoding=utf-16-{low}."


@pytest.mark.parametrize(
    ("encoding", "word"),
    [
        ("cp1251", "хороший товар"),
        ("koi8-r", "хороший товар"),
        ("cp1253", "καλημέρα"),
        ("shift_jis", "とても良い本です"),
    ],
)
def test_text_of_another_alphabet_is_not_read_as_western(tmp_path: Path, encoding: str, word: str) -> None:
    path = table(tmp_path / "t.csv", many(word), encoding=encoding)
    assert fault(path) == (
        "t.csv, line 2: text that is neither UTF-8 nor Western (Windows-1252): name the file's encoding with "
        "task.encoding (cp1251 or koi8-r for Russian, big5, shift_jis, euc-kr, …)."
    )
    assert preview(path, encoding=encoding).rows[0][0] == f"{word} 0"


@pytest.mark.parametrize(
    "words", ["Größe und Übermaß", "naïve café … où — “été”", "Þetta er öðruvísi, æðislegt", "••• é •••"]
)
def test_western_text_is_read_as_windows_1252(tmp_path: Path, words: str) -> None:
    assert (
        preview(table(tmp_path / "t.csv", many(words.replace(",", "")), encoding="cp1252"))
        .rows[0][0]
        .startswith(words.replace(",", ""))
    )


def test_files_without_a_row(tmp_path: Path) -> None:
    assert fault(written(tmp_path / "t.csv", "")) == "t.csv is empty: fetch it again."
    assert fault(written(tmp_path / "u.csv", "\n \n")).startswith("u.csv holds blank lines alone")
    assert fault(written(tmp_path / "v.csv", "text,label\n")).startswith("v.csv has a line of column names and no row")
    assert fault(written(tmp_path / "w.csv", "text\none\ntwo\n")) == (
        "w.csv, line 1: one column alone ('text'): a text and its label are expected, with commas, tabs, semicolons or "
        "bars between them; set task.delimiter if another is meant."
    )
    assert "('text,label'): a text and its label are expected, with tabs between" in fault(
        table(tmp_path / "x.csv"), delimiter="tab"
    )


def test_a_damaged_packed_file(tmp_path: Path) -> None:
    packed = gzip.compress(("text,label\n" + "\n".join(",".join(row) for row in many(count=3000))).encode())
    (tmp_path / "t.csv.gz").write_bytes(packed[:-200])
    assert fault(tmp_path / "t.csv.gz") == "t.csv.gz is truncated or damaged, not a whole archive: copy it again."
    (tmp_path / "u.csv").write_bytes(b"PK\x03\x04 no archive")
    assert fault(tmp_path / "u.csv") == "u.csv is truncated or damaged, not a whole archive: fetch it again."


def test_a_folder_in_place_of_a_file_and_the_other_way_round(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv")
    (tmp_path / "d").mkdir()
    assert fault(tmp_path, file=str(tmp_path / "d")).endswith(
        "d is a folder: name it with task.folder in place of task.file."
    )
    with pytest.raises(DataError, match=r"t\.csv is a file: name it with task\.file in place of task\.folder\."):
        load(path, file="", folder=str(path))
    with pytest.raises(ValueError, match=r"task\.file and task\.folder are both set"):
        Settings(file="a", folder="b").check()
    with pytest.raises(DataError, match=r"There is no file .*gone\.csv: name one with task\.file\."):
        load(tmp_path / "gone.csv")
    with pytest.raises(DataError, match=r"There is no folder .*gone: name one with task\.folder\."):
        load(path, file="", folder=str(tmp_path / "gone"))


def test_a_folder_without_texts(tmp_path: Path) -> None:
    empty = folder(tmp_path / "d", {})
    empty.mkdir()
    assert fault(empty) == (
        "d holds no texts: a .txt file for each class with a text a line, or a folder for each class with a .txt file "
        "for each text, is expected (task.folder)."
    )
    assert "holds no texts" in fault(folder(tmp_path / "e", {"a.png": "x", "b/c.png": "y"}))
    assert "all 2 texts are of one class, 'a' (the files' names)" in fault(folder(tmp_path / "f", {"a.txt": "x\ny"}))


def test_too_few_texts_to_be_split(tmp_path: Path) -> None:
    assert fault(table(tmp_path / "t.csv", [("x", "a"), ("y", "b"), ("z", "a"), ("w", "b")])) == (
        "t.csv: no text is left for val and test: one class at least needs three different texts; give more of them."
    )


def test_ten_megabytes_in_one_cell_are_cut_and_told(tmp_path: Path) -> None:
    rows = [*many(), ("word " * 2_000_000, "a")]
    shown = preview(table(tmp_path / "t.csv", rows))
    assert shown.lengths["longest"] == 100_000
    assert shown.dropped == ["Texts cut to their first 100,000 characters: 1."]


def test_a_cell_that_swallows_the_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_table, "LONGEST_CELL", 1000)
    path = written(tmp_path / "t.csv", "text,label\n" + "x,a\n" * 20 + '"one,b\n' + "x,a\n" * 500)
    assert fault(path) == (
        "t.csv, line 22: a double quote that opens a cell here is never closed (a cell has more than 1,000 "
        "characters): close it, or set task.delimiter=tab where the cells are parted by tabs."
    )


def test_a_folder_s_faults_name_what_was_left_out_and_no_column(tmp_path: Path) -> None:
    lines = "\n".join(text for text, _ in many(count=4))
    assert fault(folder(tmp_path / "one", {"a.txt": lines, "b.txt": " \n", "c.pdf": "x"})) == (
        "one: all 4 texts are of one class, 'a' (the files' names): two are expected: put a file or a folder there for "
        "each class. Left out of one, as no texts of a class (.txt files are): c.pdf. Files without a text, left out: "
        "b.txt."
    )
    assert fault(folder(tmp_path / "none", {"a.pdf": "x", "b.png": "y"})) == (
        "none holds no texts: a .txt file for each class with a text a line, or a folder for each class with a .txt "
        "file for each text, is expected (task.folder). Left out of none, as no texts of a class (.txt files are): "
        "a.pdf, b.png."
    )
    assert fault(folder(tmp_path / "blank", {"a.txt": "", "b.txt": ""})) == (
        "blank: every text is empty: put texts into its files, or name another folder."
    )
    assert fault(folder(tmp_path / "last", {"test/a.txt": lines, "test/b.txt": lines})) == (
        "last: its split has no row of train: put a folder train there, or name the one that holds the texts with "
        "task.folder."
    )


def test_texts_without_a_letter_or_digit(tmp_path: Path) -> None:
    assert fault(table(tmp_path / "t.csv", [("!!! 😀", "ab"[number % 2]) for number in range(20)])) == (
        "t.csv: none of its 20 texts has a letter or a digit, which alone are read: name the column of the texts with "
        "task.text."
    )
    assert fault(table(tmp_path / "u.csv", [("a text", "a")])).startswith("u.csv: its only text is of one class, 'a'")
