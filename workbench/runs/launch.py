"""Start a detached worker on a run. No torch."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import msgspec

from workbench.config import spec
from workbench.config.fields import as_typed
from workbench.config.spec import SpecError
from workbench.runs.folder import RunError, holds, open_regular
from workbench.runs.history import LatestEvents
from workbench.runs.lock import Lock
from workbench.runs.run import Run

_ROOM = 64 * 1024  # bytes that a worker needs to write why it cannot go on
# settings that may be edited between two lives of a run: its result does not depend on them, but for rounding
CHANGEABLE = {
    *("cell.kernel", "train.device", "train.threads", "train.processes"),
    *("train.checkpoint_seconds", "train.keep", "train.probe"),
}
LOCK_FD = "WORKBENCH_LOCK_FD"
PROCESSES = "--processes"  # the worker's option for a number that differs from the spec's
# by which torchrun tells a process where it stands
TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# OpenMP threads that soon sleep rather than spin while they wait: on a machine with other work a step is 3 times
# faster. A short spin (GNU's runtime) bridges the gaps between a step's small operations on one without.
_QUIET_THREADS = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "20000"}


def start(
    run: Run, device: str = "", threads: int = 0, *, processes: int = 0, own_job: str = "", gpus: str = ""
) -> subprocess.Popen[bytes]:
    """Start a worker in a session of its own, which outlives the caller, its terminal and its login.

    The launcher takes the run's lock and hands the descriptor on, so that the run is never without it.

    Args:
        device: where the worker computes; empty: as the spec says.
        threads: with which it computes on the CPU where the spec names no number; 0: as without.
        processes: that share each batch; 0: as the spec says.
        own_job: id of the cluster's job that this process is part of; empty: of none.
        gpus: that the worker alone is shown, as ``CUDA_VISIBLE_DEVICES`` has them; empty: those of this process.

    Raises:
        RunError: a worker or another job has the run, none could be started, the disk is full, or ``spec.json`` was
            changed to settings that do not fit together or are not those of the run's checkpoint.
    """
    lock = run.acquire_lock(own_job)
    shared = [PROCESSES, str(processes)] if processes else []
    environment = {**_QUIET_THREADS, **os.environ}
    for name in TORCHRUN:  # of a program around this one: the worker is a training of its own
        environment.pop(name, None)
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    if gpus:
        environment["CUDA_VISIBLE_DEVICES"] = gpus
    try:
        check_spec(run)
        if not own_job:
            run.job_file.unlink(missing_ok=True)  # what a cluster said of an earlier life is over
        if shutil.disk_usage(run.path).free < _ROOM:
            raise RunError(
                f"The disk that holds {run.path} is full: free some space, then `workbench resume {run.command_name}`."
            )
        words = ["workbench.worker", *shared, str(run.path), *filter(None, [device])]
        with open_regular(run.log_file, "ab") as log:
            return start_with_lock(words, lock, log, environment)
    except OSError as error:
        raise RunError(f"No worker could be started on run {run.id}: {error.strerror}.") from None
    finally:
        lock.close()


def start_with_lock(
    words: Sequence[str], lock: Lock, log: BinaryIO, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a module of Python's in a session of its own, and hand a lock on to it.

    Args:
        words: the module, and what follows on its command line.
        log: file of its output.

    Raises:
        OSError: it cannot be started.
    """
    with signals_blocked():
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[lock.descriptor],
            env={**environment, LOCK_FD: str(lock.descriptor)},
        )
    lock.hand_on(child.pid)
    return child


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Block the signals that end a program: the child inherits the mask, and unblocks them when it can answer them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def check_spec(run: Run) -> None:
    """Check that ``spec.json`` can be trained, and is as it was when the run's checkpoint was written.

    Raises:
        RunError: it is not; one sentence says why.
    """
    try:
        spec.check(run.spec)
    except SpecError as error:
        raise RunError(f"{run.spec_file}: {error}") from None
    started = LatestEvents(run.events_file).read().started if holds(run.last_file) else None
    if started is None:
        return
    now = msgspec.json.decode(msgspec.json.encode(spec.values(run.spec)))  # as the event holds them
    changeable = CHANGEABLE | {
        f"task.{name}" for name in run.spec.settings.paths
    }  # a moved file; its content is checked
    for key, before in started.settings.items():
        if key not in changeable and now.get(key, before) != before:
            raise RunError(
                f"{run.spec_file} says {key}={as_typed(now[key])}, but the run was trained with {as_typed(before)}: "
                "write that back, or train anew with `workbench train`."
            )
