"""The names: folded, read, split, encoded, and recalled when their files are gone."""

from __future__ import annotations

import shutil
import string
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.base import DataError
from tasks.names import data as names
from tasks.names.data import LETTERS, NamesData, fold
from tasks.names.settings import LANGUAGES, Settings
from tasks.names.task import Task
from tasks.shared.datasets import locations


def write(folder: Path, **contents: bytes) -> Path:
    """A names folder: three surnames a language, those of ``contents`` as they are given."""
    folder.mkdir(exist_ok=True)
    for k, language in enumerate(LANGUAGES):
        letters = string.ascii_letters[k] * 3
        usual = "".join(f"{letters}{end}\n" for end in "xyz").encode()
        (folder / f"{language}.txt").write_bytes(contents.get(language, usual))
    return folder


def of_language(data: NamesData, language: str) -> list[str]:
    """The names of a language, in the order of the rows."""
    rows = (data.labels == LANGUAGES.index(language)).nonzero()[:, 0].tolist()
    return ["".join(LETTERS[c] for c in data.codes[r, : data.lengths[r]].tolist()) for r in rows]


def load(folder: Path, **settings: Any) -> NamesData:
    return names.load(Settings(**settings), folder)


def splits_of(data: NamesData) -> dict[str, set[str]]:
    """The splits in which each name stands."""
    found = defaultdict(set)
    for split in ("train", "val", "test"):
        for name in data.names(split)[0]:
            found[name].add(split)
    return found


@given(st.text(max_size=30))
def test_folding_leaves_only_the_letters_and_counts_what_it_drops(text: str) -> None:
    name, lost = fold(text)
    assert set(name) <= set(LETTERS)
    assert name == name.strip()
    assert fold(name) == (name, "")
    plain = [c for c in unicodedata.normalize("NFD", text.strip()) if unicodedata.category(c) != "Mn"]
    assert Counter(lost) == Counter(c for c in plain if c not in LETTERS)
    assert Counter(name) - Counter(plain) == Counter()


@given(st.text(LETTERS, max_size=20))
def test_a_name_in_the_letters_stays_and_is_encoded_letter_by_letter(text: str) -> None:
    name = text.strip()
    assert fold(text) == (name, "")
    assert "".join(LETTERS[code] for code in names.encode(name)) == name


@given(st.text(string.ascii_letters, min_size=1, max_size=10), st.lists(st.sampled_from("\u0301\u0308\u0327\u030c")))
def test_accents_are_dropped_and_not_counted_as_lost(plain: str, marks: list[str]) -> None:
    accented = plain[:1] + "".join(marks) + plain[1:]
    assert fold(accented) == (plain, "")
    assert fold(unicodedata.normalize("NFC", accented)) == (plain, "")


@pytest.mark.parametrize(
    ("name", "folded", "lost"),
    [
        ("Ślusàrski", "Slusarski", ""),
        ("O'Néàl", "O'Neal", ""),
        ("Łuczak", "uczak", "Ł"),
        ("Großmann", "Gromann", "ß"),
        ("Abd-el 1", "Abdel", "-1"),
        ("  To  Van ", "To  Van", ""),
        ("佐藤", "", "佐藤"),
        ("", "", ""),
    ],
)
def test_folding(name: str, folded: str, lost: str) -> None:
    assert fold(name) == (folded, lost)


def test_there_are_57_letters() -> None:
    assert len(LETTERS) == len(set(LETTERS)) == 57


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"Doe\n\n  \nRoe\n", ["Doe", "Roe"]),
        (b"\xef\xbb\xbfDoe\nRoe\n", ["Doe", "Roe"]),
        (b"Doe\r\nRoe\r\n", ["Doe", "Roe"]),
        (b"Doe\nRoe", ["Doe", "Roe"]),
        ("Döe\n\u4f50\nR\u00f8e\n".encode(), ["Doe", "Re"]),
        (b" Doe \n\tRoe\n", ["Doe", "Roe"]),
    ],
    ids=["blank lines", "BOM", "CRLF", "no last line end", "beyond ASCII", "blanks around"],
)
def test_every_line_that_is_not_blank_is_a_name(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    data = load(write(tmp_path / "names", Irish=content))
    assert of_language(data, "Irish") == expected
    assert of_language(data, "Arabic") == ["aaax", "aaay", "aaaz"]
    assert bool(data.notes) == ("ø" in content.decode())  # nothing else is lost, a BOM least of all


def test_what_is_lost_is_told_once_with_its_count(tmp_path: Path) -> None:
    folder = write(tmp_path / "names", Irish="Røe\nDøe-ø\n佐\n\nLee\n".encode(), Czech="Ñandú\n".encode())
    data = load(folder)
    assert data.notes == (
        "5 characters have no ASCII letter and were dropped from names: 'ø'×3 '-'×1 '佐'×1.",
        "1 line holds no ASCII letter at all and was skipped.",
    )
    assert load(folder).notes == data.notes  # from the cache too
    assert load(write(tmp_path / "plain")).notes == ()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\n \n", "holds no name"),
        ("佐藤\n".encode(), "holds no name"),
        (b"Doe\nM\xfcller\n", "is not UTF-8 text at byte 5"),
        (b"\xff\xfeD\0o\0e\0", "is not UTF-8 text at byte 0"),
    ],
    ids=["empty", "blank", "no Latin letter", "Latin-1", "UTF-16"],
)
def test_a_file_without_names_is_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    folder = write(tmp_path / "names", Irish=content)
    with pytest.raises(DataError, match=rf"Irish\.txt {sentence}: fetch it again"):
        load(folder)


@pytest.mark.parametrize("there", ["nothing", "folder"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, there: str) -> None:
    folder = write(tmp_path / "names")
    (folder / "Irish.txt").unlink()
    if there == "folder":
        (folder / "Irish.txt").mkdir()
    with pytest.raises(DataError, match=r"Irish\.txt (is missing|is a folder): "):
        load(folder)


@pytest.mark.parametrize(("length", "refused"), [(100, False), (101, True), (10_000, True)])
def test_a_line_that_is_too_long_for_a_name_is_named(tmp_path: Path, length: int, refused: bool) -> None:
    folder = write(tmp_path / "names", Irish=b"Doe\n\n" + b"x" * length + b"\n")
    if not refused:
        assert of_language(load(folder), "Irish") == ["Doe", "x" * length]
        return
    with pytest.raises(DataError) as caught:
        load(folder)
    assert str(caught.value) == (
        f"{folder / 'Irish.txt'}, line 3 has {length:,} characters, and a name at most 100: "
        "write each name on a line of its own."
    )


def test_files_of_other_languages_are_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "names")
    (folder / "Klingon.txt").write_text("Worf\n")
    (folder / "readme.md").write_text("not names\n")
    expected = f"Klingon.txt in {folder} is left out: the task has 18 languages."
    assert load(folder).notes == (expected,)
    assert load(folder).notes == (expected,)  # the cached encoding's too
    (folder / "Elvish.txt").write_text("Elrond\n")
    assert load(folder).notes == (f"Elvish.txt, Klingon.txt in {folder} are left out: the task has 18 languages.",)


def test_distinct_rows_keep_one_of_each_name_and_language(tmp_path: Path) -> None:
    folder = write(tmp_path / "names", Irish="Dóe\nDoe\nRoe\nDoe\n".encode(), English=b"Doe\ndoe\n")
    distinct, every = load(folder), load(folder, rows="all")
    assert of_language(distinct, "Irish") == ["Doe", "Roe"]
    assert of_language(distinct, "English") == ["Doe", "doe"]
    assert distinct.notes == ("2 lines repeat a name of the same language and count once (task.rows=distinct).",)
    assert every.notes == ()
    assert of_language(every, "Irish") == ["Doe", "Doe", "Roe", "Doe"]


@pytest.mark.parametrize("rows", ["distinct", "all"])
@pytest.mark.parametrize("seed", range(3))
def test_a_name_of_several_languages_stays_in_one_split(tmp_path: Path, rows: str, seed: int) -> None:
    shared = "".join(f"Sh{chr(97 + k)}\n" * (1 + k % 2) for k in range(26)).encode()
    data = load(write(tmp_path / "names", Irish=shared, English=shared, Greek=shared), rows=rows, split_seed=seed)
    assert {len(found) for found in splits_of(data).values()} == {1}
    assert {split for name, found in splits_of(data).items() if name.startswith("Sh") for split in found} == {
        *("train", "val", "test")
    }
    assert sum(data.size(split) for split in ("train", "val", "test")) == len(data.labels)
    assert data.state["train_counts"] == torch.bincount(data.labels[data.rows["train"]], minlength=18).tolist()


def test_the_split_follows_its_seed(tmp_path: Path) -> None:
    folder = write(tmp_path / "names")
    rows = [load(folder, split_seed=seed).rows["test"].tolist() for seed in (0, 0, 1)]
    assert rows[0] == rows[1] != rows[2]


def test_the_pool_is_drawn_uniformly_over_languages_from_all_names(tmp_path: Path) -> None:
    folder = write(tmp_path / "names", Irish=b"".join(b"I%s\n" % bytes([97 + k]) for k in range(26)))
    data = load(folder, evaluation="pool", rows="all")
    assert data.size("train") == len(data.labels) == 17 * 3 + 26
    for split in ("val", "test"):
        assert data.size(split) == 10_000
        shares = torch.bincount(data.labels[data.rows[split]], minlength=18) / 10_000
        assert (shares - 1 / 18).abs().max() < 0.01
    assert data.rows["val"].tolist() != data.rows["test"].tolist()
    assert load(folder, evaluation="pool", rows="all").rows["val"].tolist() == data.rows["val"].tolist()


def test_the_encoded_names_are_recalled_when_their_files_are_gone(tmp_path: Path) -> None:
    folder = write(tmp_path / "names", Irish="Røe\nDoe\n".encode())
    settings = Settings(split_seed=4)
    data = Task.load(settings, folder)
    shutil.rmtree(folder)
    again = Task.load_cached(settings, data.state)
    assert torch.equal(again.codes, data.codes)
    assert torch.equal(again.labels, data.labels)
    assert torch.equal(again.lengths, data.lengths)
    assert {k: v.tolist() for k, v in again.rows.items()} == {k: v.tolist() for k, v in data.rows.items()}
    assert (again.state, again.notes) == (data.state, data.notes)
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(FileNotFoundError):
        Task.load_cached(settings, data.state)


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    folder = write(tmp_path / "names")
    load(folder)
    write(folder, Irish=b"Doe\n")
    assert of_language(load(folder), "Irish") == ["Doe"]


def test_the_starter_set_has_sixty_names_a_language() -> None:
    data = load(locations.starter("names"))
    counts = torch.bincount(data.labels, minlength=18)
    assert counts.min() >= 60
    assert {len(found) for found in splits_of(data).values()} == {1}
    for split in ("val", "test"):
        assert set(data.labels[data.rows[split]].tolist()) == set(range(18))
    assert all(len(set(of_language(data, language))) >= 60 for language in LANGUAGES)


@pytest.mark.data
def test_the_real_names(real_data: Path) -> None:
    folder = real_data / "names"
    every, distinct = load(folder, rows="all"), load(folder)
    lines = sum(1 for p in folder.glob("*.txt") for line in p.read_text("utf-8").splitlines() if line.strip())
    assert (lines, len(every.labels), len(distinct.labels)) == (20_050, 20_050, 17_993)
    assert of_language(every, "Vietnamese").__len__() == 73
    sizes = np.array([distinct.size(split) for split in ("train", "val", "test")])
    assert np.abs(sizes / 17_993 - [0.8, 0.1, 0.1]).max() < 0.005
    found = splits_of(distinct)
    assert {len(splits) for splits in found.values()} == {1}
    assert len(found) < 17_993 - 400  # some 480 names stand in several languages
    for split in ("val", "test"):
        shares = torch.bincount(distinct.labels[distinct.rows[split]], minlength=18) / distinct.size(split)
        whole = torch.bincount(distinct.labels, minlength=18) / 17_993
        assert (shares - whole).abs().max() < 0.01
        assert shares.min() > 0
