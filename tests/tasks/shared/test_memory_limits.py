"""Refusal of data that would fill the memory, in one sentence with the variable that lifts the limit."""

from __future__ import annotations

import gzip
import io
import os
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tasks.base import DataError
from tasks.shared import memory
from tasks.shared.datasets import archives, bounded, reading
from tasks.shared.text import vector_file

MB = 1 << 20


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> int:
    """8 MB of memory at hand: 1 MB of text may be read."""
    monkeypatch.setattr(memory, "at_hand", lambda: 8 * MB)
    return MB


def zipped(path: Path, size: int) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"a" * size)


def gzipped(path: Path, size: int) -> None:
    path.write_bytes(gzip.compress(b"a" * size))


def tarred(path: Path, size: int) -> None:
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("top/a.csv")
        member.size = size
        archive.addfile(member, io.BytesIO(b"a" * size))


def members(path: Path) -> list[tuple[str, bytes]]:
    return [*archives.members(path, re.compile(r"a\.csv"))]


@pytest.mark.parametrize(
    ("pack", "read"),
    [(zipped, reading.table), (gzipped, reading.table), (zipped, members), (tarred, members)],
)
def test_a_bomb_is_refused_by_the_memory_at_hand(
    pack: Callable[[Path, int], None], read: Callable[[Path], object], tmp_path: Path, little: int
) -> None:
    pack(tmp_path / "held", little - 100)
    assert read(tmp_path / "held")
    pack(tmp_path / "bomb", little + 100)
    with pytest.raises(DataError, match=r"bomb unpacks to more than 1.05 MB.*8.39 MB are at hand.*MEMORY_LIMIT"):
        read(tmp_path / "bomb")


@pytest.mark.parametrize(
    ("pack", "read"),
    [(zipped, reading.table), (gzipped, reading.table), (tarred, members)],
)
def test_a_bomb_is_refused_by_its_ratio_unless_the_variable_is_set(
    pack: Callable[[Path, int], None],
    read: Callable[[Path], object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounded, "_SMALL", MB)
    pack(tmp_path / "bomb", 2 * MB)
    with pytest.raises(DataError, match=r"50 times its size or more.*WORKBENCH_MEMORY_LIMIT"):
        read(tmp_path / "bomb")
    monkeypatch.setenv(memory.VARIABLE, "1")
    assert read(tmp_path / "bomb")


def test_a_zip_is_refused_before_it_is_unpacked_by_the_size_that_it_promises(
    tmp_path: Path, little: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    zipped(tmp_path / "bomb.zip", 2 * little)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked"))
    with pytest.raises(DataError, match="unpacks to more than"):
        reading.table(tmp_path / "bomb.zip")


def test_a_huge_plain_file_is_refused_by_its_size_alone(tmp_path: Path) -> None:
    with (tmp_path / "one-line.csv").open("wb") as file:
        file.truncate(1 << 40)  # sparse
    with pytest.raises(DataError, match=r"one-line.csv \(1.1 TB\) needs about 8.8 TB.*give a smaller file"):
        reading.content(tmp_path / "one-line.csv")


@pytest.mark.parametrize("read", [reading.content, reading.table, lambda path: bounded.opened(path), members])
def test_a_pipe_is_not_waited_for(read: Callable[[Path], object], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="pipe is a pipe or a device: put the file itself there"):
        read(tmp_path / "pipe")


def test_a_line_of_vectors_without_an_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("word " + "0.5 " * 100_000)
    with pytest.raises(DataError, match=r"v.txt, line 1 has 12,000 characters or more: expected a word and 2 numbers"):
        vector_file.read(tmp_path / "v.txt", {"word": 0}, 2)


def test_a_bomb_of_vectors_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "_SMALL", MB)
    (tmp_path / "v.txt.gz").write_bytes(gzip.compress(b"word 0.5 0.5\n" * 200_000))
    with pytest.raises(DataError, match="50 times its size or more"):
        vector_file.read(tmp_path / "v.txt.gz", {"word": 0}, 2)


@pytest.mark.parametrize(
    ("text", "size"),
    [("64", 64e9), ("1.5", 1.5e9), ("500MB", 500e6), ("2 TiB", 2 << 40), ("2TB", 2e12), ("none", 1 << 60), ("", None)],
)
def test_the_variable_is_read(text: str, size: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.VARIABLE, text)
    assert memory.set_limit() == size


def test_a_variable_that_is_no_amount_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.VARIABLE, "lots")
    with pytest.raises(DataError, match="WORKBENCH_MEMORY_LIMIT='lots' is no amount of memory"):
        memory.set_limit()


def test_a_control_groups_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("900000\n")
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 300000\n")
    assert memory._left(tmp_path, "memory.max", "memory.current", "inactive_file") == [400_000]
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._left(tmp_path, "memory.max", "memory.current", "inactive_file") == []
    monkeypatch.setattr(memory, "_left_by_groups", lambda: [12_345])
    assert memory.at_hand() == 12_345


def test_the_memory_available_is_what_psutil_says() -> None:
    assert memory._available() == pytest.approx(psutil.virtual_memory().available, rel=0.2)
