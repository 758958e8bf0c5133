"""Replacing a file leaves the old one or the new one, whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.shared import files


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "held" / "file"
    path.parent.mkdir()
    path.write_bytes(b"old")
    return path


def test_the_old_file_stands_until_the_new_one_is_whole(path: Path) -> None:
    with files.replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit])
def test_a_body_that_fails_leaves_the_old_file_and_nothing_else(path: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with files.replacing(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_the_old_file_and_nothing_else(
    path: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, call, full)
    with pytest.raises(OSError, match="No space"):
        files.write(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_file_and_folder_are_flushed_before_and_after_the_rename(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(descriptor: int) -> None:
        done.append("folder" if Path(f"/proc/self/fd/{descriptor}").resolve().is_dir() else "file")
        real_sync(descriptor)

    def replace(old: Path, new: Path) -> None:
        done.append("rename")
        assert Path(old).read_bytes() == b"new"
        real_replace(old, new)

    monkeypatch.setattr(files.os, "fsync", sync)
    monkeypatch.setattr(files.os, "replace", replace)
    files.write(path, b"new")
    assert done == ["file", "rename", "folder"]


def test_a_file_that_was_not_there_is_made_or_not(tmp_path: Path) -> None:
    files.write(tmp_path / "new", b"content")
    assert (tmp_path / "new").read_bytes() == b"content"
    with pytest.raises(RuntimeError), files.replacing(tmp_path / "never"):
        raise RuntimeError
    assert not (tmp_path / "never").exists()


def test_what_a_killed_writer_left_is_cleared_and_nothing_else(path: Path) -> None:
    for name in (".file.123.tmp", ".other.9.tmp", "kept.tmp", ".kept"):
        (path.parent / name).write_bytes(b"x")
    files.clear_temporary(path.parent)
    assert sorted(p.name for p in path.parent.iterdir()) == [".kept", "file", "kept.tmp"]
