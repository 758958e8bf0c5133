"""Names of one's own: a folder's files are the classes; what cannot be one is left out or refused in a sentence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tasks.base import DataError
from tasks.names import data as names
from tasks.names.settings import LANGUAGES, Settings
from tasks.names.task import Task
from tasks.shared.datasets import locations
from workbench.config import spec

ELVES = "Galadriel\nElrond\nCelebrian\nArwen\nLegolas\nThranduil\n"
DWARVES = "Thorin\nBalin\nDwalin\nGimli\nGloin\nOin\nBifur\n"


def folder_of(folder: Path, **contents: str | bytes) -> Path:
    """A folder with two classes, and further files: ``name__txt`` is name.txt."""
    folder.mkdir()
    files: dict[str, str | bytes] = {"elves.txt": ELVES, "dwarves.txt": DWARVES}
    files |= {name.replace("__", "."): content for name, content in contents.items()}
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def settings_for(folder: Path) -> Settings:
    settings: Settings = spec.make("names", "gru", {"task.folder": str(folder)}).settings
    return settings


def load(folder: Path) -> names.NamesData:
    settings = settings_for(folder)
    source = locations.find("names", None, settings)
    assert source is not None
    assert source.kind == "full"
    return Task.load(settings, source.folder)


def test_a_folder_s_files_are_the_classes(tmp_path: Path) -> None:
    data = load(folder_of(tmp_path / "own"))
    assert data.state["labels"] == ["dwarves", "elves"]
    assert data.state["train_counts"] == [5, 4]
    assert [data.size(split) for split in ("train", "val", "test")] == [9, 2, 2]  # type: ignore[arg-type]
    every = {name: label for s in ("train", "val", "test") for name, label in zip(*data.names(s), strict=True)}  # type: ignore[arg-type]
    assert every == dict.fromkeys(ELVES.split(), 1) | dict.fromkeys(DWARVES.split(), 0)
    assert data.notes == ()
    task = Task(Settings(folder=str(tmp_path / "own")), data.state)
    assert (task.labels, task.of) == (["dwarves", "elves"], "class")


def test_a_renamed_class_is_another_and_the_encoding_outlives_its_files(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "own")
    load(folder)
    (folder / "elves.txt").rename(folder / "Eldar.txt")
    data = load(folder)
    assert data.state["labels"] == ["Eldar", "dwarves"]
    shutil.rmtree(folder)
    assert Task.load_cached(settings_for(folder), data.state).state == data.state


def test_files_that_are_no_class_are_left_out_and_told(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "own", names__csv="a,b", __hidden__txt="Doe\n", orcs__txt="", README__md="about")
    (folder / "more").mkdir()
    data = load(folder)
    assert data.state["labels"] == ["dwarves", "elves"]
    assert data.notes == (
        f"Left out of {folder}, hidden: .hidden.txt.",
        f"Left out of {folder}, folders: more.",
        f"Left out of {folder}, not .txt: README.md, names.csv.",
        f"Left out of {folder}, empty: orcs.txt.",
    )


def test_a_class_of_one_or_two_names_trains_and_is_told(tmp_path: Path) -> None:
    data = load(folder_of(tmp_path / "own", ents__txt="Fangorn\n", maiar__txt="Gandalf\nSaruman\nGandalf\n"))
    assert data.notes == (
        "1 line repeats a name of the same class and counts once (task.rows=distinct).",
        "ents (1), maiar (2): too few names to hold any back for validation and test, so all of them train. Give three "
        "or more.",
    )
    assert data.state["train_counts"] == [5, 4, 1, 2]


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        (
            {"hobbits__txt": "x" * 101 + "\n"},
            r"hobbits\.txt, line 1 has 101 characters, and a name at most 100: write ",
        ),
        (
            {"hobbits__txt": "Frodo\n" + "Sam, Pippin, " * 20},
            r"hobbits\.txt, line 2 has 259 characters, .* of its own\.$",
        ),
        (
            {"hobbits__txt": "\n  \n"},
            r"hobbits\.txt holds blank lines alone: write a name a line, or take the file out",
        ),
        (
            {"hobbits__txt": "山田\n佐藤\n"},
            r"hobbits\.txt: none of its 2 names has a letter of the Latin alphabet, .* or take the file out of the",
        ),
        (
            {"hobbits__txt": "Dœ\n".encode("utf-16")},
            r"hobbits\.txt, line 1: not UTF-8 text, as which names are read: save the file as UTF-8\.$",
        ),
        (
            {"elves__TXT": "Doe\n"},
            r"elves\.TXT and elves\.txt are one class by their names: join them, or rename one\.$",
        ),
    ],
    ids=["long", "list", "blank", "script", "encoding", "twice"],
)
def test_a_file_that_cannot_be_a_class_is_refused(tmp_path: Path, contents: dict[str, str], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        load(folder_of(tmp_path / "own", **contents))


def test_fewer_than_two_classes_are_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "own", names__csv="")
    (folder / "elves.txt").unlink()
    form = "two at least are needed, a file CLASS.txt for each class, with a name a line."
    left = f"Left out of {folder}, not .txt: names.csv."
    for there in ("one class alone, dwarves.txt", "no class"):
        with pytest.raises(DataError) as error:
            load(folder)
        assert str(error.value) == f"{folder} holds {there}: {form} {left}"
        (folder / "dwarves.txt").unlink(missing_ok=True)


def test_a_file_in_place_of_the_folder_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    folder_of(tmp_path / "own")
    for name in ("own/elves.txt", "gone"):
        with pytest.raises(DataError, match=rf"{name} is missing or no folder: .* again \(task\.folder\)\.$"):
            load(tmp_path / name)


def test_the_preview_of_a_folder(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "own", names__csv="a,b", nordic__txt="Bjørn\nDag\nÅse\nOla\n")
    shown = Task.preview(Settings(folder=str(folder)), tmp_path)
    assert shown.source == str(folder)
    assert shown.counts == {"dwarves": 7, "elves": 6, "nordic": 4}
    assert list(shown.counts) == ["dwarves", "elves", "nordic"]
    assert shown.rows == [["Thorin", "dwarves"], ["Galadriel", "elves"], ["Bjrn", "nordic"]]
    assert shown.splits == {"train": 11, "val": 3, "test": 3}
    assert (shown.lengths["shortest"], shown.lengths["longest"], shown.length_unit) == (3.0, 9.0, "letters")
    assert shown.dropped == [
        "1 character has no ASCII letter and was dropped from names: 'ø'×1.",
        f"Left out of {folder}, not .txt: names.csv.",
    ]


def test_the_preview_of_the_starter_set() -> None:
    shown = Task.preview(Settings(), locations.starter("names"))
    assert set(shown.counts) == set(LANGUAGES)
    assert shown.columns == ["name", "language"]
    assert shown.guessed == []


def test_a_folder_trains_and_answers_through_the_command_line(workbench, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "own", names__csv="a,b")
    quick = ("--cell", "gru", "--headless", "--hidden", 4, "--epochs", 1)
    trained = workbench("train", "names", *quick, "--set", f"task.folder={folder}")
    assert trained.returncode == 0, trained.stderr
    assert "9 examples" in trained.stderr
    assert "not .txt: names.csv." in " ".join(trained.stderr.split())
    asked = workbench("predict", "last", "Celeborn")
    assert asked.returncode == 0, asked.stderr
    assert "elves" in asked.stdout
    assert "dwarves" in asked.stdout
    assert "class" in asked.stdout
    shown = workbench("show", "last")
    assert "Arabic" not in shown.stdout
    assert "language" not in shown.stdout
    shutil.rmtree(folder)
    assert workbench("predict", "last", "Gimli").returncode == 0  # without its data
    refused = workbench("train", "names", *quick, "--set", f"task.folder={folder}")
    assert refused.returncode == 1
    assert f"{folder} is missing" in refused.stderr


def test_links_to_nothing_and_pipes_are_left_out(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "own")
    (folder / "gone.txt").symlink_to("nowhere.txt")
    (folder / "zero.txt").symlink_to("/dev/zero")
    assert f"Left out of {folder}, no files: gone.txt, zero.txt." in load(folder).notes


def test_a_name_in_several_classes_is_told(tmp_path: Path) -> None:
    notes = load(folder_of(tmp_path / "own", men__txt="Boromir\nFaramir\nElrond\nGimli\nGimli\n")).notes
    assert "Names that stand in several classes, all kept, in one split each: 2." in notes
    assert "1 line repeats a name of the same class and counts once (task.rows=distinct)." in notes


def test_too_few_names_to_hold_any_back(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "own", elves__txt="Elrond\nArwen\n", dwarves__txt="Gimli\n")
    with pytest.raises(DataError) as error:
        load(folder)
    assert str(error.value) == (
        f"{folder}: no class has enough names to hold any back for validation and test: write three in one."
    )


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("Ent\nMüller\n".encode("latin-1"), 2),
        ("Ent\nИванов\n".encode("cp1251"), 2),
        ("Ent\nOlvar\n".encode("utf-16"), 1),
        ("Ent\nOlvar\n".encode("utf-16-le"), 1),
        ("Ent\nMü".encode()[:-1], 2),
        (b"Ent\nOl\0var\n", 2),
    ],
    ids=["latin-1", "cp1251", "utf-16", "utf-16 without a mark", "truncated", "zero byte"],
)
def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path: Path, content: bytes, line: int) -> None:
    folder = folder_of(tmp_path / "own", ents__txt=content)
    with pytest.raises(DataError) as error:
        load(folder)
    assert str(error.value) == (
        f"{folder / 'ents.txt'}, line {line}: not UTF-8 text, as which names are read: save the file as UTF-8."
    )
