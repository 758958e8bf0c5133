"""Datasets: downloaded whole and verified, or not at all."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import os
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cli.file_server import FileServer, Trouble, serving
from waiting import HANG, until

import tasks
from tasks.base import DataError
from tasks.shared.datasets import downloader, locations, registry, row_counts
from tasks.shared.datasets.locations import Source
from tasks.shared.datasets.registry import Dataset, Reader, Remote


def zipped(name: str, content: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return written.getvalue()


# one of each kind: a file, one in a subfolder from another repository and a folder not in ASCII, an archive with an
# MD5 from another host, and a zip archive of which no hash is known
CONTENT = {
    "Arabic.txt": b"Khoury\nNahas\n" * 20,
    "prosody/ping.txt": "东冬江支\n".encode() * 40,
    "book.tar.gz": gzip.compress(b"not looked into" * 30),
    "rows.csv.zip": zipped("rows.csv", "hour,degrees\n" + "".join(f"{k},{k * k}\n" for k in range(50))),
}
ADDRESSES = {
    "Arabic.txt": "raw.example/someone/names/0123abc/data/Arabic.txt",
    "prosody/ping.txt": "raw.example/another/poems/4567def/诗/ping.txt",
    "book.tar.gz": "archive.example/~books/book.tar.gz",
    "rows.csv.zip": "storage.example/rows.csv.zip",
}
HASHES = {
    "Arabic.txt": "sha256:" + hashlib.sha256(CONTENT["Arabic.txt"]).hexdigest(),
    "prosody/ping.txt": "sha256:" + hashlib.sha256(CONTENT["prosody/ping.txt"]).hexdigest(),
    "book.tar.gz": "md5:" + hashlib.md5(CONTENT["book.tar.gz"]).hexdigest(),
    "rows.csv.zip": "",
}
BROKEN: list[Trouble] = [
    *("404", "500", "wrong bytes", "a page", "breaks off", "breaks off in a chunk", "hangs up", "stalls"),
]
EACH_BROKEN = [(name, trouble) for name in CONTENT for trouble in BROKEN]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """The source of a small dataset, which the names task and the toy read."""
    remotes = {
        name: Remote(f"https://{ADDRESSES[name]}", HASHES[name], len(content)) for name, content in CONTENT.items()
    }
    readers = [
        Reader("*.txt", "lines", row_counts.lines),
        Reader("rows.csv*", "CSV", row_counts.csv_rows),
    ]
    small = Dataset("a few rows", "https://here.example", "MIT", "nobody", readers, remotes)
    monkeypatch.setattr(registry, "DATASETS", {"names": small, "toy": small})
    for task in ("names", "toy"):
        monkeypatch.setattr(tasks.settings(task), "files", ("*.txt", "rows.csv|rows.csv.zip"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(downloader, "_PATIENCE", HANG)
    with serving({ADDRESSES[name]: content for name, content in CONTENT.items()}) as served:
        monkeypatch.setenv("WORKBENCH_MIRROR", served.address)
        yield served


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "data" / "names"


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def silent(_: str) -> None:
    pass


@pytest.mark.parametrize("trouble", ["none", "slow"])
def test_a_download_is_whole_and_verified_and_said_in_a_sentence(
    server: FileServer, cached: Path, trouble: Trouble
) -> None:
    server.troubles[ADDRESSES["prosody/ping.txt"]] = trouble
    said: list[str] = []
    assert locations.find_or_download("names", None, said.append) == Source("full", cached)
    assert said == ["Downloading a few rows from https://here.example (4 files, 0.0 MB)."]
    assert content(cached) == CONTENT
    assert [p.name for p in cached.parent.iterdir()] == ["names"]
    assert {oct(p.stat().st_mode & 0o777) for p in cached.rglob("*") if p.is_file()} == {"0o644"}
    found = locations.status("names").found
    assert found is not None
    assert (found.verdict, found.rows) == ("partly verified", 40 + 50)  # one has no hash; nobody reads the archive
    assert found.files == {
        **dict.fromkeys(("Arabic.txt", "prosody/ping.txt", "book.tar.gz"), "verified"),
        "rows.csv.zip": "no hash known",
    }


def test_without_a_mirror_the_source_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBENCH_MIRROR")
    assert downloader.address("https://raw.example/a/b.txt") == "https://raw.example/a/b.txt"
    monkeypatch.setenv("WORKBENCH_MIRROR", "http://near.example/copies/")
    assert downloader.address("https://raw.example/a/b.txt") == "http://near.example/copies/raw.example/a/b.txt"


def test_what_is_there_is_not_fetched_again(server: FileServer, cached: Path) -> None:
    locations.find_or_download("names", None, silent)
    assert locations.find_or_download("names", None, pytest.fail) == Source("full", cached)
    assert server.asked == dict.fromkeys(ADDRESSES.values(), 1)


@pytest.mark.parametrize(("name", "trouble"), EACH_BROKEN)
def test_a_download_that_fails_leaves_nothing_and_the_next_one_starts_cleanly(
    server: FileServer, cached: Path, monkeypatch: pytest.MonkeyPatch, name: str, trouble: Trouble
) -> None:
    server.troubles[ADDRESSES[name]] = trouble
    if trouble == "stalls":
        monkeypatch.setattr(downloader, "_PATIENCE", 0.1)
    with pytest.raises(DataError, match=r"^The names data (could not be downloaded from|.*is not what) ") as error:
        locations.download("names", silent)
    assert "\n" not in str(error.value)
    assert str(cached.parent) not in str(error.value)  # where it was kept meanwhile is nobody's business
    assert list(cached.parent.iterdir()) == []
    assert locations.find("names") is None
    server.troubles.clear()
    monkeypatch.setattr(downloader, "_PATIENCE", HANG)
    assert locations.download("names", silent) == cached
    assert content(cached) == CONTENT


def test_a_failure_says_which_file_and_what_is_wrong_with_it(server: FileServer) -> None:
    server.troubles[ADDRESSES["book.tar.gz"]] = "wrong bytes"
    with pytest.raises(DataError) as error:
        locations.download("names", silent)
    assert str(error.value) == (
        f"The names data at {server.address} is not what its source promised: book.tar.gz differs."
    )
    server.troubles = {ADDRESSES["rows.csv.zip"]: "a page"}
    with pytest.raises(DataError) as error:
        locations.download("names", silent)
    assert str(error.value) == (
        "The names data is not what its source promised: "
        "rows.csv.zip is a web page, saved in place of the data: fetch it again, and look at what comes."
    )


@pytest.mark.parametrize("trouble", ["404", "wrong bytes", "breaks off"])
def test_without_the_download_the_starter_set_is_used_and_said_so(
    server: FileServer, cached: Path, trouble: Trouble
) -> None:
    server.troubles[ADDRESSES["book.tar.gz"]] = trouble
    said: list[str] = []
    assert locations.find_or_download("names", None, said.append) == Source("starter", locations.starter("names"))
    assert len(said) == 2
    assert said[1].startswith("The names data ")
    assert said[1].endswith(" Going on with the small starter set.")
    assert not cached.exists()


@pytest.mark.parametrize("task", ["names", "imdb", "climate"])
def test_a_server_that_is_not_there(task: str) -> None:
    if task not in tasks.available():
        pytest.skip(f"the {task} task is not here")
    said: list[str] = []
    assert locations.find_or_download(task, None, said.append).kind == "starter"
    assert said[1] == (
        f"The {task} data could not be downloaded from http://127.0.0.1:9. Going on with the small starter set."
    )
    assert list(locations.cached(task).parent.iterdir()) == []


def test_a_mirror_that_is_no_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_MIRROR", "somewhere")
    with pytest.raises(DataError, match=r"^The names data could not be downloaded from somewhere\.$"):
        locations.download("names", silent)


def test_a_task_without_a_starter_set_needs_its_data(server: FileServer) -> None:
    server.troubles[ADDRESSES["Arabic.txt"]] = "404"
    with pytest.raises(DataError, match="could not be downloaded"):
        locations.find_or_download("toy", None, silent)


@pytest.mark.parametrize("name", CONTENT)
def test_while_it_comes_nothing_is_to_be_seen(server: FileServer, cached: Path, name: str) -> None:
    server.troubles[ADDRESSES[name]] = "held"
    with ThreadPoolExecutor(1) as pool:
        fetched = pool.submit(locations.download, "names", silent)
        until(lambda: server.asked[ADDRESSES[name]] == 1 or fetched.done(), "half of the file has come")
        assert not cached.exists()
        assert locations.find("names") is None
        assert not fetched.done()
        server.released.set()
        assert fetched.result() == cached
    assert content(cached) == CONTENT
    assert server.asked[ADDRESSES[name]] == 1


def test_two_downloads_at_once_leave_one_whole_copy(server: FileServer, cached: Path) -> None:
    server.troubles[ADDRESSES["Arabic.txt"]] = "slow"
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(locations.download, "names", silent) for _ in range(2)]
        assert [one.result() for one in both] == [cached, cached]
    assert content(cached) == CONTENT
    assert server.asked[ADDRESSES["rows.csv.zip"]] == 1  # the other one waited
    assert [p.name for p in cached.parent.iterdir()] == ["names"]


def test_an_interrupted_download_leaves_nothing(
    server: FileServer, cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object, __: object, url: str, output: str, ___: object) -> None:
        if url.endswith("book.tar.gz"):
            raise KeyboardInterrupt
        Path(output).write_bytes(CONTENT["prosody/ping.txt" if "ping" in url else "Arabic.txt"])

    monkeypatch.setattr(downloader, "_download", interrupted)
    with pytest.raises(KeyboardInterrupt):
        locations.download("names", silent)
    assert list(cached.parent.iterdir()) == []


def test_what_a_killed_download_left_is_removed_and_a_living_one_is_not(server: FileServer, cached: Path) -> None:
    old = time.time() - 3600
    for name in (".names-dead", ".names-living", ".names-young", ".other-dead"):
        folder = cached.with_name(name)
        folder.mkdir(parents=True)
        (folder / "Arabic.txt").write_bytes(b"Khou")
        if "young" not in name:
            os.utime(folder, (old, old))
    descriptor = os.open(cached.with_name(".names-living"), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        locations.download("names", silent)
    finally:
        os.close(descriptor)
    left = {p.name for p in cached.parent.iterdir()}
    assert left == {"names", ".names-living", ".names-young", ".other-dead"}
    assert content(cached) == CONTENT


def test_an_old_half_copy_is_replaced_whole(server: FileServer, cached: Path) -> None:
    cached.mkdir(parents=True)
    for name in ("Arabic.txt", "rows.csv.zip"):  # all that the task reads, and not all that the source has
        (cached / name).write_bytes(CONTENT[name])
    (cached / "stale.txt").write_text("of another version")
    assert locations.find_or_download("names", None, silent) == Source("full", cached)
    assert content(cached) == CONTENT


def test_a_failed_download_keeps_what_stood_there(server: FileServer, cached: Path) -> None:
    locations.download("names", silent)
    server.troubles[ADDRESSES["book.tar.gz"]] = "breaks off"
    with pytest.raises(DataError):
        locations.download("names", silent)
    assert content(cached) == CONTENT


@pytest.mark.parametrize("name", ["Arabic.txt", "book.tar.gz", "rows.csv.zip"])
def test_a_damaged_copy_is_unsound_and_fetched_anew(server: FileServer, cached: Path, name: str) -> None:
    locations.download("names", silent)
    assert locations.is_intact("names", cached)
    (cached / name).write_bytes(CONTENT[name][:20])
    assert not locations.is_intact("names", cached)
    locations.download("names", silent)
    assert content(cached) == CONTENT


@pytest.mark.parametrize("place", ["file/cache", "/proc/none"])
def test_a_cache_that_cannot_be_written_means_the_starter_set(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / place))
    said: list[str] = []
    assert locations.find_or_download("names", None, said.append).kind == "starter"
    assert said[1].startswith("The names data could not be kept in ")


class Screen(io.StringIO):
    """A terminal that remembers what it was sent."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("progress", [False, True])
def test_the_bar_is_of_the_whole_dataset_and_on_terminals_alone(
    server: FileServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], progress: bool
) -> None:
    locations.download("toy", silent, progress=True)
    assert capsys.readouterr() == ("", "")
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    locations.download("names", silent, progress=progress)
    assert ("100%" in screen.getvalue()) is progress
    assert screen.getvalue().count("\n") == progress  # one bar, not one a file
