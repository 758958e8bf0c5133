"""A file system without ``flock``: training works by host, pid and heartbeat, or one sentence; no debris."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from chaos import shim
from chaos.living import holders
from chaos.programs import Program, one_sentence, plain
from chaos.tally import WHOLE, Tally, some, whole
from waiting import until

from workbench.runs import store
from workbench.runs.run import Run

ERRORS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
FAULT = "no flock"


def without_flock(error: int) -> dict[str, str]:
    return shim.fault("flock", error, 1, "*", lasting=True)


@pytest.mark.parametrize("error", some(list(ERRORS), 1), ids=lambda error: errno.errorcode[error])
@pytest.mark.parametrize("mode", some([("--headless",), ("--headless", "--json"), ("--detach",)], 1), ids="".join)
def test_training_works_or_says_a_sentence(
    tally: Tally, struck: Program, runs_folder: Path, error: int, mode: tuple[str, ...]
) -> None:
    around = without_flock(error)
    with tally.attempt(f"{FAULT}: train", f"train toy {' '.join(mode)}, {errno.errorcode[error]}"):
        told = plain(struck.call("train", "toy", *mode, **around), 0, 1)
        if told.code:
            one_sentence(told, 1)
            assert not list(runs_folder.iterdir()), "an unreadable folder is left"
            return
        (run,) = store.listing(runs_folder)
        until(lambda: not holders(runs_folder), "the training ends")
        for command in ("runs", "show"):
            after = plain(struck.call(command, *[run.id] * (command == "show"), **around), 0)
            assert "finished" in after.out, str(after)


@pytest.mark.parametrize("error", some(list(ERRORS), 1), ids=lambda error: errno.errorcode[error])
def test_every_command_on_a_run(tally: Tally, struck: Program, stopped: Run, error: int) -> None:
    around = without_flock(error)
    run = stopped.id
    every = [["runs"], ["show", run], ["watch", run, "--once"], ["predict", run, "1"], ["resume", run, "--headless"]]
    for words in [*every, ["rm", run, "--yes"]] if WHOLE else every[:1]:
        with tally.attempt(f"{FAULT}: a command on a run", f"{' '.join(words)}, {errno.errorcode[error]}"):
            told = plain(struck.call(*words, **around), 0)
            if words[0] == "runs":
                assert "unreadable" not in told.out, str(told)


@pytest.mark.parametrize("error", some(list(ERRORS), 1), ids=lambda error: errno.errorcode[error])
@whole
def test_a_second_worker_is_refused_and_a_stop_is_heard(
    tally: Tally, struck: Program, runs_folder: Path, tmp_path: Path, error: int
) -> None:
    around = without_flock(error)
    gate = tmp_path / "gate"
    gate.touch()
    with tally.attempt(f"{FAULT}: a second worker, a stop", errno.errorcode[error]):
        told = plain(struck.call("train", "toy", "--detach", "--set", f"task.gate={gate}", **around), 0)
        run = told.out.split()[-1]
        second = plain(struck.call("resume", run, "--headless", **around), 1)
        assert "already running" in second.err, second
        gate.unlink()
        until(lambda: not holders(runs_folder), "the training ends")
        assert "finished" in plain(struck.call("runs", **around), 0).out
