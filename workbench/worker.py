"""The worker process: ``python -P -m workbench.worker [--processes N] RUN_DIR [DEVICE]`` trains that run.

With DEVICE it computes there, and not on the spec's ``train.device``; with N it shares the batches among so many
processes, and not the spec's ``train.processes``. Of the processes that torchrun starts with this module, the first is
the worker and the others follow it.
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
from typing import TYPE_CHECKING

import workbench.descriptors  # before any file is opened

# isort: split
import workbench.own_packages  # noqa: F401  ends the process where cells or tasks are another's

# isort: split
import msgspec

from workbench.config.spec import SpecError
from workbench.distributed.ending import end_process
from workbench.distributed.followers import Followers
from workbench.distributed.place import Place, given
from workbench.follower import follow
from workbench.runs.events import Eval, Failed, Started
from workbench.runs.folder import RunError
from workbench.runs.journal import Journal
from workbench.runs.launch import ENDING_SIGNALS, LOCK_FD, PROCESSES
from workbench.runs.lock import Lock
from workbench.runs.run import Run

if TYPE_CHECKING:
    from workbench.engine.state import TrainingState

_HEARTBEAT_NOTE = (
    "The file system of the run's folder has no locks: the run is held by machine, process and heartbeat, so do not "
    "start it from two machines at once."
)


def main() -> int:
    """Train the run named on the command line.

    Returns:
        the exit code; 0: finished or stopped on request, 1: failed, 2: wrong usage.
    """
    words, processes = sys.argv[1:], 0
    if words[:1] == [PROCESSES] and "".join(words[1:2]).isdecimal():
        words, processes = words[2:], int(words[1])
    if len(words) not in (1, 2):
        print(f"usage: python -P -m workbench.worker [{PROCESSES} N] RUN_DIR [DEVICE]", file=sys.stderr)
        return 2
    device = "".join(words[1:])
    run = Run(Path(words[0]).absolute())
    place = given(os.environ)
    if place and place.rank:
        code, sentence = follow(run, place, device)
        print(sentence, end="\n" * bool(sentence), file=sys.stderr)
        return code
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
            place or processes,
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


def _work(
    run: Run, journal: Journal, device: str, place: Place | int, stop: Callable[[], bool], *, by_heartbeat: bool
) -> int:
    """Train a run, and write its events.

    Args:
        place: among the processes that torchrun started; else the number of processes, 0: as the spec says.
    """
    state: TrainingState | None = None
    followers: Followers | None = None

    def fail(sentence: str) -> None:
        with suppress(OSError):
            print(sentence, file=sys.stderr, flush=True)
        journal.give_up_reserve()
        with suppress(OSError):
            journal.append(Failed(time=time.time(), step=state.step if state else 0, message=sentence))

    def give_up(sentence: str) -> None:
        fail(sentence)
        os._exit(1)  # the main thread waits for what never comes

    try:
        if isinstance(place, int):
            size = place or run.spec.train.processes
            followers = Followers(run, device, size, give_up) if size > 1 else None  # they import torch meanwhile
            place = followers.place if followers else Place()
        else:
            _check_agreement(run, place)
        from workbench.engine.distributed.world import World
        from workbench.engine.loop import train
        from workbench.engine.state import TrainingState

        state = TrainingState()
        for event in train(run, stop, state, device, World(place)):
            if isinstance(event, Started) and by_heartbeat:
                event = msgspec.structs.replace(event, notes=[*event.notes, _HEARTBEAT_NOTE])
            journal.append(event)
            if isinstance(event, Eval):
                journal.sync()  # before the checkpoint that relies on it
    except (Exception, SystemExit) as error:  # a user's cell or task may end the program as well
        from workbench.engine.errors import explain
        from workbench.engine.state import TrainingState

        traceback.print_exc()
        fail(explain(followers.explain(error) if followers else error, run, state or TrainingState()))
        return 1
    else:
        return 0
    finally:
        if followers:
            followers.close()
        journal.close()


def _check_agreement(run: Run, place: Place) -> None:
    """Refuse a number of processes that differs from what torchrun started.

    Raises:
        SpecError: the settings name another one.
    """
    if (processes := run.spec.train.processes) not in (1, place.size):
        raise SpecError(
            f"torchrun started {place.size} process{'es' * (place.size != 1)}, and train.processes={processes}: start "
            "as many, or leave train.processes at 1."
        )


def _take_lock(run: Run) -> Lock:
    """Return the lock that the launcher handed on; take it where there is none.

    Raises:
        RunError: another worker has the run.
    """
    handed = os.environ.pop(LOCK_FD, "")
    return run.adopt_lock(int(handed)) if handed.isdecimal() else run.acquire_lock()


if __name__ == "__main__":
    end_process(main())
