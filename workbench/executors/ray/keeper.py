"""Keeper of a worker on a node of Ray: ``python -P -m workbench.executors.ray.keeper RUN_DIR JOB [SCRATCH]``.

It starts the worker and ends it when the actor that started this process is gone, which its stdin tells: no worker goes
on beside a second one. It is no child of the actor's, since Ray kills those first. Lines of JSON on stdout tell the
worker's process and its exit code. No torch.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

_POLL_SECONDS = 0.2
_GRACE_SECONDS = 60.0  # for a checkpoint into a folder that others see


def main() -> int:
    """Keep the worker of the run named on the command line.

    Returns:
        the exit code; 0: a worker was started, 1: none could be, 2: wrong usage.
    """
    if len(sys.argv) not in (3, 4):
        print("usage: python -P -m workbench.executors.ray.keeper RUN_DIR JOB [SCRATCH]", file=sys.stderr)
        return 2
    if os.fork():
        os._exit(0)
    import workbench
    from tasks.base import PlainError
    from workbench.runs import launch
    from workbench.runs.run import Run

    scratch = "".join(sys.argv[3:])
    with suppress(OSError):
        if scratch:
            fcntl.flock(os.open(f"{scratch}/.held", os.O_RDONLY), fcntl.LOCK_SH)
    try:
        worker = launch.start(Run(Path(sys.argv[1])), own_job=sys.argv[2])
    except (PlainError, OSError) as error:
        _say({"refused": str(error)})
        return 1
    _say({"pid": worker.pid, "version": workbench.__version__})
    if _keep(worker, 0.0 if scratch else _GRACE_SECONDS) and scratch:
        shutil.rmtree(scratch, ignore_errors=True)
    _say({"code": worker.returncode})
    return 0


def _keep(worker: subprocess.Popen[bytes], grace: float) -> bool:
    """Wait for a worker's end, and bring it about when stdin ends.

    Returns:
        whether stdin ended first.
    """
    while worker.poll() is None:
        if select.select([0], [], [], _POLL_SECONDS)[0] and not os.read(0, 1):
            worker.terminate()
            end = time.monotonic() + grace
            while worker.poll() is None and time.monotonic() < end:
                time.sleep(_POLL_SECONDS)
            worker.kill()
            worker.wait()
            return True
    return False


def _say(words: dict[str, object]) -> None:
    with suppress(OSError):  # nobody listens any more
        os.write(1, json.dumps(words).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
