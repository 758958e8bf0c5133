"""Datasets: downloaded whole and verified, or not at all; named, cached or starter."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pooch
import pytest
from file_server import FileServer, Trouble, serving

import tasks
from tasks.base import DataError
from tasks.common import datasets, registry
from tasks.common.datasets import Dataset, Remote, Source

SOURCE = "someone/names@0123abc"
CONTENT = {name: f"{name} has a line\n".encode() * 20 for name in ("Arabic.txt", "Chinese.txt", "Czech.txt")}
PATHS = {f"someone/names/0123abc/data/{name}": content for name, content in CONTENT.items()}
MIDDLE = "someone/names/0123abc/data/Chinese.txt"
BROKEN: list[Trouble] = [
    *("404", "500", "wrong bytes", "breaks off", "breaks off in a chunk", "hangs up", "stalls"),
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """The source of a small names dataset."""
    files = {name: Remote(f"data/{name}", hashlib.sha256(content).hexdigest()) for name, content in CONTENT.items()}
    small = Dataset(title="a few names", source=SOURCE, licence="MIT", citation="nobody", files=files)
    monkeypatch.setattr(registry, "DATASETS", {"names": small, "toy": small})
    monkeypatch.setattr(tasks.settings("names"), "files", tuple(CONTENT))
    monkeypatch.setattr(tasks.settings("toy"), "files", tuple(CONTENT))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    patient = pooch.HTTPDownloader
    monkeypatch.setattr(pooch, "HTTPDownloader", lambda **kwargs: patient(**{**kwargs, "timeout": 0.5}))
    with serving(PATHS) as served:
        monkeypatch.setenv("WORKBENCH_MIRROR", served.address)
        yield served


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "data" / "names"


def content(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def silent(_: str) -> None:
    pass


@pytest.mark.parametrize("trouble", ["none", "slow"])
def test_a_download_is_whole_and_verified_and_said_in_a_sentence(
    server: FileServer, cached: Path, trouble: Trouble
) -> None:
    server.troubles[MIDDLE] = trouble
    said: list[str] = []
    assert datasets.locate("names", None, said.append) == Source("full", cached)
    assert said == [f"Downloading a few names from {SOURCE} (3 files)."]
    assert content(cached) == CONTENT
    assert [p.name for p in cached.parent.iterdir()] == ["names"]
    assert datasets.wrong("names", cached) == []


def test_what_is_there_is_not_fetched_again(server: FileServer, cached: Path) -> None:
    datasets.locate("names", None, silent)
    said: list[str] = []
    assert datasets.locate("names", None, said.append) == Source("full", cached)
    assert said == []
    assert set(server.asked.values()) == {1}


@pytest.mark.parametrize("trouble", BROKEN)
def test_a_download_that_fails_leaves_nothing_and_the_next_one_starts_cleanly(
    server: FileServer, cached: Path, trouble: Trouble
) -> None:
    server.troubles[MIDDLE] = trouble
    with pytest.raises(
        DataError, match=r"^The names data (could not be downloaded|at .* is not what its source promised)"
    ) as error:
        datasets.download("names", silent)
    assert "\n" not in str(error.value)
    assert list(cached.parent.iterdir()) == []
    assert datasets.present("names") is None
    server.troubles.clear()
    assert datasets.download("names", silent) == cached
    assert content(cached) == CONTENT


@pytest.mark.parametrize("trouble", BROKEN)
def test_without_the_download_the_starter_set_is_used_and_said_so(
    server: FileServer, cached: Path, trouble: Trouble
) -> None:
    server.troubles[MIDDLE] = trouble
    said: list[str] = []
    assert datasets.locate("names", None, said.append) == Source("starter", datasets.starter("names"))
    assert len(said) == 2
    assert said[1].startswith("The names data ")
    assert said[1].endswith(" Going on with the small starter set.")
    assert not cached.exists()


def test_a_server_that_is_not_there(cached: Path) -> None:
    said: list[str] = []
    assert datasets.locate("names", None, said.append).kind == "starter"
    assert said[1] == (
        "The names data could not be downloaded from http://127.0.0.1:9. Going on with the small starter set."
    )
    assert list(cached.parent.iterdir()) == []


def test_a_task_without_a_starter_set_needs_its_data(server: FileServer) -> None:
    server.troubles[MIDDLE] = "404"
    with pytest.raises(DataError, match="could not be downloaded"):
        datasets.locate("toy", None, silent)


def test_a_task_without_a_known_source_asks_for_its_folder(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "DATASETS", {})
    with pytest.raises(DataError, match=r"no known source: name its folder with --data\.$"):
        datasets.download("names", silent)


def test_while_it_comes_nothing_is_to_be_seen(server: FileServer, cached: Path) -> None:
    server.troubles[MIDDLE] = "stalls"
    looks = 0
    with ThreadPoolExecutor(1) as pool:
        fetched = pool.submit(datasets.download, "names", silent)
        while not fetched.done():
            assert not cached.exists()
            assert datasets.present("names") is None
            looks += 1
            time.sleep(0.02)
        assert isinstance(fetched.exception(), DataError)
    assert looks > 3
    assert server.asked[MIDDLE] == 1


def test_an_old_half_copy_is_replaced_whole(server: FileServer, cached: Path) -> None:
    cached.mkdir(parents=True)
    (cached / "Arabic.txt").write_bytes(CONTENT["Arabic.txt"])
    (cached / "stale.txt").write_text("of another version")
    assert datasets.locate("names", None, silent) == Source("full", cached)
    assert content(cached) == CONTENT


def test_a_failed_download_keeps_what_stood_there(server: FileServer, cached: Path) -> None:
    datasets.download("names", silent)
    server.troubles[MIDDLE] = "breaks off"
    with pytest.raises(DataError):
        datasets.download("names", silent)
    assert content(cached) == CONTENT


@pytest.mark.parametrize("place", ["file/cache", "/proc/none"])
def test_a_cache_that_cannot_be_written_means_the_starter_set(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / place))
    said: list[str] = []
    assert datasets.locate("names", None, said.append).kind == "starter"
    assert said[1].startswith("The names data could not be kept in ")


def test_a_changed_file_is_found(server: FileServer, cached: Path) -> None:
    datasets.download("names", silent)
    (cached / "Czech.txt").write_bytes(CONTENT["Czech.txt"] + b" ")
    assert datasets.wrong("names", cached) == ["Czech.txt"]


@pytest.mark.parametrize("variable", [False, True])
def test_a_named_folder_is_used_and_nothing_is_fetched(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: bool
) -> None:
    named = tmp_path / "mine"
    (named / "names").mkdir(parents=True)
    for name, written in CONTENT.items():
        (named / "names" / name).write_bytes(written)
    if variable:
        monkeypatch.setenv("WORKBENCH_DATA", str(named))
    assert datasets.locate("names", None if variable else named, silent) == Source("full", named / "names")
    assert not server.asked


@pytest.mark.parametrize(
    ("there", "sentence"), [(["Arabic.txt", "Czech.txt"], "lacks Chinese.txt: "), ([], "lacks Arabic.txt and 2 more: ")]
)
def test_a_named_folder_that_lacks_a_file_is_an_error_never_another_folder(
    server: FileServer, tmp_path: Path, there: list[str], sentence: str
) -> None:
    datasets.download("names", silent)  # the cache would have it
    named = tmp_path / "mine"
    (named / "names").mkdir(parents=True)
    for name in there:
        (named / "names" / name).write_bytes(CONTENT[name])
    with pytest.raises(DataError, match=sentence) as error:
        datasets.locate("names", named, silent)
    assert str(error.value).endswith("put the names data there, or name another folder with --data.")


def test_the_option_is_before_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_DATA", str(tmp_path / "variable"))
    assert datasets.named_folder(tmp_path / "option") == tmp_path / "option"
    assert datasets.named_folder() == tmp_path / "variable"
    monkeypatch.chdir(tmp_path)
    assert datasets.named_folder(Path("here")) == tmp_path / "here"
    monkeypatch.delenv("WORKBENCH_DATA")
    assert datasets.named_folder() is None


def test_every_registered_dataset_has_the_files_that_its_task_needs() -> None:
    for task, dataset in registry.DATASETS.items():
        assert set(dataset.files) == set(tasks.settings(task).files)
        assert len({remote.sha256 for remote in dataset.files.values()}) == len(dataset.files)
        assert dataset.source.count("@") == 1


@pytest.mark.data
def test_the_real_data_is_what_the_registry_pins(real_data: Path) -> None:
    assert datasets.wrong("names", real_data / "names") == []
