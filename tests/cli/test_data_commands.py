"""``data``: the listing, ``get``, ``verify``, ``path``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from cli.file_server import FileServer, serving
from sentences import says

from tasks.shared.datasets import locations
from tasks.shared.datasets.registry import DATASETS
from workbench.cli.app import run

Workbench = Callable[..., "subprocess.CompletedProcess[str]"]
NAMES = DATASETS["names"]


def decoded(result) -> object:
    assert result.returncode == 0, result.stderr
    return msgspec.json.decode(result.stdout)


@pytest.fixture
def workbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Workbench:
    """The command line in this process: these commands start no other, and a fresh Python a call would be slow."""

    def call(*words: object, **env: str) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "argv", ["workbench", *map(str, words)])
            for name, value in env.items():
                patched.setenv(name, value)
            with pytest.raises(SystemExit) as left:
                run()
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, int(left.value.code or 0), said.out, said.err)

    return call


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """A named data folder whose names are the starter set's: other bytes than the source's."""
    shutil.copytree(locations.starter("names"), tmp_path / "data" / "names")
    return tmp_path / "data"


@pytest.fixture
def mirror(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server that has the real names where a mirror of their source has them."""
    files = {
        remote.address.partition("://")[2]: (real_data / "names" / name).read_bytes()
        for name, remote in NAMES.files.items()
    }
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(files) as served:
        monkeypatch.setenv("WORKBENCH_MIRROR", served.address)
        yield served


def test_nothing_is_here_but_the_starter_set(workbench) -> None:
    result = workbench("data")
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("names ")]
    assert line.split()[1:] == [*NAMES.title.split(), "starter", "1,440", "10.6", "kB", "–"]
    assert result.stderr == (
        "Full data is downloaded when a training first needs it; `workbench data get TASK` does it now.\n"
    )
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("text ")]
    assert line.split()[1:6] == ["your", "own:", "task.file,", "task.folder", "starter"]
    rows = {row["task"]: row for row in decoded(workbench("data", "--json"))}
    assert "toy" not in rows  # it needs no dataset
    assert rows["names"] == {
        "task": "names",
        "where": "starter",
        "folder": str(starter()),
        "problem": None,
        "rows": 1440,
        "bytes": sum(file.stat().st_size for file in starter().iterdir()),
        "hash": None,
        "title": NAMES.title,
        "source": NAMES.home,
        "licence": NAMES.licence,
        "citation": NAMES.citation,
        "download_bytes": NAMES.size,
        "reads": {"*.txt": NAMES.readers[0].form},
    }
    for command in ("path", "verify"):
        says(workbench("data", command, "names"), 1, "The names data is not downloaded yet: `workbench data get names`")
    assert "names: not downloaded.\n" in workbench("data", "verify").stdout


def starter() -> Path:
    return locations.starter("names")


def test_a_named_folder(workbench, copies: Path) -> None:
    folder = copies / "names"
    assert workbench("data", "path", "names", "--data", copies).stdout == f"{folder}\n"
    assert decoded(workbench("data", "path", "names", "--json", WORKBENCH_DATA=str(copies))) == {
        "task": "names",
        "folder": str(folder),
    }
    result = workbench("data", "--data", copies)
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("names ")]
    assert "named folder  –" in line
    assert "not verified" in line
    assert "`workbench data verify` compares files with the hashes of their source" in result.stderr


@pytest.mark.parametrize("before", [("data", "--data"), ("--data",)])
def test_a_folder_may_be_named_before_the_command(workbench, copies: Path, before: tuple[str, ...]) -> None:
    words = [*before, copies, *(["data"] if before[0] == "--data" else []), "path", "names"]
    assert workbench(*words, WORKBENCH_DATA="elsewhere").stdout == f"{copies / 'names'}\n"


def test_files_that_differ_from_their_source(workbench, copies: Path) -> None:
    folder = copies / "names"
    result = workbench("data", "verify", "names", "--data", copies)
    assert says(result, 1, f"{folder}: Arabic.txt, Chinese.txt, Czech.txt and 15 more differ from the source: fetch")
    (row,) = [row for row in msgspec.json.decode(workbench("data", "--json", "--data", copies).stdout) if row["rows"]]
    assert (row["task"], row["hash"], row["rows"]) == ("names", "differs", 1440)  # remembered
    told = workbench("data", "verify", "names", "--json", "--data", copies)
    assert says(told, 1, "Arabic.txt")
    found = msgspec.json.decode(told.stdout)
    assert (found["hash"], found["rows"], found["missing"]) == ("differs", 1440, [])
    assert found["files"] == dict.fromkeys(NAMES.files, "differs")
    (folder / "Arabic.txt").write_text("Khoury\n")  # another file: what was found is of no worth any more
    rows = {row["task"]: row for row in decoded(workbench("data", "--json", "--data", copies))}
    assert (rows["names"]["hash"], rows["names"]["rows"]) == ("not verified", None)


def test_a_folder_that_lacks_a_file(workbench, copies: Path) -> None:
    (copies / "names" / "Greek.txt").unlink()
    result = workbench("data", "--data", copies)
    assert result.returncode == 0
    assert f"{copies}/names lacks Greek.txt: put the names data there" in result.stderr
    rows = {row["task"]: row for row in decoded(workbench("data", "--json", "--data", copies))}
    assert rows["names"]["where"] == "incomplete"
    assert rows["names"]["folder"] is None
    assert "lacks Greek.txt" in rows["names"]["problem"]


def test_all_that_is_here_is_verified_and_what_is_not_as_it_should_be_is_said_at_the_end(
    workbench, copies: Path
) -> None:
    (copies / "reviews").mkdir()
    with zipfile.ZipFile(copies / "reviews" / "online_shopping_10_cats.zip", "w") as archive:
        archive.writestr("online_shopping_10_cats.csv", "cat,label,review\n书籍,1,好\n")
    result = workbench("data", "verify", "--data", copies)
    assert says(result, 1, "Not as it should be: ").endswith("names, reviews.")
    assert f"{copies}/names: Arabic.txt, Chinese.txt, Czech.txt and 15 more differ" in result.stdout
    assert (
        f"{copies}/reviews: online_shopping_10_cats.zip differs from the source: fetch again; "
        "1 row, its source has 62,774.\n" in result.stdout
    )
    assert f"imdb: not in {copies}.\n" in result.stdout
    (copies / "imdb").mkdir()
    told = workbench("data", "verify", "--json", "--data", copies)
    assert told.returncode == 1
    found = {row["task"]: row for row in msgspec.json.decode(told.stdout)}
    assert found["names"]["hash"] == "differs"
    assert "lacks aclImdb, aclImdb_v1, aclImdb_v1.tar.gz, " in found["imdb"]["problem"]


def test_get_fetches_once_and_says_the_licence(workbench, mirror: FileServer, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "data" / "names"
    first = workbench("data", "get", "names")
    assert (first.returncode, first.stdout) == (0, f"{folder}\n"), first.stderr
    assert first.stderr == (
        f"Downloading {NAMES.title} from {NAMES.home} (18 files, 0.2 MB).\nLicence: MIT. To cite: {NAMES.citation}.\n"
    )
    asked = mirror.asked.total()
    again = workbench("data", "get", "names", "--json", WORKBENCH_DATA=str(tmp_path / "mine"))
    assert decoded(again) == {"task": "names", "folder": str(folder)}
    assert mirror.asked.total() == asked == 18
    assert again.stderr.endswith(f"WORKBENCH_DATA is set: trainings read {tmp_path}/mine/names.\n")
    (line,) = [line for line in workbench("data").stdout.splitlines() if line.startswith("names ")]
    assert line.split()[1:] == [*NAMES.title.split(), "cache", "20,050", "163.4", "kB", "verified"]
    (folder / "Greek.txt").write_text("Adamou\n")
    assert workbench("data", "get", "names").returncode == 0
    assert mirror.asked.total() == 36
    assert workbench("data", "verify", "names").stdout == f"{folder}: 18 files as in the source; 20,050 rows.\n"


def test_get_says_what_cannot_be_had(workbench) -> None:
    says(workbench("data", "get", "names"), 1, "The names data could not be downloaded from http://127.0.0.1:9.")
    for command in ("get", "verify", "path"):
        says(workbench("data", command, "toy"), 1, "The task toy needs no data files: it makes its examples itself.")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("names",), "`workbench data names` wants a verb: `workbench data path names` prints its folder"),
        (("nmaes",), "There is no command `data nmaes`: did you mean 'names'?"),
        (("verfy", "names"), "There is no command `data verfy`: did you mean 'verify'?"),
        (("get", "nmaes"), "There is no task 'nmaes': did you mean 'names'?"),
        (("verify", "nmaes"), "There is no task 'nmaes': did you mean 'names'?"),
        (("path", "nmaes"), "There is no task 'nmaes': did you mean 'names'?"),
    ],
)
def test_a_mistaken_word_is_answered_helpfully(workbench, words: tuple[str, ...], sentence: str) -> None:
    says(workbench("data", *words), 2, sentence)


def test_a_training_on_a_file_of_the_users_own_that_is_not_there_is_refused(workbench, tmp_path: Path) -> None:
    words = ("train", "climate", "--headless", "--set", f"task.csv={tmp_path}/gone.csv")
    says(
        workbench(*words),
        1,
        f"{tmp_path}/gone.csv is missing or no file: name the climate data's file again (task.csv).",
    )
    assert not (tmp_path / "runs").exists()
