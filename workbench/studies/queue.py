"""The queue process of a study: ``python -P -m workbench.studies.queue STUDY_DIR [JSON]``.

It starts what is missing, lost, stopped or failed, as many at once as the machine has room for. Killed at any instant
it leaves runs that go on; the next queue counts them as its own. No torch.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec

import workbench.descriptors  # noqa: F401  before any file is opened
from tasks.base import PlainError
from workbench.config.environment import unexpected
from workbench.config.spec import RunSpec
from workbench.executors import log
from workbench.executors.local import Slot
from workbench.executors.places import Place, Places, on_gpus
from workbench.runs import launch
from workbench.runs.folder import RunError
from workbench.runs.launch import ENDING_SIGNALS, LOCK_FD
from workbench.runs.run import LIVE, Run
from workbench.studies import search
from workbench.studies.search import SearchQueue
from workbench.studies.study import WAITING, Study, StudyError, StudyRun

_POLL_SECONDS = 0.5
_NOWHERE = Place(Slot(), 0)  # of a run that cannot be started, which is told when it is tried
UNDONE: tuple[str, ...] = (WAITING, "lost", "stopped", "failed")


class Orders(msgspec.Struct, frozen=True):
    """Order to a queue."""

    jobs: int = 0  # workers at once; 0: as many as there is room for
    per_gpu: int = 1
    only: tuple[str, ...] = UNDONE  # states of the runs that are started


def start(study: Study, orders: Orders) -> subprocess.Popen[bytes]:
    """Start a queue in a session of its own, which outlives the caller and its terminal.

    The launcher takes the study's lock and hands it on, so that of two that ask at once one has it.

    Raises:
        StudyError: a queue works on the study already, or none could be started.
    """
    lock = study.acquire_lock()
    try:
        words = [__name__, str(study.path), msgspec.json.encode(orders).decode()]
        with study.open_log() as log:
            return launch.start_with_lock(words, lock, log, os.environ)
    except OSError as error:
        raise StudyError(f"No queue could be started on study {study.id}: {error.strerror}.") from None
    finally:
        lock.close()


class Queue:
    """Runs of a study that are to be trained, and those that a worker has."""

    def __init__(self, study: Study, orders: Orders) -> None:
        self._study = study
        self._workers: dict[int, subprocess.Popen[bytes] | None] = {}  # None: another process started it
        self.refused = 0  # runs that could not be started
        members = study.members()
        states = {member.number: member.state for member in members}
        self._due = [number for number, state in states.items() if state in orders.only]
        specs = [described for planned in study.content.runs if (described := _described(planned))]
        self._places = Places(specs, jobs=orders.jobs, per_gpu=orders.per_gpu, say=log.say)
        self._places.learn(study.run(number) for number, state in states.items() if state not in (WAITING, *LIVE))
        for member in members:
            if member.state in LIVE and not (member.summary and member.summary.job and member.summary.job.live):
                self._adopt(member.number)  # a cluster's takes no place here

    def work(self) -> bool:
        """Take in what has ended and start what there is room for.

        Returns:
            whether anything is left to wait for.
        """
        for number, worker in list(self._workers.items()):
            run = self._study.run(number)
            if worker.poll() is None if worker else run.trains():
                continue
            del self._workers[number]
            self._places.release(run)
            log.say(f"{run.id} is {_status(run)}.")
        while self._due and (place := self._place(self._due[0])):
            self._start(self._due.pop(0), place)
        return bool(self._due or self._workers)

    def stop(self) -> None:
        """Start nothing more; ask what trains to save a checkpoint and end, and wait for it."""
        self._due.clear()
        while self.work():
            for number in self._workers:
                with suppress(RunError):  # it has ended, or is not ready to be asked yet
                    self._study.run(number).request_stop()
            time.sleep(_POLL_SECONDS)

    def _adopt(self, number: int) -> None:
        """Count a worker that another process started."""
        self._places.adopt(self._study.run(number))
        self._workers[number] = None

    def _place(self, number: int) -> Place | None:
        """Return a place for the next run; ``None`` where it has to wait for one."""
        described = _described(self._study.content.runs[number - 1])
        return self._places.take(described) if described else _NOWHERE

    def _start(self, number: int, place: Place) -> None:
        """Start a worker on a run; a run that cannot be started costs no other."""
        try:
            run = self._study.begin(number)
            match _status(run):
                case "finished":  # another process was faster
                    return
                case status if status in LIVE:
                    if not ((job := run.job) and job.live):
                        self._adopt(number)
                    return
            slot = place.slot
            worker = launch.start(run, slot.device, slot.threads, gpus=slot.gpus)
        except PlainError as error:
            self.refused += 1
            log.say(f"Run {number} of {self._study.id} was not started: {error}")
            return
        log.say(f"{run.id} ({self._study.content.runs[number - 1].label}) begins{on_gpus(place)}.")
        self._places.hold(run, place)
        self._workers[number] = worker


def _queue(study: Study, orders: Orders) -> Queue | SearchQueue:
    if study.search is None:
        return Queue(study, orders)
    search.check_installed()
    return SearchQueue(study, study.search, jobs=orders.jobs, per_gpu=orders.per_gpu)


def _described(planned: StudyRun) -> RunSpec | None:
    try:
        return planned.described
    except StudyError:  # told where it is to be started
        return None


def _status(run: Run) -> str:
    try:
        return run.status()
    except (RunError, OSError) as error:
        return f"unreadable: {error}"


def main() -> int:
    """Work off the study named on the command line.

    Returns:
        the exit code; 0: nothing is left, or stopped on request, 1: it failed or a run could not be started, 2: wrong
        usage.
    """
    if len(sys.argv) not in (2, 3):
        print("usage: python -P -m workbench.studies.queue STUDY_DIR [ORDERS]", file=sys.stderr)
        return 2
    study = Study(Path(sys.argv[1]).absolute())
    try:
        orders = msgspec.json.decode("".join(sys.argv[2:]) or "{}", type=Orders)
        handed = os.environ.pop(LOCK_FD, "")
        lock = study.adopt_lock(int(handed)) if handed.isdecimal() else study.acquire_lock()
    except (PlainError, OSError, msgspec.MsgspecError) as error:
        print(error, file=sys.stderr)
        return 1
    asked: list[int] = []
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
    try:
        lock.keep_alive()
        queue = _queue(study, orders)
        while not (asked or study.stop_requested()) and queue.work():
            time.sleep(_POLL_SECONDS)
        queue.stop()
    except Exception as error:
        log.say(unexpected(error))
        return 1
    finally:
        with suppress(OSError):
            study.stop_file.unlink(missing_ok=True)
        lock.close()
    return int(queue.refused > 0)


if __name__ == "__main__":
    sys.exit(main())
