"""The worker process: ``python -P -m workbench.worker RUN_DIR [DEVICE]`` trains that run.

With DEVICE it computes there, and not on the spec's ``train.device``.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import workbench.descriptors  # before any file is opened

# isort: split
import workbench.own_packages  # noqa: F401  ends the process where cells or tasks are another's

# isort: split
import msgspec

from workbench.runs.events import Eval, Failed, Started
from workbench.runs.folder import RunError
from workbench.runs.journal import Journal
from workbench.runs.launch import ENDING_SIGNALS, LOCK_FD
from workbench.runs.lock import Lock
from workbench.runs.run import Run

_HEARTBEAT_NOTE = (
    "The file system of the run's folder has no locks: the run is held by machine, process and heartbeat, so do not "
    "start it from two machines at once."
)


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
    asked = threading.Event()

    def request_stop(*_: object) -> None:
        asked.set()
        with suppress(RunError, OSError):  # where it cannot be written, the status alone stays *running*
            run.request_stop()

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, request_stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)  # blocked by the launcher until now
    try:
        lock.keep_alive()
        return _work(
            run,
            Journal(run.events_file),
            device,
            lambda: asked.is_set() or run.stop_requested(),
            by_heartbeat=lock.by_heartbeat,
        )
    except OSError as error:
        print(f"Run {run.id} cannot be written: {error.strerror} ({run.events_file}).", file=sys.stderr)
        return 1
    finally:
        with suppress(OSError):
            run.stop_file.unlink(missing_ok=True)
        lock.close()


def _work(run: Run, journal: Journal, device: str, stop: Callable[[], bool], *, by_heartbeat: bool) -> int:
    from workbench.engine.errors import explain
    from workbench.engine.loop import train
    from workbench.engine.state import TrainingState

    state = TrainingState()
    try:
        for event in train(run, stop, state, device):
            if isinstance(event, Started) and by_heartbeat:
                event = msgspec.structs.replace(event, notes=[*event.notes, _HEARTBEAT_NOTE])
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


def _take_lock(run: Run) -> Lock:
    """Return the lock that the launcher handed on; take it where there is none.

    Raises:
        RunError: another worker has the run.
    """
    handed = os.environ.pop(LOCK_FD, "")
    return run.adopt_lock(int(handed)) if handed.isdecimal() else run.acquire_lock()


if __name__ == "__main__":
    sys.exit(main())
