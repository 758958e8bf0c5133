"""Finding a run by what was typed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tasks.shared.datasets.progress import PROGRESS_MARK
from workbench.config.spec import RunSpec
from workbench.runs import locations
from workbench.runs import store as runs
from workbench.runs.folder import RunError
from workbench.runs.metadata import RunMetadata, write
from workbench.runs.run import Run, task_state
from workbench.runs.store import NoSuchRun

IDS = ("names-gru-1", "names-lstm-1", "names-lstm-2", "names-lstm-22")


@pytest.fixture
def store(runs_folder: Path, described: RunSpec) -> Path:
    """Runs of known ids, the last named the newest."""
    for age, name in enumerate(reversed(IDS)):
        run = runs.create(runs_folder, described)
        run.path.rename(runs_folder / name)
        os.utime(runs_folder / name / "spec.json", (1000 - age, 1000 - age))
    return runs_folder


def test_the_newest_run_is_listed_first(store: Path) -> None:
    assert [run.id for run in runs.listing(store)] == list(reversed(IDS))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("names-lstm-1", "names-lstm-1"),
        ("names-lstm-2", "names-lstm-2"),  # though another id begins so
        ("names-g", "names-gru-1"),
        ("names-lstm-22", "names-lstm-22"),
        ("last", "names-lstm-22"),
    ],
)
def test_an_id_a_unique_beginning_and_last(store: Path, name: str, found: str) -> None:
    assert runs.find(name, store).id == found


@pytest.mark.parametrize("name", ["names-lstm", "names", "n"])
def test_a_beginning_of_several_names_them(store: Path, name: str) -> None:
    with pytest.raises(NoSuchRun, match=r"is the beginning of \d runs: .*names-lstm-22.* Type more of it\.$"):
        runs.find(name, store)


def test_no_name_at_all(store: Path) -> None:
    with pytest.raises(NoSuchRun) as said:
        runs.find("", store)
    assert str(said.value) == "No run is named: give its id, the beginning of one, or `last`."


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("names-l", "4 runs: names-lstm-22, names-lstm-2, names-lstm-1, names-lstm-0. Type"),
        ("names", "5 runs: names-lstm-22, names-lstm-2, names-lstm-1, names-lstm-0 …. Type"),
    ],
)
def test_of_many_runs_with_one_beginning_four_are_named(
    store: Path, described: RunSpec, name: str, listed: str
) -> None:
    fifth = runs.create(store, described).path.rename(store / "names-lstm-0")
    os.utime(fifth / "spec.json", (997.5, 997.5))
    with pytest.raises(NoSuchRun) as said:
        runs.find(name, store)
    assert str(said.value) == f"'{name}' is the beginning of {listed} more of it."


@pytest.mark.parametrize("name", ["lstm", "names-lstm-1x", "*", "names-lstm-1 "])
def test_what_begins_no_id_points_at_the_list(store: Path, name: str) -> None:
    with pytest.raises(NoSuchRun, match=r"There is no run .*`workbench runs` lists them\.$"):
        runs.find(name, store)


@pytest.mark.parametrize(("name", "models"), [("last", False), ("names", True)])
def test_where_there_are_no_runs_the_first_one_is_suggested(tmp_path: Path, name: str, models: bool) -> None:
    with pytest.raises(NoSuchRun, match=r"There are no runs in .*`workbench train ") as said:
        runs.find(name, tmp_path / "nowhere")
    suggested = "start one with `workbench train names --cell lstm`"
    asked = ", or ask a model that came along: pretrained/names-lstm, pretrained/poems-lstm" if models else ""
    assert str(said.value) == f"There are no runs in {tmp_path / 'nowhere'}: {suggested}{asked}."


def test_a_folders_path(store: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = store / IDS[0]
    assert runs.find(str(path), tmp_path / "elsewhere").path == path
    monkeypatch.chdir(store)
    assert runs.find(f"./{IDS[0]}", tmp_path / "elsewhere").path == path
    monkeypatch.chdir(path)
    assert runs.find(".", tmp_path / "elsewhere").id == IDS[0]


@pytest.mark.parametrize("name", ["./", "..", "/nowhere/at/all"])
def test_a_folder_without_a_spec_is_no_run(store: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(store)
    with pytest.raises(NoSuchRun, match=r"is not a run's folder: it holds no spec\.json\.$"):
        runs.find(name, store)


def test_a_pretrained_model(store: Path) -> None:
    (store / runs.PRETRAINED).mkdir()
    shutil.copytree(store / IDS[0], store / runs.PRETRAINED / "names-best")
    found = runs.find("pretrained/names-best", store)
    assert found.id == "pretrained/names-best"
    assert found.status() == "finished"  # it has no events
    with pytest.raises(NoSuchRun, match=r"There is no model pretrained/names-worst: there are .*pretrained/names-best"):
        runs.find("pretrained/names-worst", store)
    assert len(runs.listing(store)) == len(IDS)  # pretrained models are no runs of this store


def test_of_models_that_are_not_there_those_that_are_here_are_named(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locations, "shipped", lambda: tmp_path / "nothing")
    for models, sentence in (((), "none is here"), (("a", "b"), "there are pretrained/a, pretrained/b")):
        for model in models:
            shutil.copytree(store / IDS[0], store / runs.PRETRAINED / model)
        with pytest.raises(NoSuchRun) as said:
            runs.find("pretrained/x", store)
        assert str(said.value) == f"There is no model pretrained/x: {sentence}."


@pytest.mark.parametrize("name", [".hidden", "notes", "spec"])
def test_a_folder_that_is_no_run_is_not_listed(store: Path, name: str) -> None:
    (store / name).mkdir()
    if name == ".hidden":
        shutil.copy(store / IDS[0] / "spec.json", store / name)
    (store / "spec.json").write_text("{}")
    assert len(runs.listing(store)) == len(IDS)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "is not a run: it holds no spec.json."), (b"{", "Run toy: spec.json is damaged"), (b"{}", "damaged")],
)
def test_a_run_that_cannot_be_read_says_why(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / "toy"
    path.mkdir()
    if content is not None:
        (path / "spec.json").write_bytes(content)
    with pytest.raises(RunError) as error:
        _ = Run(path).spec
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("content", "last"),
    [
        (None, ""),
        (b"", ""),
        (b"one\nthe last\n", "the last"),
        (b"one\n\n  \n", "one"),
        (b"one\n  two", "two"),
        (b"caf\xe9\n", "caf\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_the_last_line_of_the_log(tmp_path: Path, content: bytes | None, last: str) -> None:
    run = Run(tmp_path)
    if content is not None:
        run.log_file.write_bytes(content)
    assert run.last_log_line() == last


def test_the_tasks_state_is_read_or_said_to_be_missing(run: Run) -> None:
    with pytest.raises(RunError, match=r"no task\.json yet"):
        task_state(run)
    run.task_file.write_bytes(b'{"labels":["a"]}')
    assert task_state(run) == {"labels": ["a"]}
    for damaged in (b"", b"[1]", b'{"labels":', b"\xff"):
        run.task_file.write_bytes(damaged)
        with pytest.raises(RunError, match=r"task\.json is damaged"):
            task_state(run)


def test_the_progress_that_a_worker_logged_is_read_in_whole_lines_from_where_one_was(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.progress_lines() == run.progress_lines(40) == ([], 0)
    mark = PROGRESS_MARK.encode()
    begun = b"a warning\n" + mark + b"Reading caf\xe9\nanother\n" + mark + b"Cutting"
    run.log_file.write_bytes(begun)
    lines, offset = run.progress_lines()
    assert lines == [f"{PROGRESS_MARK}Reading caf\N{REPLACEMENT CHARACTER}"]
    assert offset == begun.index(mark + b"Cutting")
    assert run.progress_lines(offset) == ([], offset)
    run.log_file.write_bytes(begun + b" words\n" + mark + b"Learning\n")
    assert run.progress_lines(offset) == (
        [f"{PROGRESS_MARK}Cutting words", f"{PROGRESS_MARK}Learning"],
        run.log_file.stat().st_size,
    )
    assert len(run.progress_lines()[0]) == 3


def describe(store: Path, **names: RunMetadata) -> None:
    for name, about in names.items():
        write(Run(store / name.replace("_", "-")), about)


def test_the_name_that_people_gave_is_the_last_resort(store: Path) -> None:
    describe(
        store,
        names_gru_1=RunMetadata(name="names-lstm-2"),
        names_lstm_1=RunMetadata(name="names", note="lstm"),
        names_lstm_2=RunMetadata(name="lr 1/10, wide", study="grid"),
    )
    assert runs.find("names-lstm-2", store).id == "names-lstm-2"  # an id comes first
    assert runs.find("names-g", store).id == "names-gru-1"
    assert runs.find("names", store).id == "names-lstm-1"  # the beginning of several
    assert runs.find("lr 1/10, wide", store).id == "names-lstm-2"  # no folder's path
    assert runs.find("grid: lr 1/10, wide", store).id == "names-lstm-2"
    for unknown in ("lr 1/10", "lstm", "grid", "grid: "):
        with pytest.raises(NoSuchRun):
            runs.find(unknown, store)


def test_a_name_of_several_runs_names_them(store: Path, tmp_path: Path) -> None:
    describe(store, names_gru_1=RunMetadata(name="wide"), names_lstm_1=RunMetadata(name="wide"))
    (store / "names-lstm-2" / "metadata.json").symlink_to(tmp_path)  # a stranger's: it is left out
    with pytest.raises(NoSuchRun) as said:
        runs.find("wide", store)
    assert str(said.value) == "'wide' is the name of 2 runs: names-lstm-1, names-gru-1. Give the id of one."
