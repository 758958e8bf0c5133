"""Datasets: where each stands. Named, cached, starter, or a file of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

import tasks
from tasks.base import DataError
from tasks.shared.datasets import locations, registry
from tasks.shared.datasets.locations import Source
from tasks.shared.datasets.named import named_folder
from tasks.shared.datasets.registry import Dataset

FILES = ("one.txt", "book|book.tar.gz|book_*.csv", "last.txt")


class Own(msgspec.Struct, frozen=True):
    """Settings that name a file of the user's own."""

    file: str
    own_data_is_folder: bool = False
    paths: ClassVar[Sequence[str]] = ("file",)

    @property
    def own_data(self) -> str:
        return self.file


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that reads ``FILES``, with no known source."""
    monkeypatch.setattr(tasks.settings("toy"), "files", FILES)
    monkeypatch.setattr(registry, "DATASETS", {})


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name} has a line\n")
    return folder


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("there", "lacking", "read"),
    [
        (["one.txt", "book.tar.gz", "last.txt"], [], ["one.txt", "book.tar.gz", "last.txt"]),
        (["one.txt", "book/a.txt", "last.txt"], [], ["one.txt", "book", "last.txt"]),
        (["one.txt", "book_b.csv", "book_a.csv", "last.txt"], [], ["one.txt", "book_a.csv", "book_b.csv", "last.txt"]),
        # the first alternative that is there, alone
        (["one.txt", "book_a.csv", "book.tar.gz", "last.txt"], [], ["one.txt", "book.tar.gz", "last.txt"]),
        (["one.txt", "bookish.tar.gz"], [FILES[1], "last.txt"], ["one.txt"]),
        ([], list(FILES), []),
    ],
)
def test_an_entry_of_files_is_a_name_or_one_of_several_patterns(
    tmp_path: Path, there: Sequence[str], lacking: list[str], read: list[str]
) -> None:
    folder = write(tmp_path / "toy", *there)
    assert locations.missing("toy", folder) == lacking
    assert locations.read_files("toy", folder) == [folder / name for name in read]


@pytest.mark.usefixtures("toy")
def test_a_link_to_nothing_is_not_there(tmp_path: Path) -> None:
    folder = write(tmp_path / "toy", "one.txt", "last.txt")
    (folder / "book_a.csv").symlink_to(tmp_path / "gone")
    assert locations.missing("toy", folder) == [FILES[1]]


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("variable", [False, True])
def test_a_named_folder_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: bool) -> None:
    folder = write(tmp_path / "mine" / "toy", "one.txt", "book/a.txt", "last.txt")
    if variable:
        monkeypatch.setenv("WORKBENCH_DATA", str(tmp_path / "mine"))
    said: list[str] = []
    assert locations.find_or_download("toy", None if variable else tmp_path / "mine", said.append) == Source(
        "full", folder
    )
    assert said == []


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        (["one.txt", "last.txt"], "lacks book, book.tar.gz or book_*.csv: put"),
        (["book.tar.gz", "last.txt"], "lacks one.txt: put"),
        ([], "lacks one.txt and 2 more: put"),
    ],
)
def test_a_named_folder_that_lacks_a_file_is_an_error_never_another_folder(
    tmp_path: Path, there: list[str], sentence: str
) -> None:
    write(locations.cached("toy"), "one.txt", "book.tar.gz", "last.txt")  # the cache would have it
    folder = write(tmp_path / "mine" / "toy", *there)
    with pytest.raises(DataError) as error:
        locations.find("toy", tmp_path / "mine")
    assert str(error.value).startswith(f"{folder} {sentence}")
    assert str(error.value).endswith(" the toy data there, or name another folder with --data.")


def test_the_option_is_before_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_DATA", str(tmp_path / "variable"))
    assert named_folder(tmp_path / "option") == tmp_path / "option"
    assert named_folder() == tmp_path / "variable"
    monkeypatch.chdir(tmp_path)
    assert named_folder(Path("here")) == tmp_path / "here"
    monkeypatch.delenv("WORKBENCH_DATA")
    assert named_folder() is None


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("named", [False, True])
def test_a_file_of_the_users_own_stands_in_for_the_dataset(tmp_path: Path, named: bool) -> None:
    option = tmp_path / "nowhere" if named else None
    own = Own(file=str(write(tmp_path / "own", "weather.csv") / "weather.csv"))
    assert locations.find("toy", option, own) == Source("full", tmp_path / "own")
    assert locations.find_or_download("toy", option, pytest.fail, settings=own) == Source("full", tmp_path / "own")


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("name", ["gone.csv", "x" * 300])
def test_a_file_of_the_users_own_that_is_not_there_is_said(tmp_path: Path, name: str) -> None:
    own = tmp_path / name
    with pytest.raises(DataError) as error:
        locations.find_or_download("toy", None, pytest.fail, settings=Own(file=str(own)))
    assert str(error.value) == f"{own} is missing or no file: name the toy data's file again (task.file)."


@pytest.mark.usefixtures("toy")
def test_a_folder_of_the_users_own_stands_in_for_the_dataset(tmp_path: Path) -> None:
    folder = write(tmp_path / "own", "a.txt")
    assert locations.find("toy", None, Own(str(folder), own_data_is_folder=True)) == Source("full", tmp_path)
    for name in ("own/a.txt", "gone"):
        with pytest.raises(DataError, match=f"{name} is missing or no folder: name the toy data's folder again"):
            locations.find("toy", None, Own(str(tmp_path / name), own_data_is_folder=True))


@pytest.mark.parametrize("named", [False, True])
def test_a_task_without_a_dataset_has_its_starter_set_alone(tmp_path: Path, named: bool) -> None:
    option = tmp_path / "nowhere" if named else None
    starter = locations.starter("text")
    said: list[str] = []
    assert locations.find_or_download("text", option, said.append) == Source("starter", starter)
    assert said == ["No data of your own is named (task.file, task.folder): going on with the small starter set."]
    assert locations.status("text", option).where == "starter"
    with pytest.raises(DataError, match="has no dataset to fetch: its settings name data of your own"):
        locations.download("text", pytest.fail)


@pytest.mark.usefixtures("toy")
def test_settings_that_name_no_file_change_nothing(tmp_path: Path) -> None:
    assert locations.find("toy", None, Own(file="")) is None
    assert locations.find("toy", None, tasks.settings("toy")()) is None


@pytest.mark.usefixtures("toy")
def test_a_task_without_a_known_source_asks_for_its_folder() -> None:
    with pytest.raises(DataError, match=r"no known source: name its folder with --data\.$"):
        locations.download("toy", pytest.fail)


def test_a_task_that_reads_no_file_needs_no_dataset() -> None:
    found = locations.find_or_download("toy", None, pytest.fail)
    assert found.kind == "full"


class TestStanding:
    """Status of a dataset without a download."""

    def test_nowhere(self, toy: None) -> None:
        assert locations.status("toy") == locations.DatasetStatus("absent", None)

    def test_incomplete(self, toy: None, tmp_path: Path) -> None:
        found = locations.status("toy", tmp_path)
        assert (found.where, found.folder) == ("incomplete", None)
        assert "lacks one.txt and 2 more" in found.problem

    def test_a_named_folder_before_and_after_it_was_examined(self, toy: None, tmp_path: Path) -> None:
        folder = write(tmp_path / "toy", "one.txt", "book.tar.gz", "last.txt")
        size = sum(file.stat().st_size for file in folder.iterdir())
        assert locations.status("toy", tmp_path) == locations.DatasetStatus("named folder", folder, size=size)
        found = locations.verify("toy", folder)
        assert locations.status("toy", tmp_path) == locations.DatasetStatus(
            "named folder", folder, found=found, size=size
        )

    def test_an_extracted_archive_has_no_quick_size(self, toy: None, tmp_path: Path) -> None:
        write(tmp_path / "toy", "one.txt", "book/a.txt", "last.txt")
        assert locations.status("toy", tmp_path).size is None

    def test_the_starter_set(self) -> None:
        folder = locations.starter("names")
        rows = sum(len(file.read_text().split("\n")) - 1 for file in folder.iterdir())
        size = sum(file.stat().st_size for file in folder.iterdir())
        assert locations.status("names") == locations.DatasetStatus("starter", folder, rows=rows, size=size)

    def test_the_cache(self, toy: None, monkeypatch: pytest.MonkeyPatch) -> None:
        names = ("one.txt", "book.tar.gz", "last.txt", "more")
        known = {name: registry.Remote(f"https://here/{name}") for name in names}
        monkeypatch.setattr(registry, "DATASETS", {"toy": Dataset("toys", "here", "MIT", "nobody", [], known)})
        folder = write(locations.cached("toy"), *names[:3])
        assert locations.status("toy").where == "absent"  # the source has more
        write(folder, "more")
        assert locations.status("toy").where == "cache"
