"""Session with a Ray cluster: ``python -P -m workbench.executors.ray.session RUNS CLUSTER``, a child of the driver.

Ray ends a process that has lost its cluster. What must outlive that lies with the driver, which begins another session.
Each run has a thread, which waits for its node most of the time. No torch.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import workbench.descriptors  # noqa: F401  before any file is opened
from tasks.base import PlainError
from tasks.shared import files
from workbench.config.environment import unexpected
from workbench.executors.clusters import ClusterError
from workbench.executors.log import say
from workbench.executors.ray import records
from workbench.executors.ray.records import BEAT_SECONDS
from workbench.executors.ray.spool import Entry, Spool
from workbench.executors.ray.training import Actor, Training
from workbench.runs.launch import ENDING_SIGNALS
from workbench.runs.run import Run

NOT_REACHED, REFUSED = 3, 4  # exit codes
MOST_WAITING = 64  # runs for which Ray is asked for a node at once: it tells an autoscaler what is wanted
_POLL_SECONDS = 0.3
_MOST_TOLD = 10  # jobs of one pass that wait behind others, and are told so
_BEHIND = "behind other runs"
_STACK = 1 << 20  # bytes of a thread


class Session:
    """Runs of a spool, and the threads that have them.

    Args:
        engage: asks the cluster for an actor with so many CPUs and GPUs.
        shortage: tells what the cluster lacks for so many.
    """

    def __init__(
        self, spool: Spool, engage: Callable[[float, float], Actor], shortage: Callable[[float, float], str]
    ) -> None:
        self._spool, self._engage, self._shortage = spool, engage, shortage
        self._live: dict[str, tuple[Entry, Training, threading.Thread]] = {}
        self._told: dict[str, float] = {}  # when a job that waits behind others was told so
        self.stopping = False

    def work(self) -> bool:
        """Begin what may begin.

        Returns:
            whether anything is left to wait for.
        """
        for identity, (_, _, thread) in list(self._live.items()):
            if not thread.is_alive():
                del self._live[identity]
        entries = self._spool.entries()
        groups = Counter(entry.group for entry, _, _ in self._live.values())
        waiting = sum(not training.placed for _, training, _ in self._live.values())
        for entry in entries:
            if entry.job in self._live:
                continue
            if self.stopping or self._spool.asked_to_stop(entry.job):
                self._drop(entry)
            elif waiting < MOST_WAITING and not 0 < entry.at_once <= groups[entry.group] and self._begin(entry):
                groups[entry.group] += 1
                waiting += 1
        self._tell_behind(entries)
        return bool(entries or self._live)

    def _tell_behind(self, entries: Sequence[Entry]) -> None:
        """Tell some of the runs that are not to begin yet, so that nobody takes their jobs for forgotten."""
        now = time.monotonic()
        due = [
            entry
            for entry in entries
            if entry.job not in self._live and now - self._told.get(entry.job, -BEAT_SECONDS) >= BEAT_SECONDS
        ]
        for entry in due[:_MOST_TOLD]:
            self._told[entry.job] = now
            if (record := records.live(self._run(entry), entry.job)) and record.job.state == "queued":
                record.set(reason=_BEHIND)

    def _drop(self, entry: Entry) -> None:
        if record := records.live(self._run(entry), entry.job):
            record.end()
        self._spool.remove(entry.job)

    def _begin(self, entry: Entry) -> bool:
        """Begin a run whose job is live."""
        run = self._run(entry)
        record = records.live(run, entry.job)
        if record is None:
            self._spool.remove(entry.job)
            return False
        if record.job.state == "running":  # of a session before, which was killed
            if record.job.requeues >= entry.cluster.retries:
                record.end("The connection to its cluster broke off too often.")
                self._spool.remove(entry.job)
                return False
            record.requeue("the connection to the cluster broke off")
        try:
            processes = run.spec.train.processes
        except PlainError as error:
            record.end(str(error))
            self._spool.remove(entry.job)
            return False
        need = (entry.cluster.cpus * processes, entry.cluster.gpus * processes)
        training = Training(
            run,
            entry,
            record,
            engage=lambda: self._engage(*need),
            stopping=lambda: self.stopping or self._spool.asked_to_stop(entry.job),
            shortage=lambda: self._shortage(*need),
        )
        thread = threading.Thread(target=self._train, args=(training, record, entry), daemon=True)
        self._live[entry.job] = entry, training, thread
        thread.start()
        return True

    def _train(self, training: Training, record: records.Record, entry: Entry) -> None:
        try:
            training.work()
        except Exception as error:
            sentence = unexpected(error)
            say(sentence)
            record.end(sentence[:1000])
        self._spool.remove(entry.job)

    def _run(self, entry: Entry) -> Run:
        return Run(self._spool.runs / entry.run)


def main() -> int:
    """Work off the spool named on the command line.

    Returns:
        the exit code; 0: nothing is left, 2: wrong usage, 3: the cluster does not answer, 4: it refuses.
    """
    if len(sys.argv) != 3:
        print("usage: python -P -m workbench.executors.ray.session RUNS CLUSTER", file=sys.stderr)
        return 2
    spool = Spool(Path(sys.argv[1]), sys.argv[2])
    asked: list[int] = []
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
    driver = os.getppid()
    entries = spool.entries()
    if not entries:
        return 0
    try:
        from workbench.executors.ray import connection

        connection.connect(entries[-1].cluster)
    except (ClusterError, ImportError) as error:
        with suppress(OSError):
            files.write(spool.trouble_file, str(error).encode())
        return NOT_REACHED if type(error).__name__ == "NotReached" else REFUSED
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))  # Ray has set its own
    with suppress(OSError):
        spool.connected_file.touch()
    say(f"Connected to the Ray cluster at {entries[-1].cluster.address}.")
    threading.stack_size(_STACK)
    session = Session(spool, connection.RayActor, connection.Resources().shortage)
    while session.work():
        session.stopping = session.stopping or bool(asked)
        if os.getppid() != driver:
            os._exit(1)  # the driver was killed: whoever asks finds its jobs dead, and so they are
        time.sleep(_POLL_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
