"""Another user of the machine: closed folders, held locks, files of another owner. Needs root, who becomes both."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from chaos.commands import ALL, words
from chaos.living import holders
from chaos.programs import Program, Told, one_sentence, plain
from chaos.tally import Tally, amount, whole
from engine.toy_runs import copied
from forker import Forker
from waiting import until

from workbench.runs import store
from workbench.runs.history import read_history
from workbench.runs.run import Run

OWNER, OTHER = 65534, 65533
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become two users")


@pytest.fixture
def as_one(forker: Forker, place: Path) -> AsUser:
    """Commands as one of the users, with runs in ``place/runs``."""
    return AsUser(forker, place)


class AsUser:
    def __init__(self, forker: Forker, place: Path) -> None:
        self._program = Program(forker, place)
        self._program.folder.chmod(0o777)
        self._place = place
        (place / "runs").mkdir()
        (place / "runs").chmod(0o777)

    def __call__(self, user: int, *args: object, **env: str) -> Told:
        return self._program.call(*args, function="chaos.users:main", **self._around(user, env))

    def each(self, user: int, commands: Sequence[Sequence[object]], **env: str) -> list[Told | None]:
        return self._program.each(commands, **self._around(user, env))

    def _around(self, user: int, env: dict[str, str]) -> dict[str, str]:
        own = self._place / f"home-{user}"
        own.mkdir(exist_ok=True)
        os.chown(own, user, user)
        around = {"CHAOS_USER": str(user), "HOME": str(own), "WORKBENCH_RUNS": str(self._place / "runs")}
        return around | {"WORKBENCH_CACHE": str(own / "cache"), **env}


def begun(as_one: AsUser, place: Path, **env: str) -> Run:
    """An owner's run that waits at its fourth step for ``place/gate`` to go."""
    (place / "gate").touch()
    told = as_one(OWNER, "train", "toy", "--detach", "--set", f"task.gate={place / 'gate'}", **env)
    assert told.code == 0, str(told)
    run = Run(place / "runs" / told.out.split()[-1])
    until(lambda: read_history(run.events_file).step >= 3, "the run reaches its third step")
    return run


def owned(run: Run, folder: Path, user: int) -> Run:
    """A copy of a run that belongs to a user."""
    made = copied(run, folder, f"toy-rnn-of-{user}")
    for path in (made.path, *made.path.iterdir()):
        os.chown(path, user, user)
    return made


def finishes(run: Run, place: Path) -> None:
    (place / "gate").unlink(missing_ok=True)
    until(lambda: not holders(place), "the training ends")
    assert run.status() in ("finished", "stopped"), run.status()


@whole
def test_another_users_stop_is_refused_in_a_sentence(tally: Tally, as_one: AsUser, place: Path) -> None:
    run = begun(as_one, place)
    refused = ("stop", "rm", "resume")
    commands = [words(command, run) for command in (*refused, "runs", "show", "watch")]
    for command, told in zip(commands, as_one.each(OTHER, commands), strict=True):
        with tally.attempt("another user's running run", " ".join(command)):
            if command[0] in refused:
                one_sentence(told, 1)
                assert not run.stop_file.exists()
            else:
                told = plain(told, 0)
                assert run.id in told.both or command[0] == "watch", str(told)
    finishes(run, place)


@whole
def test_a_stop_file_of_another_user(tally: Tally, as_one: AsUser, place: Path, stopped: Run) -> None:
    run = owned(stopped, place / "runs", OWNER)
    run.stop_file.touch()
    os.chown(run.stop_file, OTHER, OTHER)
    run.path.chmod(0o1777)  # sticky: only the file's owner may remove it
    os.chown(run.path, OTHER, OTHER)
    with tally.attempt("another user's STOP", "resume"):
        told = plain(as_one(OWNER, "resume", run.id, "--headless"), 0, 1)
        if told.code:
            one_sentence(told, 1)


@whole
def test_a_shared_lock_of_another_user_holds_nobody_up(tally: Tally, as_one: AsUser, place: Path, stopped: Run) -> None:
    run = owned(stopped, place / "runs", OWNER)
    child = os.fork()
    if not child:  # the other user reads the lock file, and locks what it reads
        try:
            os.setgid(OTHER)
            os.setuid(OTHER)
            descriptor = os.open(run.lock_file, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            (place / "locked").touch()
            time.sleep(600)
        finally:
            os._exit(0)
    try:
        until(lambda: (place / "locked").exists() or os.waitpid(child, os.WNOHANG)[0], "the lock is held", seconds=30)
        with tally.attempt("another user's shared lock", "resume"):
            plain(as_one(OWNER, "resume", run.id, "--headless"), 0)
            assert run.status() == "finished"
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


@whole
@pytest.mark.parametrize("mask", ["002", "077", "027", "022"])
def test_the_mask_is_followed(tally: Tally, as_one: AsUser, place: Path, mask: str) -> None:
    told = as_one(OWNER, "train", "toy", "--headless", "--max-steps", 3, CHAOS_UMASK=mask)
    plain(told, 0)
    (run,) = store.listing(place / "runs")
    allowed = 0o666 & ~int(mask, 8)
    for file in run.path.iterdir():
        with tally.attempt("files follow the umask", f"{mask}: {file.name}"):
            mode = stat.S_IMODE(file.stat().st_mode)
            assert mode == allowed, f"{file.name} has mode {mode:o}, not {allowed:o}"


def test_a_run_that_cannot_be_read(tally: Tally, as_one: AsUser, place: Path, stopped: Run, finished: Run) -> None:
    closed, good = owned(stopped, place / "runs", OWNER), owned(finished, place / "runs", OTHER)
    commands = [words(command, closed) for command in (*ALL, "runs --json")]
    for name in ("", "spec.json", "events.jsonl", "lock", "task.json", "worker.log")[: amount(1, 9)]:
        path = closed.path / name
        before = stat.S_IMODE(path.stat().st_mode)
        path.chmod(0)
        for command, told in zip(commands, as_one.each(OTHER, commands), strict=True):
            with tally.attempt("a run that cannot be read", f"{path.name}: {' '.join(command)}"):
                told = plain(told)
                if command[0] == "runs":
                    assert told.code == 0, str(told)
                    assert good.id in told.out, str(told)
        path.chmod(before)
    assert closed.path.exists()


_COMMANDS = (
    *(["runs"], ["runs", "--json"], ["show", "last"], ["tasks"], ["data"], ["doctor"], ["train", "toy", "--headless"]),
    *(["train", "names", "--headless", "--max-steps", "2"], ["poem", "--start", "月"], ["stop", "last"]),
)


@whole
@pytest.mark.parametrize("what", ["home", "cache", "runs folder", "folder above the runs"])
def test_a_folder_of_somebody_else(tally: Tally, as_one: AsUser, place: Path, finished: Run, what: str) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    below = closed / "below"
    below.mkdir()
    env = {
        "home": {"HOME": str(closed), "XDG_CACHE_HOME": "", "WORKBENCH_CACHE": ""},
        "cache": {"WORKBENCH_CACHE": str(closed)},
        "runs folder": {"WORKBENCH_RUNS": str(closed)},
        "folder above the runs": {"WORKBENCH_RUNS": str(below)},
    }[what]
    run = owned(finished, place / "runs", OTHER)
    commands = [*_COMMANDS, ["predict", str(run.path), "1"]]
    for command, told in zip(commands, as_one.each(OTHER, commands, **env), strict=True):
        with tally.attempt(f"{what} that is somebody else's", " ".join(command)):
            told = plain(told)
            if what in ("home", "cache") and command[0] in ("runs", "tasks", "predict"):
                assert told.code == 0, str(told)
    shutil.rmtree(closed)


@whole
def test_json_of_a_run_of_another_user(tally: Tally, as_one: AsUser, place: Path, finished: Run) -> None:
    run = owned(finished, place / "runs", OWNER)
    with tally.attempt("another user's finished run", "show --json"):
        told = plain(as_one(OTHER, "show", run.id, "--json"), 0)
        assert json.loads(told.out)["status"] == "finished"
