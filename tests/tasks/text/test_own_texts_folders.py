"""Folders of texts: a file a class, a folder a class, and either below train and test."""

from __future__ import annotations

from pathlib import Path

import pytest
from own_texts import ROWS, WORDS, examples, folder, load, preview, split_of

LINES = {f"{kind}.txt": "\n".join(text for text, of in ROWS if of == kind) for kind in ("animal", "machine")}


def test_a_file_is_a_class_and_a_line_a_text(tmp_path: Path) -> None:
    data = load(folder(tmp_path / "d", {**LINES, "README.md": "about", ".hidden": "x"}))
    assert examples(data) == sorted(ROWS, key=lambda row: row[1])
    assert "2 files are read: a text a line, the file's name is its class." in data.notes
    assert "Left out of d, as no texts of a class (.txt files are): README.md." in data.notes


def test_a_folder_is_a_class_and_a_file_a_text(tmp_path: Path) -> None:
    files = {f"{kind}/{number:02}.txt": text + "\nindeed" for number, (text, kind) in enumerate(ROWS)}
    data = load(folder(tmp_path / "d", {**files, "animal/index.html": "x", "notes.txt": "y"}))
    assert examples(data) == [(f"{text} indeed", kind) for text, kind in sorted(ROWS, key=lambda row: row[1])]
    assert "20 files are read: a text a file." in data.notes
    assert any("index.html" in note and "notes.txt" in note for note in data.notes)


def test_the_layout_of_aclimdb_gives_its_own_split(tmp_path: Path) -> None:
    files = {f"{part}/{kind}/{k}.txt": f"{part} {word}" for part in ("train", "test") for k, word in enumerate(WORDS)
             for kind in ("neg", "pos")}  # fmt: skip
    data = load(folder(tmp_path / "d", {**files, "train/unsup/0.txt": "no class", "imdb.vocab": "the"}))
    assert data.state["labels"] == ["neg", "pos"]
    assert split_of(data)[:20] == ["test"] * 20
    assert sorted(split_of(data)[20:]) == ["train"] * 18 + ["val"] * 2
    assert any("imdb.vocab" in note and "unsup/ (texts without a class)" in note for note in data.notes)


def test_the_preview_of_a_folder_counts_its_classes(tmp_path: Path) -> None:
    shown = preview(folder(tmp_path / "d", LINES))
    assert shown.source == str(tmp_path / "d")
    assert shown.counts == {"animal": 10, "machine": 10}
    assert shown.splits == {"train": 16, "val": 2, "test": 2}


def test_files_in_other_encodings_are_told(tmp_path: Path) -> None:
    of = folder(tmp_path / "d", LINES)
    (of / "plant.txt").write_bytes("\n".join(f"café {word}" for word in WORDS).encode("latin-1"))
    data = load(of)
    assert ("cafe red", "plant") in examples(data)
    assert "Of 3 files, 1 as Windows-1252 were read: task.encoding names another." in data.notes


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\n\n"])
def test_blank_lines_are_no_texts_and_are_told(tmp_path: Path, ending: str) -> None:
    data = load(folder(tmp_path / "d", {name: text.replace("\n", ending) for name, text in LINES.items()}))
    assert examples(data) == sorted(ROWS, key=lambda row: row[1])
    assert ("Rows with an empty text, left out: 18 of 38." in data.notes) == (ending == "\n\n")


def test_files_without_a_text_and_what_is_no_file_are_told(tmp_path: Path) -> None:
    of = folder(tmp_path / "d", {**LINES, "blank.txt": "\n \n", "empty.txt": ""})
    (of / "gone.txt").symlink_to("nowhere.txt")
    (of / "zero.txt").symlink_to("/dev/zero")
    (of / "self").symlink_to(".")
    (of / "loop.txt").symlink_to("loop.txt")
    for shown in (preview(of).notes, load(of).notes):
        assert "Files without a text, left out: blank.txt, empty.txt." in shown
        assert (
            "Left out of d, as no texts of a class (.txt files are): gone.txt (no file), loop.txt (no file), "
            "self (no file), zero.txt (no file)." in shown
        )
