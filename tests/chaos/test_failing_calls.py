"""A system call on a run's files fails: a full disk, a quota, a broken or a read-only one. Nothing saved is lost."""

from __future__ import annotations

import errno
import random
from pathlib import Path

import pytest
from chaos import shim
from chaos.programs import Program, Told, one_sentence, plain
from chaos.tally import SEED, WHOLE, Tally, amount, some, whole
from engine.toy_runs import contents, copied

from workbench.runs import store
from workbench.runs.history import read_history
from workbench.runs.run import Run

ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
SAID = {
    errno.ENOSPC: ("full", "space"),
    errno.EDQUOT: ("quota",),
    errno.EIO: ("error", "disk", "Input/output"),
    errno.EROFS: ("read-only", "Read-only"),
}
CALLS = ("write", "fsync", "rename", "open")
FILES = "*[!h]/runs/*"  # not the sources in workbench/runs
ALL_BUT_THE_LOG = "*[!h]/runs/*[!g]"  # where nothing at all can be written, nobody can be told why
CASES = [(call, error) for call in CALLS for error in ERRORS if (call, error) != ("fsync", errno.EROFS)]
_few = [("write", errno.ENOSPC)]


def said_or_done(told: Told, error: int, run: Run | None) -> None:
    """Check a command under a failing call: it went well, or one sentence says what is wrong with the disk."""
    plain(told, 0, 1)
    if told.code:
        one_sentence(told, 1)
        assert any(word in told.sentences[0] for word in SAID[error]), f"does not say what happened\n{told}"
    elif run:
        assert run.status() in ("finished", "stopped"), str(told)


def numbers(made: int, most: int) -> list[int]:
    """Some of the calls, always the first and the last."""
    every = [*range(1, made + 1)]
    return sorted({1, *([made] if WHOLE else []), *random.Random(SEED).sample(every, min(most, made))})


@pytest.mark.parametrize("lasting", some([False, True], 1), ids=lambda lasting: "from-then-on" if lasting else "once")
@pytest.mark.parametrize(("calls", "error"), some(CASES, 0) or _few, ids=str)
def test_a_call_fails_while_a_run_resumes(
    tally: Tally, struck: Program, stopped: Run, tmp_path: Path, calls: str, error: int, lasting: bool
) -> None:
    counting = copied(stopped, stopped.path.parent, "toy-rnn-counting")
    log = tmp_path / "calls"
    done = struck.call(
        "resume", counting.id, "--headless", **shim.fault(calls, error, 0, ALL_BUT_THE_LOG, worker=True, log=log)
    )
    assert done.code == 0, str(done)
    made = len(shim.calls_made(log))
    assert made, f"no {calls} was seen"
    how = "from then on" if lasting else "once"
    for k in numbers(made, amount(0, 1)):
        run = copied(stopped, stopped.path.parent, f"toy-rnn-{k}")
        before = contents(run)
        around = shim.fault(calls, error, k, ALL_BUT_THE_LOG, lasting=lasting, worker=True)
        fault = f"{errno.errorcode[error]} at {calls}, {how}"
        with tally.attempt(fault, f"k = {k} of {made}"):
            said_or_done(struck.call("resume", run.id, "--headless", **around), error, run)
            assert run.last_file.stat().st_size, "last.pt is gone"
            assert run.events_file.read_bytes().startswith(before["events.jsonl"]), "events were lost"
            assert not list(run.path.glob(".*.tmp")), "a temporary file is left"
        with tally.attempt("… and resumes where the disk is whole again", f"{fault}, k = {k} of {made}"):
            if run.status() != "finished":
                plain(struck.call("resume", run.id, "--headless"), 0)
            assert run.status() == "finished"
            assert [event.step for event in read_history(run.events_file).evals][-1] == 24


@pytest.mark.parametrize(
    ("calls", "error"), some([*CASES, ("mkdir", errno.EROFS), ("mkdir", errno.ENOSPC)], 1), ids=str
)
def test_a_call_fails_while_a_run_is_launched(
    tally: Tally, struck: Program, runs_folder: Path, tmp_path: Path, calls: str, error: int
) -> None:
    words = ("train", "toy", "--headless", "--max-steps", 3)
    log = tmp_path / "calls"
    done = struck.call(*words, **shim.fault(calls, error, 0, FILES, log=log))
    assert done.code == 0, str(done)
    mine = [line.split()[1] for line in shim.calls_made(log)]
    launchers = mine.index("1", 1) if "1" in mine[1:] else len(mine)  # the worker counts from 1 again
    for k in numbers(launchers, amount(0, 3)):
        fault = f"{errno.errorcode[error]} while a run is launched"
        with tally.attempt(fault, f"{calls}, k = {k} of {launchers}"):
            before = {run.id for run in store.listing(runs_folder)}
            told = struck.call(*words, **shim.fault(calls, error, k, FILES, lasting=True))
            said_or_done(told, error, None)
            hidden = [left.name for left in runs_folder.iterdir() if left.name.startswith(".")]
            assert not hidden, f"left behind: {hidden}"
            for run in store.listing(runs_folder):
                assert run.id in before or run.id in told.both or told.code == 0, f"{run.id} is left unnamed\n{told}"


@whole
def test_half_a_write(tally: Tally, struck: Program, stopped: Run) -> None:
    for k in range(1, amount(1, 12) + 1):
        run = copied(stopped, stopped.path.parent, f"toy-rnn-half-{k}")
        with tally.attempt("half of a write, then a full disk", f"k = {k}"):
            around = shim.fault("write", "short", k, "*/runs/*events.jsonl", lasting=True, worker=True)
            said_or_done(struck.call("resume", run.id, "--headless", **around), errno.ENOSPC, run)
            plain(struck.call("resume", run.id, "--headless"), 0)
            assert run.status() == "finished"
