"""A file's stamp: the same as long as the file is, another after any change, none where that is not sure."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from waiting import Clock, until

from tasks.shared.datasets import stamps
from tasks.shared.datasets.stamps import stamp


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "vectors.txt"
    path.write_text("one")
    return path


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two minutes from now."""
    monkeypatch.setattr(stamps, "time", Clock(time.time() + 2 * stamps.SETTLED_S))


def edited(path: Path) -> None:
    """Write as many other bytes, and set the time of writing back."""
    before = path.stat()
    path.write_text("two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path: Path) -> None:
    path.with_name("beside").write_text("two")
    path.with_name("beside").replace(path)


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("change", [edited, replaced, lambda path: path.open("a").write("!")])
def test_a_changed_file_has_another(path: Path, change: Callable[[Path], object]) -> None:
    first = stamp(path)
    assert first is not None
    assert stamp(path) == first
    began = path.stat().st_ctime_ns

    def changed() -> bool:
        change(path)
        return path.stat().st_ctime_ns > began

    until(changed, "the file system's clock ticks")
    assert stamp(path) not in (None, first)


def test_a_file_that_may_still_be_changing_has_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = path.stat().st_ctime
    for now, known in ((written + 59, False), (written + 61, True), (written - 3600, False)):
        monkeypatch.setattr(stamps, "time", Clock(now))
        assert (stamp(path) is not None) is known
    os.utime(path, (0, 0))  # an old time of writing, as an unpacked file has, says nothing
    monkeypatch.setattr(stamps, "time", Clock(path.stat().st_ctime + 1))
    assert stamp(path) is None


@pytest.mark.usefixtures("later")
def test_a_link_has_its_files(path: Path) -> None:
    link = path.with_name("link")
    link.symlink_to(path)
    assert stamp(link) == stamp(path)


@pytest.mark.usefixtures("later")
def test_only_files_have_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for other in ("missing", "pipe", ".", "a\0b", "x" * 5_000):
        assert stamp(tmp_path / other) is None
