"""Entries of a folder of one's own: each kind, and the names that no class can have."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from tasks.base import DataError
from tasks.shared.datasets import folders


def test_what_is_neither_file_nor_folder_stands_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path / "own")  # a socket's path is short
    own = Path()
    for name in ("b", "a"):
        (own / f"{name}.txt").write_text(name)
        (own / name).mkdir()
    (own / "again.txt").symlink_to("a.txt")
    (own / "there").symlink_to("b")
    (own / "gone").symlink_to("nowhere")
    (own / "loop").symlink_to("loop")
    (own / "self").symlink_to(".")
    (own / "up").symlink_to(tmp_path)
    (own / "zero").symlink_to("/dev/zero")
    os.mkfifo(own / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        found = folders.entries(own)
    assert [path.name for path in found.files] == ["a.txt", "again.txt", "b.txt"]
    assert [path.name for path in found.folders] == ["a", "b", "there"]
    assert [path.name for path in found.others] == ["gone", "loop", "pipe", "self", "socket", "up", "zero"]


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"a\xff.txt")).write_text("x")
    except OSError:
        pytest.skip("this file system knows no such names")
    sentence = f"{tmp_path}/a\ufffd.txt: this name is not UTF-8, and no class can be called so: rename it."
    with pytest.raises(DataError, match=f"^{re.escape(sentence)}$"):
        folders.entries(tmp_path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gone is missing"):
        folders.entries(tmp_path / "gone")
