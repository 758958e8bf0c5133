"""The shopping reviews: split by their place in the file, cut by jieba, broken files named with their line."""

from __future__ import annotations

import csv
import gzip
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from tasks.base import DataError
from tasks.reviews import data as reviews
from tasks.reviews import synthetic
from tasks.reviews.settings import CATEGORIES, Settings
from tasks.reviews.task import Task
from tasks.shared.datasets import locations
from tasks.shared.text import tokenizers
from tasks.shared.text.data import SPECIALS, TextData
from tasks.shared.text.vocabulary import END, START

HEAD = "cat,label,review"
LINES = [f"{CATEGORIES[k % 10]},{k % 2},第{k}条" for k in range(1, 18)]
NAME = "online_shopping_10_cats.csv"
SETTINGS = Settings(min_count=1)
FEW = "The data hold 17 of their source's 62,774 rows: if they should be whole, fetch them again."


def write(
    folder: Path, lines: Sequence[str] = LINES, *, head: str = HEAD, mark: str = "\ufeff", end: str = "\n"
) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_text(mark + "".join(line + end for line in (head, *lines)), encoding="utf-8", newline="")
    return folder


def zipped(folder: Path, content: bytes, inside: str = NAME) -> Path:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "online_shopping_10_cats.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("__MACOSX/._" + NAME, b"\0")
        file.writestr(inside, content)
    return folder


def texts(data: TextData) -> list[str]:
    names = [*SPECIALS, *data.state["vocabulary"]]
    words = data.words.lists(torch.arange(len(data.labels)))
    return [" ".join(names[n] if n < data.known else "?" for n in numbers) for numbers in words]


def test_rows_are_split_by_their_number_counted_from_one(tmp_path: Path) -> None:
    data = reviews.load(SETTINGS, write(tmp_path))
    numbers = {split: (rows + 1).tolist() for split, rows in data.rows.items()}
    assert numbers == {"train": [1, 2, 3, 6, 7, 8, 11, 12, 13, 16, 17], "val": [4, 9, 14], "test": [5, 10, 15]}
    assert data.labels.tolist() == [k % 10 for k in range(1, 18)]
    assert data.state["labels"] == list(CATEGORIES)
    assert data.notes == (FEW,)


def test_words_stand_between_start_and_end(tmp_path: Path) -> None:
    data = reviews.load(SETTINGS, write(tmp_path, [f"书籍,1,{'纸张很好，' * 2}"] * 10))
    assert texts(data) == [f"{START} 纸张 很 好 , 纸张 很 好 , {END}"] * 10


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no BOM", "BOM"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("form", ["csv", "csv.gz", "zip", "zip in a folder"])
def test_every_form_gives_the_same_data(tmp_path: Path, mark: str, end: str, form: str) -> None:
    usual = reviews.load(SETTINGS, write(tmp_path / "usual"))
    folder = write(tmp_path / "other", mark=mark, end=end)
    if form == "csv.gz":
        path = folder / NAME
        (folder / f"{NAME}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    elif form != "csv":
        path = folder / NAME
        zipped(folder, path.read_bytes(), f"data/{NAME}" if "folder" in form else NAME)
        path.unlink()
    other = reviews.load(SETTINGS, folder)
    assert texts(other) == texts(usual)
    assert other.labels.tolist() == usual.labels.tolist()
    assert other.state["vocabulary"] == usual.state["vocabulary"]


def test_a_review_of_many_lines_with_markup_in_it_is_one_row_as_it_stands(tmp_path: Path) -> None:
    said = 'a [red]"b"[/red],\nc\r\n\n<s>'
    quoted = said.replace('"', '""')
    folder = write(tmp_path, [*LINES[:4], f'酒店,0,"{quoted}"', *LINES[5:]])
    found = list(reviews.rows(folder / NAME))
    assert found[4] == ("酒店", said)
    assert len(found) == len(LINES)
    data = reviews.load(SETTINGS, folder)
    assert data.rows["test"].tolist() == [4, 9, 14]
    row = data.characters.lists(torch.tensor([4]))[0]
    assert len(row) == 2 + len("".join(said.split()))  # <s> inside is three characters, not the start


def test_an_empty_review_keeps_its_place(tmp_path: Path) -> None:
    data = reviews.load(SETTINGS, write(tmp_path, [*LINES[:2], "书籍,1,", "书籍,1,  ", *LINES[4:]]))
    assert len(data.labels) == len(LINES)
    assert texts(data)[2:4] == [f"{START} {END}"] * 2
    assert data.notes == (
        FEW,
        "Empty reviews, which keep their place in the numbering: 2.",
    )


def test_a_folder_of_the_users_named_starter_is_not_the_starter_set(tmp_path: Path) -> None:
    assert reviews.load(SETTINGS, write(tmp_path / "starter")).notes == (FEW,)
    assert FEW[:13] not in " ".join(reviews.load(SETTINGS, locations.starter("reviews")).notes)


def test_texts_that_stand_in_two_splits_are_counted(tmp_path: Path) -> None:
    again = "书籍,1, 第1条"  # the words of row 1, which trains
    lines = [*LINES[:3], again, again, *LINES[5:8], again, *LINES[9:]]
    assert reviews.load(SETTINGS, write(tmp_path, lines)).notes == (
        FEW,
        "2 of the 3 validation reviews and 1 of the 3 test reviews also stand in the training split: "
        "the split is by row number.",
    )


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([*LINES[:6], "水壶,1,好"], "line 8: unknown category '水壶', expected 书籍, 平板, "),
        ([*LINES[:6], ",1,好"], "line 8: unknown category '', expected 书籍, "),
        ([*LINES[:6], "书籍,好"], "line 8: expected 3 columns, found 2."),
        ([*LINES[:6], "书籍,1,好,很好"], "line 8: expected 3 columns, found 4."),
        ([*LINES[:6], '书籍,1,"好"吗"'], "line 8: not a CSV row ("),
        ([*LINES[:6], '书籍,1,"好', "书籍,1,好"], "line 9: not a CSV row ("),
        ([f"书籍,1,{'好' * 140_000}"], "line 2: not a CSV row ("),
    ],
    ids=["category", "no category", "a column less", "a column more", "quote", "open quote", "too long"],
)
def test_a_broken_line_is_named(tmp_path: Path, lines: Sequence[str], sentence: str) -> None:
    folder = write(tmp_path, lines)
    with pytest.raises(DataError) as error:
        reviews.load(SETTINGS, folder)
    assert str(error.value).startswith(f"{folder / NAME}, {sentence}")
    assert "\n" not in str(error.value)


def test_a_blank_line_is_no_row(tmp_path: Path) -> None:
    blank = reviews.load(SETTINGS, write(tmp_path, [*LINES[:6], "", *LINES[6:], ""]))
    assert len(blank.labels) == len(LINES)


@pytest.mark.parametrize("head", ["cat,review", "review,label,cat", "", "书籍,1,好"])
def test_other_columns_are_named(tmp_path: Path, head: str) -> None:
    with pytest.raises(DataError) as error:
        reviews.load(SETTINGS, write(tmp_path, head=head))
    assert f"{NAME}, line 1: expected the columns cat,label,review, found {head}: put " in str(error.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty: fetch it again."),
        (f"{HEAD}\n热壶,1,好\n".encode("gb18030"), f"is not UTF-8 text at byte {len(HEAD) + 1}: "),
        (
            f"{HEAD}\n书籍,1,好".encode()[:-1],
            f"is not UTF-8 text at byte {len(HEAD) + 10}, its end, and may be truncated",
        ),
        (b"<html><body>404</body></html>", "is a web page, saved in place of the data: fetch it again"),
    ],
    ids=["empty", "GB18030 with an unknown category", "cut within a character", "web page"],
)
def test_a_file_that_is_no_text_is_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(DataError) as error:
        reviews.load(SETTINGS, tmp_path)
    assert str(error.value).startswith(f"{tmp_path / NAME} {sentence}")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_a_spreadsheets_encoding_gives_the_same_data(tmp_path: Path, encoding: str) -> None:
    usual = write(tmp_path / "usual")
    other = tmp_path / "other"
    other.mkdir()
    (other / NAME).write_bytes((usual / NAME).read_text("utf-8-sig").encode(encoding))
    assert [*reviews.rows(other / NAME)] == [*reviews.rows(usual / NAME)]


def test_a_column_of_nothing_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r": the column review is empty in all 10 rows: fetch it again\.$"):
        reviews.load(SETTINGS, write(tmp_path, ["书籍,1,"] * 10))


def test_a_zip_named_csv_is_read(tmp_path: Path) -> None:
    usual = write(tmp_path / "usual")
    folder = zipped(tmp_path / "other", (usual / NAME).read_bytes())
    (folder / "online_shopping_10_cats.zip").rename(folder / NAME)
    assert [*reviews.rows(folder / NAME)] == [*reviews.rows(usual / NAME)]


def test_a_file_of_its_head_alone_says_that_there_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no text in the data"):
        reviews.load(SETTINGS, write(tmp_path, []))


def test_a_truncated_archive_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path, "\n".join([HEAD, *LINES * 9]).encode()) / "online_shopping_10_cats.zip"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"cats\.zip is truncated or damaged, not a whole .*archive: fetch it again\.$"):
        reviews.load(SETTINGS, tmp_path)


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r" holds no online_shopping_10_cats\.csv or .*\.csv\.gz or .*\.zip: "):
        reviews.load(SETTINGS, tmp_path)


def test_the_starter_set_is_what_its_generator_writes() -> None:
    there = (locations.starter("reviews") / NAME).read_bytes()
    assert there == synthetic.text().encode()
    rows = list(csv.reader(there.decode("utf-8-sig").splitlines()))
    assert len(rows) == 1 + synthetic.EACH * len(CATEGORIES)


def test_every_split_of_the_starter_set_holds_every_category() -> None:
    data = Task.load(Settings(), locations.starter("reviews"))
    for split in ("train", "val", "test"):
        assert data.labels[data.rows[split]].unique().tolist() == list(range(10))


@pytest.mark.data
def test_the_real_reviews(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizers, "chinese", lambda text: [*text[:1]])  # jieba would take a minute
    data = Task.load(Settings(), real_data / "reviews")
    assert [data.size(split) for split in ("train", "val", "test")] == [37_665, 12_555, 12_554]
    assert int((data.labels == CATEGORIES.index("热水器")).sum()) == 575
    assert torch.bincount(data.labels).min() == 575
    assert data.notes[0] == "Empty reviews, which keep their place in the numbering: 1."
