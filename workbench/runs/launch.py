"""Start a detached worker on a run. No torch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from workbench.runs.store import Run, RunError

_ROOM = 64 * 1024  # bytes that a worker needs to write why it cannot go on
LOCK_FD = "WORKBENCH_LOCK_FD"
# OpenMP threads that soon sleep rather than spin while they wait: on a machine with other work a step is 3 times
# faster. A short spin (GNU's runtime) bridges the gaps between a step's small operations on one without.
_QUIET_THREADS = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "20000"}


def start(run: Run) -> subprocess.Popen[bytes]:
    """Start a worker in a session of its own, which outlives the caller, its terminal and its login.

    The launcher takes the run's lock and hands the descriptor on, so that the run is never without it.

    Raises:
        RunError: a worker has the run, none could be started, or the disk is full.
    """
    lock = run.acquire_lock()
    try:
        if shutil.disk_usage(run.path).free < _ROOM:
            raise RunError(
                f"The disk that holds {run.path} is full: free some space, then `workbench resume {run.command_name}`."
            )
        with run.log_file.open("ab", buffering=0) as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "workbench.worker", str(run.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[lock],
                env={**_QUIET_THREADS, **os.environ, LOCK_FD: str(lock)},
            )
    except OSError as error:
        raise RunError(f"No worker could be started on run {run.id}: {error.strerror}.") from None
    finally:
        os.close(lock)
