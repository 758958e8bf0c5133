"""The worker process: ``python -P -m workbench.worker RUN_DIR [DEVICE]`` trains that run.

With DEVICE it computes there, and not on the spec's ``train.device``.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

import workbench.descriptors  # before any file is opened

# isort: split
import workbench.own_packages  # noqa: F401  ends the process where cells or tasks are another's

# isort: split
from workbench.runs.events import Eval, Failed
from workbench.runs.journal import Journal
from workbench.runs.launch import LOCK_FD
from workbench.runs.store import Run, RunError


def main() -> int:
    """Train the run named on the command line.

    Returns:
        the exit code; 0: finished or stopped on request, 1: failed, 2: wrong usage.
    """
    if len(sys.argv) not in (2, 3):
        print("usage: python -P -m workbench.worker RUN_DIR [DEVICE]", file=sys.stderr)
        return 2
    device = "".join(sys.argv[2:])
    run = Run(Path(sys.argv[1]).absolute())
    try:
        lock = _take_lock(run)
    except (RunError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: run.stop_file.touch())
    try:
        return _work(run, device)
    finally:
        os.close(lock)


def _work(run: Run, device: str) -> int:
    journal = Journal(run.events_file)
    from workbench.engine.errors import explain
    from workbench.engine.loop import train
    from workbench.engine.state import TrainingState

    state = TrainingState()
    try:
        for event in train(run, run.stop_file.exists, state, device):
            journal.append(event)
            if isinstance(event, Eval):
                journal.sync()  # before the checkpoint that relies on it
    except (Exception, SystemExit) as error:  # a user's cell or task may end the program as well
        traceback.print_exc()
        sentence = explain(error, run, state)
        with suppress(OSError):
            print(sentence, file=sys.stderr, flush=True)
        journal.give_up_reserve()
        with suppress(OSError):
            journal.append(Failed(time=time.time(), step=state.step, message=sentence))
        return 1
    finally:
        journal.close()
    return 0


def _take_lock(run: Run) -> int:
    """Return the lock that the launcher handed on; take it where there is none.

    Raises:
        RunError: another worker has the run.
    """
    handed = os.environ.pop(LOCK_FD, None)
    if handed is not None:
        with suppress(OSError, ValueError):
            lock = int(handed)
            if os.path.sameopenfile(lock, os.open(run.lock_file, os.O_RDONLY | os.O_CLOEXEC)):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.set_inheritable(lock, False)
                return lock
    return run.acquire_lock()


if __name__ == "__main__":
    sys.exit(main())
