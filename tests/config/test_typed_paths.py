"""Paths that are typed: what completes them, and the sentence on one that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.config import paths


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files, folders, a hidden file and one whose name nobody can type."""
    for name in ("sales", "salt"):
        (tmp_path / name).mkdir()
    for name in ("sales.csv", "sales/a b.csv", ".secret", "sal\n.csv", "数据.csv"):
        (tmp_path / name).write_text("x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("sal", ["sales.csv", "sales/", "salt/"]),
        ("", ["sales.csv", "sales/", "salt/", "数据.csv"]),
        ("sales/", ["sales/a b.csv"]),
        ("./数", ["./数据.csv"]),
        (".s", [".secret"]),
        ("~/salt", ["~/salt/"]),
        ("~", ["~/"]),
        ("~nobody-of-that-name", []),
        ("nowhere/", []),
        ("sales.csv/", []),
        ("sal\0", []),
    ],
)
def test_completions(here: Path, typed: str, found: list[str]) -> None:
    assert paths.completions(typed) == found


def test_completions_are_absolute_where_the_typed_path_is_and_folders_alone_where_those_are_wanted(here: Path) -> None:
    assert paths.completions(f"{here}/sal", folders=True) == [f"{here}/sales/", f"{here}/salt/"]
    assert paths.completions("", most=2) == ["sales.csv", "sales/"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_completes_nothing(here: Path) -> None:
    (here / "salt").chmod(0)
    assert paths.completions("salt/") == []
    (here / "salt").chmod(0o755)


def test_problems(here: Path) -> None:
    def problem(typed: str, key: str = "task.file", **more: str) -> str:
        return paths.problem(key, typed, **more)

    assert problem("") == problem("sales.csv") == problem("~/数据.csv") == problem("salt", "task.folder") == ""
    assert problem("sale.csv") == f"task.file: there is no {here}/sale.csv: check its name."
    assert problem("salz/deep/x.csv") == f"task.file: there is no {here}/salz: check its name."
    assert problem("salt") == f"task.file: {here}/salt is a folder: name a file in it."
    assert problem("salt", folder_key="task.folder").endswith("a file in it, or give the folder to task.folder.")
    assert problem("sales.csv", "task.folder").endswith("sales.csv is no folder: name the folder that holds the files.")
    assert problem("~nobody-of-that-name/x").endswith("names the home folder of nobody here: write the whole path.")
    assert problem("sales.csv/x") == f"task.file: {here}/sales.csv/x cannot be read: Not a directory."
    assert problem("x" * 300).endswith("cannot be read: File name too long.")
    assert problem("a\0b").endswith("cannot be read: its name is none.")
    os.mkfifo(here / "pipe")
    assert problem("pipe") == f"task.file: {here}/pipe is no regular file: copy what it gives into one."


def test_a_file_that_may_not_be_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths.os, "access", lambda *_: False)
    for typed, key in (("sales.csv", "task.file"), ("salt", "task.folder")):
        assert paths.problem(key, typed) == f"{key}: {here}/{typed} cannot be read: Permission denied."
