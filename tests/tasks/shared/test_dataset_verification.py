"""Datasets: their hashes, their rows, and what is remembered of both; the registry itself."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

import tasks
from tasks.base import DataError
from tasks.shared.datasets import locations, registry, row_counts, verification
from tasks.shared.datasets.registry import DATASETS, Dataset, Reader, Remote

CONTENT = {"one.txt": b"a\nb\n", "deep/two.txt": b"c\n", "free.txt": b"d\n\ne\nf\n"}
READERS = [Reader("*.txt", "lines", row_counts.lines), Reader("book", "a folder", lambda _: 7)]


def known(algorithm: str = "sha256") -> Dataset:
    hashes = {name: f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}" for name, content in CONTENT.items()}
    hashes["free.txt"] = ""
    return Dataset(
        "t", "https://here", "MIT", "c", READERS, {n: Remote(f"https://h/{n}", h) for n, h in hashes.items()}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in CONTENT.items():
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_bytes(content)
    return tmp_path / "data"


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_each_file_is_compared_by_itself(folder: Path, algorithm: str) -> None:
    read = [folder / "one.txt", folder / "free.txt"]
    found = verification.verify(known(algorithm), folder, read)
    assert found.files == {"one.txt": "verified", "free.txt": "no hash known", "deep/two.txt": "verified"}
    assert (found.verdict, found.rows, found.missing, found.differing) == ("partly verified", 5, [], [])
    (folder / "deep/two.txt").write_bytes(b"c ")
    found = verification.verify(known(algorithm), folder, read)
    assert (found.verdict, found.rows, found.differing) == ("differs", 5, ["deep/two.txt"])
    (folder / "deep/two.txt").unlink()
    found = verification.verify(known(algorithm), folder, read)
    assert (found.verdict, found.missing) == ("partly verified", ["deep/two.txt"])


def test_a_dataset_without_a_source_has_no_hash(folder: Path) -> None:
    found = verification.verify(None, folder, [folder / "one.txt"])
    assert found.files == {"one.txt": "no hash known"}
    assert (found.verdict, found.rows, found.missing) == ("no hash known", None, [])


def test_files_in_a_form_that_nobody_counts_have_no_rows(folder: Path) -> None:
    (folder / "other.bin").write_bytes(b"x")
    assert verification.rows(known(), [folder / "one.txt", folder / "other.bin"]) is None
    assert verification.rows(known(), []) is None


def test_a_file_that_cannot_be_read_is_said_unless_its_hash_says_it_already(folder: Path) -> None:
    (folder / "free.txt").write_bytes(b"")
    with pytest.raises(DataError, match=r"free.txt is empty"):
        verification.verify(known(), folder, [folder / "free.txt"])
    (folder / "one.txt").write_bytes(b"")
    assert verification.verify(known(), folder, [folder / "one.txt"]).differing == ["one.txt"]


def test_what_was_found_is_remembered_of_these_very_files(folder: Path) -> None:
    read = [folder / "one.txt"]
    assert verification.remembered(known(), folder, read) is None
    found = verification.verify(known(), folder, read)
    verification.remember(known(), folder, read, verification.VerificationReport(files={}))
    verification.remember(known(), folder, read, found)  # the last word counts
    assert verification.remembered(known(), folder, read) == found
    assert verification.remembered(known("md5"), folder, read) is None  # the registry knows something else
    assert verification.remembered(known(), folder, [*read, folder / "free.txt"]) is None  # other rows
    before = (folder / "one.txt").stat()
    (folder / "one.txt").write_bytes(b"x\ny\n")
    os.utime(folder / "one.txt", ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert verification.remembered(known(), folder, read) is None
    os.utime(folder / "one.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert verification.remembered(known(), folder, read) == found
    (folder / "one.txt").write_bytes(b"longer\n")
    os.utime(folder / "one.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert verification.remembered(known(), folder, read) is None


def test_a_folder_is_another_when_a_file_comes_two_levels_down(folder: Path) -> None:
    deep = folder / "book" / "train" / "pos"
    deep.mkdir(parents=True)
    read = [folder / "book"]
    verification.remember(known(), folder, read, verification.verify(known(), folder, read))
    assert verification.remembered(known(), folder, read).rows == 7  # type: ignore[union-attr]
    os.utime(deep, (0, 0))
    assert verification.remembered(known(), folder, read) is None


@pytest.mark.parametrize(
    ("count", "name", "content", "rows"),
    [
        (row_counts.lines, "a.txt", "\ufeff一\n\n二\r\n  \n三", 3),
        (row_counts.paragraphs, "a.txt", "\n一\n二\n\n \n三\n", 2),
        (row_counts.csv_rows, "a.csv", 'head,other\n1,"two\nlines"\n3,4\n\n', 2),
        (row_counts.csv_rows, "a.csv", "head\n", 0),
        (row_counts.json_items, "a.json", '[{"title": "月"}, {}, 3]', 3),
    ],
)
def test_rows_are_counted(tmp_path: Path, count: object, name: str, content: str, rows: int) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert count(tmp_path / name) == rows  # type: ignore[operator]


def test_rows_in_archives_are_counted(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w") as archive:
        archive.writestr("a.csv", "hour\n1\n2\n".encode("latin-1"))
    assert row_counts.csv_rows(tmp_path / "a.csv.zip") == 2
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as written:
        for name in ("top/train/pos/0_9.txt", "top/train/unsup/0_0.txt", "top/train/neg/1_2.txt"):
            written.addfile(tarfile.TarInfo(name), io.BytesIO())
    assert DATASETS["imdb"].readers[1].count(tmp_path / "a.tar.gz") == 2


@pytest.mark.parametrize("content", ["{}", "[1, 2", "\x00", "[1],"])
def test_what_is_no_list_of_poems_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(DataError, match=r"a\.json is not a JSON list: ") as error:
        row_counts.json_items(tmp_path / "a.json")
    assert "\n" not in str(error.value)


def test_what_is_no_csv_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("head\n" + "x" * 200_000)  # past csv's field limit
    with pytest.raises(DataError, match=r"a\.csv line 2 is not CSV: "):
        row_counts.csv_rows(tmp_path / "a.csv")


class TestRegistry:
    """The registry's entries of the five datasets."""

    def test_every_entry_is_whole(self) -> None:
        assert set(DATASETS) == {"names", "poems", "imdb", "reviews", "climate"}
        digits = {"sha256": 64, "md5": 32}
        for dataset in DATASETS.values():
            assert all((dataset.title, dataset.home, dataset.licence, dataset.citation, dataset.files, dataset.size))
            for name, remote in dataset.files.items():
                algorithm, _, digest = remote.hash.partition(":")
                assert not remote.hash or re.fullmatch(f"[0-9a-f]{{{digits[algorithm]}}}", digest), name
                assert re.fullmatch(r"https://[a-z.]+/[\w./%~-]+", remote.address, re.ASCII), name
        remotes = [remote for dataset in DATASETS.values() for remote in dataset.files.values()]
        for kind in (0, 1):  # no address and no hash stands there twice
            assert len({r[kind] for r in remotes if r[kind]}) == sum(bool(r[kind]) for r in remotes)
        assert [n for d in DATASETS.values() for n, r in d.files.items() if not r.hash] == [
            "jena_climate_2009_2016.csv.zip"
        ]

    def test_a_size_that_is_not_known_is_not_made_up(self) -> None:
        files = {"a": Remote("https://here/a", size=3), "b": Remote("https://here/b")}
        assert Dataset("t", "h", "l", "c", [], files).size is None
        assert Dataset("t", "h", "l", "c", [], {"a": files["a"]}).size == 3

    @pytest.mark.parametrize("task", sorted(set(DATASETS) & set(tasks.available())))
    def test_a_download_is_all_that_its_task_reads(self, task: str, tmp_path: Path) -> None:
        for name in DATASETS[task].files:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        assert locations.missing(task, tmp_path) == []

    @pytest.mark.parametrize("task", sorted(set(DATASETS) & set(tasks.available())))
    def test_the_readers_are_those_of_the_task(self, task: str) -> None:
        taken = {pattern for entry in tasks.settings(task).files for pattern in entry.split("|")}
        told = [reader.pattern for reader in DATASETS[task].readers]
        assert all(any(fnmatch(pattern, reader) for reader in told) for pattern in taken)
        assert all(any(fnmatch(pattern, reader) for pattern in taken) for reader in told)


@pytest.mark.data
@pytest.mark.parametrize(
    ("task", "verdict", "rows"),
    [
        ("names", "verified", 20_050),
        ("poems", "verified", 57_607),
        ("reviews", "verified", 62_774),
        ("climate", "no hash known", 19_132),
    ],
)
def test_the_real_data_is_what_the_registry_knows(real_data: Path, task: str, verdict: str, rows: int) -> None:
    if task not in tasks.available():
        pytest.skip(f"the {task} task is not here")
    folder = real_data / task
    found = verification.verify(registry.DATASETS[task], folder, locations.read_files(task, folder))
    assert (found.verdict, found.rows, found.missing) == (verdict, rows, [])
    for name in found.files:
        remote = registry.DATASETS[task].files.get(name)
        assert remote is None or remote.size == (folder / name).stat().st_size
