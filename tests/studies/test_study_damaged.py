"""A study that is damaged, or a stranger's: it is told, costs no other, can be removed, and opens nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from made_studies import finish, made

from workbench.runs.folder import RunError
from workbench.runs.run import Run
from workbench.studies import overview, store
from workbench.studies.plan import MOST_RUNS
from workbench.studies.study import Study, StudyError, StudyNotOpened


def states(study: Study) -> list[str]:
    return [member.state for member in study.members()]


def spoilt(study: Study, change: Callable[[dict], object]) -> bytes:
    raw = msgspec.json.decode(study.study_file.read_bytes())
    change(raw)
    return msgspec.json.encode(raw)


DAMAGED: list[Callable[[Study], bytes]] = [
    lambda study: b"",
    lambda study: study.study_file.read_bytes()[:-40],
    lambda study: b"\xff" * 100,
    lambda study: b"[" * 100_000,
    lambda study: b"null",
    lambda study: spoilt(study, lambda raw: raw.update(schema=99)),
    lambda study: spoilt(study, lambda raw: raw.update(schema=0)),
    lambda study: spoilt(study, lambda raw: raw.update(runs=[])),
    lambda study: spoilt(study, lambda raw: raw.update(runs=raw["runs"] * (MOST_RUNS // 2 + 1))),
    lambda study: spoilt(study, lambda raw: raw["plan"].update(task=3)),
    lambda study: spoilt(study, lambda raw: raw["runs"][0]["coordinates"].update(cell=None)),
]


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_study_costs_no_other(runs_folder: Path, damage: Callable[[Study], bytes]) -> None:
    study, sound = made(runs_folder), made(runs_folder, name="sound")
    run = finish(study, 1, {"accuracy": 0.5})
    study.study_file.write_bytes(damage(study))
    found = store.find("grid", runs_folder)
    for use in (lambda: found.content, found.members, lambda: found.begin(1), found.request_stop):
        with pytest.raises(StudyError) as caught:
            use()
        assert str(found.study_file) in str(caught.value) or "newer Workbench" in str(caught.value)
        assert str(caught.value).endswith(".")
    told = {one["study"]: one for one in map(overview.overview, store.listing(runs_folder))}
    assert told["grid"] | {"message": ""} == {
        **{"study": "grid", "state": "unreadable", "task": "?", "lab": "", "quick": False},
        **{"runs": 0, "finished": 0, "states": {}, "message": ""},
    }
    assert told["grid"]["message"] == str(caught.value)
    assert told["sound"]["state"] == "new"
    assert store.remove(found) == 0  # whose its runs are, it does not say
    assert not found.path.exists()
    assert run.status() == "finished"
    assert sound.members()


@pytest.mark.parametrize(
    "change",
    [{"schema": 99}, {"task": "gone"}, {"options": {"hidden": -1}}, {"train": None}],
)
def test_one_run_that_cannot_be_described_costs_no_other(runs_folder: Path, change: dict) -> None:
    study = made(runs_folder)
    study.study_file.write_bytes(spoilt(study, lambda raw: raw["runs"][0]["spec"].update(change)))
    study = Study(study.path)
    assert states(study) == ["waiting", "waiting"]
    with pytest.raises(RunError, match=r"^A run of the study, rnn, cannot be read: "):
        study.begin(1)
    assert study.begin(2).spec.cell == "gru"


def link(path: Path, diary: Path) -> str:
    path.symlink_to(diary)
    return "a link"


def hard_link(path: Path, diary: Path) -> str:
    path.hardlink_to(diary)
    return "a hard link"


def named_pipe(path: Path, _: Path) -> str:
    os.mkfifo(path)
    return "a named pipe"


def subfolder(path: Path, _: Path) -> str:
    path.mkdir()
    return "a folder"


@pytest.fixture
def diary(tmp_path: Path) -> Iterator[Path]:
    """A file of the user's, which stays as it is."""
    path = tmp_path / "diary.txt"
    path.write_bytes(b"Dear diary\n" * 5000)
    before = path.read_bytes()
    yield path
    assert path.read_bytes() == before


USES: dict[str, Callable[[Study], object]] = {
    "study.json": Study.members,
    "lock": Study.acquire_lock,
    "queue.log": Study.open_log,
}


@pytest.mark.parametrize("make", [link, named_pipe, subfolder, hard_link])
@pytest.mark.parametrize("name", USES)
def test_a_strangers_file_is_not_opened(
    runs_folder: Path, diary: Path, name: str, make: Callable[[Path, Path], str]
) -> None:
    study = made(runs_folder)
    (study.path / name).unlink(missing_ok=True)
    kind = make(study.path / name, diary)
    study = store.find("grid", runs_folder)
    assert overview.overview(study)["state"] == ("unreadable" if name == "study.json" else "new")
    with pytest.raises(StudyError) as caught:
        USES[name](study)
    if (name, kind) == ("study.json", "a hard link"):  # it may be read: it is no study
        assert str(caught.value).startswith(f"{study.study_file} is damaged")
    else:
        assert isinstance(caught.value, StudyNotOpened)
        assert str(caught.value).startswith(f"Study grid is not opened: {name} is {kind}, ")
    store.remove(study)
    assert not os.path.lexists(study.path)


@pytest.mark.parametrize("make", [link, named_pipe, hard_link])
def test_a_strangers_stop_is_removed_unopened(
    runs_folder: Path, diary: Path, make: Callable[[Path, Path], str]
) -> None:
    study = made(runs_folder)
    make(study.stop_file, diary)
    study.acquire_lock().close()
    assert not os.path.lexists(study.stop_file)


def test_a_stop_that_cannot_be_removed_is_told(runs_folder: Path) -> None:
    study = made(runs_folder)
    study.stop_file.mkdir()
    with pytest.raises(StudyError, match=r"^Study grid cannot be used: its STOP file cannot be removed: "):
        study.acquire_lock()
    assert not study.queued()


@pytest.mark.parametrize("make", [link, named_pipe])
def test_a_strangers_run_is_one_unreadable_member(
    runs_folder: Path, tmp_path: Path, make: Callable[[Path, Path], str]
) -> None:
    study = made(runs_folder)
    (tmp_path / "diary.txt").write_text("Dear diary")
    make(runs_folder / "grid-01", tmp_path / "diary.txt")
    run = study.begin(2)
    run.metadata_file.unlink()
    make(run.metadata_file, tmp_path / "diary.txt")
    assert states(study) == ["unreadable", "unreadable"]
    with pytest.raises(RunError):
        study.begin(1).spec  # noqa: B018
    assert store.own_runs(study) == []
    assert store.remove(study) == 0
    assert os.path.lexists(runs_folder / "grid-01")
    assert (tmp_path / "diary.txt").read_text() == "Dear diary"


def test_a_study_that_was_deleted_begins_no_run(runs_folder: Path) -> None:
    study = made(runs_folder)
    study.study_file.unlink()
    with pytest.raises(StudyError, match=r"^Study grid is gone: .*study.json was deleted.$"):
        study.begin(1)
    assert not Run(runs_folder / "grid-01").path.exists()
