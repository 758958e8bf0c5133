"""Start a detached worker on a run. No torch."""

from __future__ import annotations

import os
import subprocess
import sys

from workbench.runs import Run, RunError

LOCK_FD = "WORKBENCH_LOCK_FD"
# OpenMP threads that sleep rather than spin while they wait: on a machine with other work a step is 3 times faster
_QUIET_THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}


def start(run: Run) -> subprocess.Popen[bytes]:
    """Start a worker in a session of its own: the caller, its terminal and its login may go.

    The launcher takes the run's lock and hands the descriptor on, so that the run is never without it.

    Raises:
        RunError: a worker has the run, or none could be started.
    """
    lock = run.claim()
    try:
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
