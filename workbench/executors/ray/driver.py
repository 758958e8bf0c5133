"""Driver of the runs that were handed to a Ray cluster: ``python -P -m workbench.executors.ray.driver RUNS CLUSTER``.

It holds the lock of the cluster's spool, begins sessions with it (``session.py``) as long as there are entries,
and gives the jobs up where it cannot be reached for longer than its description allows. No torch, no Ray.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import workbench.descriptors  # noqa: F401  before any file is opened
from tasks.base import PlainError
from workbench.config.environment import unexpected
from workbench.executors.log import say
from workbench.executors.ray import records
from workbench.executors.ray.session import REFUSED
from workbench.executors.ray.spool import Spool, bound_log
from workbench.runs.launch import ENDING_SIGNALS
from workbench.runs.lock import Lock
from workbench.runs.run import Run

SESSION = "workbench.executors.ray.session"
_FIRST_SECONDS = 60.0  # in which a cluster that was never reached must answer
_CONNECT_SECONDS = 120.0  # after which a session that has not reached the cluster is ended
_PAUSE = 3.0  # between two sessions
_POLL_SECONDS = 0.2
_BROKE_OFF = "the connection to the cluster broke off"
_QUICK_SECONDS, _MOST_QUICK = 30.0, 5  # sessions that end so soon, one after the other


class Driver:
    """Driver of a spool.

    Args:
        session: runs a session, and returns its exit code.
    """

    def __init__(self, spool: Spool, session: Callable[[], int]) -> None:
        self._spool, self._session = spool, session
        self._reached = False  # in this life
        self._away = 0.0  # time since which the cluster is not reached; 0: it is
        self._quick = 0

    def work(self, held: Lock) -> None:
        """Begin sessions until nothing is left; let go of the lock."""
        while True:
            with self._spool.gate(float("inf")):
                if not self._spool.entries():
                    held.close()
                    return
            began = time.time()
            code = self._session()
            bound_log(self._spool.log_file)
            if code == 0:
                self._away, self._quick = 0.0, 0
                continue
            self._lost(code, began)
            if self._spool.entries():
                time.sleep(_PAUSE)

    def _lost(self, code: int, began: float) -> None:
        """Let the jobs wait for the cluster, or give them up."""
        connected = _modified(self._spool.connected_file) >= began
        self._quick = self._quick + 1 if time.time() - began < _QUICK_SECONDS and connected else 0
        if connected:
            self._reached, self._away = True, 0.0
        self._away = self._away or time.time()
        entries = self._spool.entries()
        trouble = _BROKE_OFF if connected else self._trouble()
        allowed = max((entry.cluster.reconnect_seconds for entry in entries), default=0.0)
        if not self._reached:
            allowed = min(allowed, _FIRST_SECONDS)
        given_up = code == REFUSED or time.time() - self._away > allowed or self._quick > _MOST_QUICK
        say(f"The session ended with code {code}: {trouble}")
        for entry in entries:
            if record := records.live(Run(self._spool.runs / entry.run), entry.job):
                if given_up or self._spool.asked_to_stop(entry.job):
                    begun = record.job.state == "running"
                    stopped = self._spool.asked_to_stop(entry.job) and not begun
                    record.end("" if stopped else _as_sentence(trouble))
                elif record.job.state == "running":
                    record.requeue(f"{trouble}: trying again")
                else:
                    record.set(reason=f"{trouble}: trying again")
            if given_up or self._spool.asked_to_stop(entry.job):
                self._spool.remove(entry.job)

    def _trouble(self) -> str:
        with suppress(OSError):
            return self._spool.trouble_file.read_text(errors="replace").strip().removesuffix(".") or _BROKE_OFF
        return _BROKE_OFF


def _as_sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


class Sessions:
    """Children that speak with the cluster; a signal that asks this process to end is theirs."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._asked = False

    def ask(self, *_: object) -> None:
        """Ask for the end: runs save a checkpoint, what waits is dropped."""
        self._asked = True

    def __call__(self) -> int:
        """Run one, and return its exit code; negative of a signal."""
        began, told = time.time(), False
        with suppress(OSError):
            self._spool.trouble_file.unlink(missing_ok=True)
        command = [sys.executable, "-P", "-m", SESSION, str(self._spool.runs), self._spool.cluster]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        while (code := child.poll()) is None:
            if self._asked and not told:
                child.terminate()
                told = True
            late = time.time() - began > _CONNECT_SECONDS
            if late and _modified(self._spool.connected_file) < began:
                child.kill()
            time.sleep(_POLL_SECONDS)
            bound_log(self._spool.log_file)
        return code


def main() -> int:
    """Drive the spool named on the command line.

    Returns:
        the exit code; 0: nothing is left, or another driver has it, 1: it failed, 2: wrong usage.
    """
    if len(sys.argv) != 3:
        print("usage: python -P -m workbench.executors.ray.driver RUNS CLUSTER", file=sys.stderr)
        return 2
    spool = Spool(Path(sys.argv[1]), sys.argv[2])
    sessions = Sessions(spool)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, sessions.ask)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
    try:
        held = spool.adopt_lock()
        if held is None:
            return 0
        held.keep_alive()
        Driver(spool, sessions).work(held)
    except PlainError as error:
        say(str(error))
        return 1
    except Exception as error:
        say(unexpected(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
