"""Tables of one's own: separators, encodings, heads and columns are found, and told."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest
from own_texts import ROWS, examples, load, preview, split_of, table, written

EXPECTED = [(text, label) for text, label in ROWS]


@pytest.mark.parametrize(("separator", "name"), [(",", "commas"), ("\t", "tabs"), (";", "semicolons"), ("|", "bars")])
def test_a_separator_is_found_and_told(tmp_path: Path, separator: str, name: str) -> None:
    lines = ["text" + separator + "label", *(separator.join(row) for row in ROWS)]
    data = load(written(tmp_path / "t.csv", "\r\n".join(lines)))
    assert examples(data) == EXPECTED
    assert f"t.csv has {name} between the cells (task.delimiter)." in data.notes


def test_quoted_cells_hold_separators_and_line_breaks(tmp_path: Path) -> None:
    rows = "".join(f'"one, ""two""\nthree {text}",{label}\n' for text, label in ROWS)
    assert examples(load(written(tmp_path / "t.csv", "text,label\n" + rows)))[0] == (
        'one , " two " three a red cat',
        "animal",
    )


def test_quotes_of_a_table_with_tabs_may_be_plain_characters(tmp_path: Path) -> None:
    rows = "".join(f'"{text}\t{label}\n' for text, label in ROWS)
    data = load(written(tmp_path / "t.tsv", "text\tlabel\n" + rows))
    assert examples(data)[1] == ('" a red car', "machine")
    assert "t.tsv has tabs between the cells, quotes are plain characters (task.delimiter)." in data.notes


def test_json_lines_are_read(tmp_path: Path) -> None:
    lines = [json.dumps({"id": number, "body": text, "topic": label}) for number, (text, label) in enumerate(ROWS)]
    data = load(written(tmp_path / "t.jsonl", "\n".join(lines) + "\n\n"))
    assert examples(data) == EXPECTED
    assert "t.jsonl holds JSON lines." in data.notes


def test_labels_of_json_lines_may_be_numbers_and_truths(tmp_path: Path) -> None:
    lines = [json.dumps({"text": text, "label": label == "animal"}) for text, label in ROWS]
    assert load(written(tmp_path / "t.jsonl", "\n".join(lines))).state["labels"] == ["false", "true"]
    lines = [json.dumps({"text": text, "label": 10 if label == "animal" else 9}) for text, label in ROWS]
    assert load(written(tmp_path / "n.jsonl", "\n".join(lines))).state["labels"] == ["9", "10"]


@pytest.mark.parametrize("packed", ["gz", "zip"])
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl"])
def test_a_packed_table_is_read_as_it_is(tmp_path: Path, name: str, packed: str) -> None:
    by_name = {
        "t.csv": "text,label\n" + "\n".join(",".join(row) for row in ROWS),
        "t.tsv": "text\tlabel\n" + "\n".join("\t".join(row) for row in ROWS),
        "t.jsonl": "\n".join(json.dumps({"text": text, "label": label}) for text, label in ROWS),
    }
    path = tmp_path / f"{name}.{packed}"
    if packed == "gz":
        path.write_bytes(gzip.compress(by_name[name].encode()))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, by_name[name])
    assert examples(load(path)) == EXPECTED


@pytest.mark.parametrize(
    ("encoding", "words", "told"),
    [
        ("utf-8", ("café", "naïve"), "t.csv is in UTF-8 (task.encoding)."),
        ("utf-8-sig", ("café", "naïve"), "t.csv is in UTF-8 with a mark (task.encoding)."),
        ("utf-16", ("café", "naïve"), "t.csv is read as UTF-16: task.encoding names another."),
        ("cp1252", ("café", "“naïve” été"), "t.csv is read as Windows-1252: task.encoding names another."),
        ("latin-1", ("café", "\x81 naïve"), "t.csv is read as Latin-1: task.encoding names another."),
        ("gb18030", ("书很好看", "苹果很甜"), "t.csv is read as GB18030: task.encoding names another."),
    ],
)
def test_an_encoding_is_found_and_told(tmp_path: Path, encoding: str, words: tuple[str, str], told: str) -> None:
    rows = [(f"{words[number % 2]} {number}", "ab"[number % 2]) for number in range(20)]
    shown = preview(table(tmp_path / "t.csv", rows, encoding=encoding))
    assert told in shown.guessed
    assert shown.columns == ["text", "class"]
    assert shown.rows == [[text.strip(), label] for text, label in rows[:5]]


def test_an_encoding_can_be_forced(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", [(f"été {number}", "ab"[number % 2]) for number in range(20)], encoding="latin-1")
    assert preview(path, encoding="latin-1").rows[0] == ["été 0", "a"]
    assert preview(path, encoding="cp1251").rows[0] == ["йtй 0", "a"]


@pytest.mark.parametrize(
    ("head", "text", "label"),
    [
        ("review,sentiment", "review", "sentiment"),
        ("Sentence,Category", "Sentence", "Category"),
        ("内容,类别", "内容", "类别"),
        ("tweet,target", "tweet", "target"),
    ],
)
def test_usual_names_tell_the_columns(tmp_path: Path, head: str, text: str, label: str) -> None:
    data = load(table(tmp_path / "t.csv", head=head))
    assert examples(data) == EXPECTED
    assert f"The texts are taken from the column {text!r} (by its name): task.text names another." in data.notes
    assert f"The classes are taken from the column {label!r} (by its name): task.label names another." in data.notes


def test_content_tells_the_columns_where_no_name_does(tmp_path: Path) -> None:
    rows = [(str(number), label, f"{text} {number}") for number, (text, label) in enumerate(ROWS)]
    data = load(table(tmp_path / "t.csv", rows, head="id,kind,said"))
    assert examples(data)[3] == ("a green car 3", "machine")
    assert (
        "The texts are taken from the column 'said' (its cells are the longest): task.text names another." in data.notes
    )
    assert "The classes are taken from the column 'kind' (its values are few): task.label names another." in data.notes


def test_a_table_without_a_head_has_numbered_columns(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", head="")
    data = load(path)
    assert examples(data) == EXPECTED
    assert any("first line of t.csv is taken for a row" in note for note in data.notes)
    assert "The classes are taken from the column '2' (its values are few): task.label names another." in data.notes
    assert examples(load(path, text="1", label="2", header="no")) == EXPECTED
    assert len(examples(load(path, header="yes", text="1", label="2"))) == len(ROWS) - 1


def test_a_class_that_is_a_usual_name_of_columns_makes_no_head(tmp_path: Path) -> None:
    rows = [(f"is it {number}", "question") if number % 2 else (f"it is {number}", "comment") for number in range(20)]
    assert len(examples(load(table(tmp_path / "t.csv", rows, head="")))) == 20


def test_columns_can_be_named(tmp_path: Path) -> None:
    rows = [(text, "no text", label) for text, label in ROWS]
    path = table(tmp_path / "t.csv", rows, head="said,text,kind")
    assert examples(load(path, text="said", label="kind")) == EXPECTED
    assert examples(load(path, text="Said", label="3")) == EXPECTED


def test_a_split_column_is_taken_and_can_be_left_unread(tmp_path: Path) -> None:
    rows = [(text, label, ("train", "dev", "test", "Training")[at // 2 % 4]) for at, (text, label) in enumerate(ROWS)]
    path = table(tmp_path / "t.csv", rows, head="text,label,split")
    data = load(path)
    names = {"dev": "val", "Training": "train"}
    assert split_of(data) == [names.get(row[2], row[2]) for row in rows]
    assert "The split is taken from the column 'split': task.split=none leaves it unread." in data.notes
    assert split_of(load(path, split="none")) != split_of(data)


def test_where_the_split_lacks_val_some_of_train_is_held_back_and_told(tmp_path: Path) -> None:
    rows = [(f"{text} {k}", label, "train") for k in range(5) for text, label in ROWS]
    rows += [(f"{text} of the test", label, "test") for text, label in ROWS]
    data = load(table(tmp_path / "t.csv", rows, head="text,label,part"), split="part")
    assert [data.size(split) for split in ("train", "val", "test")] == [90, 10, 20]
    assert split_of(data)[100:] == ["test"] * 20
    assert "The data have no val split: of train are held back 10 for val." in data.notes
