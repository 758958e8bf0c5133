"""Training of one run through Ray, to its end; a node that dies is replaced by another. No torch, no Ray."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from tasks.base import PlainError
from workbench.executors.log import say
from workbench.executors.ray import travel
from workbench.executors.ray.records import Record
from workbench.executors.ray.spool import Entry
from workbench.executors.ray.travel import Landing
from workbench.runs import folder
from workbench.runs.events import Event, Failed, Finished, Stopped
from workbench.runs.folder import RunError
from workbench.runs.history import read_end
from workbench.runs.run import Run

_PAUSE = 0.5
_LOCK_SECONDS = 120.0  # in which a worker that lost its node lets go of the run
_DISK_SECONDS = 600.0  # in which the disk here is given the end of a run that it refused


class NodeDied(Exception):
    """The actor is gone, with its node or alone."""


class Cancelled(Exception):
    """The run is not to begin."""


class Actor(Protocol):
    """Actor on a node: ``workbench.executors.ray.node.Node``, as it is asked."""

    def ask(self, method: str, *arguments: Any, tick: Callable[[], None] | None = None) -> Any:
        """Return an answer; ``tick`` is called about twice a second until it comes.

        Raises:
            NodeDied: there will be none.
            PlainError: the method failed on the node; one sentence says how.
        """

    def tell(self, method: str) -> None:
        """Ask without waiting for the answer."""

    def close(self) -> None:
        """Let go of the node."""


class Training:
    """Run that was handed over.

    Args:
        engage: asks the cluster for an actor, which may have to wait for a node.
        stopping: tells whether the run is to be stopped, or not to be begun.
        shortage: tells what the cluster lacks for it, in a few words.
    """

    def __init__(
        self,
        run: Run,
        entry: Entry,
        record: Record,
        *,
        engage: Callable[[], Actor],
        stopping: Callable[[], bool],
        shortage: Callable[[], str],
    ) -> None:
        self._run, self._entry, self._record = run, entry, record
        self._engage, self._stopping, self._shortage = engage, stopping, shortage
        self.placed = False  # it has a node

    def work(self) -> None:
        """Train the run to its end, on as many nodes as it takes."""
        while True:
            try:
                self._record.end(self._attempt())
                return
            except Cancelled:
                self._record.end()
                return
            except NodeDied as died:
                if not self._go_on(died):
                    return
            except (PlainError, OSError) as error:
                self._record.end(_sentence(error))
                return

    def _go_on(self, died: NodeDied) -> bool:
        """Let the job wait for another node, if it may.

        Returns:
            whether it may.
        """
        self.placed = False
        node = self._record.job.node or "the node that it was given"
        say(f"{self._run.id}: {node} died, or its actor did: {died}")
        if _over(self._run, self._record.job.submitted, (Finished, Failed)):  # one that lost its node ends as stopped
            self._record.end()
            return False
        if self._stopping() or self._run.stop_requested():
            self._record.end(f"Its node {node} died before it had stopped.")
            with suppress(OSError):
                self._run.stop_file.unlink(missing_ok=True)
            return False
        if self._record.job.requeues >= self._entry.cluster.retries:
            times = self._record.job.requeues + 1
            self._record.end(
                f"Its node died, {node}{f', after {times - 1} others' * (times > 1)}: what came back before is kept."
            )
            return False
        self._record.requeue(f"its node {node} died: it waits for another")
        return True

    def _attempt(self) -> str:
        """Train on one node.

        Returns:
            the sentence on its end; empty where the run's events tell it.
        """
        if self._stopping():
            raise Cancelled
        actor = self._engage()
        try:
            place = actor.ask("place", tick=self._wait)
            self.placed = True
            node = place["node"]
            say(f"{self._run.id}: node {node}.")
            shared = self._entry.cluster.shared
            if shared is None or shared:
                sees = actor.ask("sees", str(self._run.path), self._entry.job, tick=self._wait)
                if shared and not sees:
                    return (
                        f"Node {node} does not see {self._run.path}: put the runs onto a file system of all nodes, or "
                        "let them travel (shared = false)."
                    )
                shared = sees
            return self._here(actor, node) if shared else self._there(actor, node)
        finally:
            actor.close()

    def _here(self, actor: Actor, node: str) -> str:
        """Train on the run's folder, which the node sees."""
        self._until_free()
        started = self._start(actor, str(self._run.path))
        self._record.set(state="running", node=node, reason="")
        say(f"{self._run.id} trains on {node}, process {started['pid']}.")
        while (code := actor.ask("wait", self._entry.cluster.sync_seconds, tick=self._pass_on_stop)) is None:
            pass
        if self._stopping():  # the worker removed its STOP, and this may have made it again
            self._run.stop_file.unlink(missing_ok=True)
        return self._ending(code, node)

    def _there(self, actor: Actor, node: str) -> str:
        """Train on a copy of the run's folder, which comes back bit by bit."""
        self._until_free()
        with self._locked():
            self._record.set(reason=f"its folder travels to {node}")
            travel.send(self._run, lambda *words: actor.ask(*words, tick=self._wait))
            started = self._start(actor, "")
            self._record.set(state="running", node=node, reason="")
            say(f"{self._run.id} trains on a copy on {node}, process {started['pid']}.")

            def pass_on_stop() -> None:
                self._pass_on_stop()
                if self._run.stop_requested():
                    actor.tell("stop")

            landing = Landing(self._run, lambda *words: actor.ask(*words, tick=pass_on_stop), started["stamps"])
            code = None
            refused = 0.0  # time since which this machine's disk refuses what comes back
            while True:
                code = actor.ask("wait", self._entry.cluster.sync_seconds, tick=pass_on_stop) if code is None else code
                try:
                    whole = landing.take()
                    refused = 0.0
                    if whole and code is not None:
                        break
                except OSError as error:
                    refused = refused or time.monotonic()
                    say(f"{self._run.id}: what came back could not be written: {_sentence(error)}")
                    if code is not None and time.monotonic() - refused > _DISK_SECONDS:
                        raise
                if code is not None:
                    time.sleep(_PAUSE)
            with suppress(PlainError):
                actor.ask("end")
            reason = self._ending(code, node)
            self._record.end(reason)  # before the lock is let go: nobody sees the run without an owner
            return reason

    def _start(self, actor: Actor, path: str) -> dict[str, Any]:
        entry = self._entry
        environment = {**entry.environment, "WORKBENCH_NODE_DATA": entry.cluster.data}
        words = (path, entry.job, environment, list(entry.cluster.python_path))
        started: dict[str, Any] = actor.ask("start", *words, tick=None)
        if "refused" in started:
            raise RunError(started["refused"])
        return started

    def _wait(self) -> None:
        """While the run waits: end that where it is asked for, and tell what it waits for."""
        if self._stopping():
            raise Cancelled
        shortage = "" if self.placed else self._shortage()
        self._record.set(**({"reason": shortage} if shortage else {}))

    def _pass_on_stop(self) -> None:
        self._record.set()
        if self._stopping() and not self._run.stop_requested():
            with suppress(PlainError, OSError):
                folder.open_regular(self._run.stop_file, "ab").close()

    def _until_free(self) -> None:
        """Wait until an earlier worker, whose node is lost, has let go of the run."""
        end = time.monotonic() + _LOCK_SECONDS
        while self._run.alive():
            self._wait()
            self._record.set(reason="the worker before it still has the run")
            if time.monotonic() > end:
                raise RunError(f"Another worker has run {self._run.id} and does not let go of it.")
            time.sleep(_PAUSE)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        held = self._run.acquire_lock(self._entry.job)
        try:
            held.keep_alive()
            yield
        finally:
            with suppress(OSError):
                self._run.stop_file.unlink(missing_ok=True)
            held.close()

    def _ending(self, code: int, node: str) -> str:
        say(f"{self._run.id} has ended with code {code}.")
        if code == 0 or _over(self._run, self._record.job.submitted):
            return ""
        if code < 0:
            name = signal.Signals(-code).name if -code in {*signal.Signals} else f"signal {-code}"
            return f"Its worker was killed on {node} ({name}): it goes on from its last checkpoint."
        last = self._run.last_log_line()
        return f"Its worker ended on {node} with code {code}{f': {last}' * bool(last)}"


def _over(run: Run, submitted: float, ends: tuple[type[Event], ...] = (Finished, Stopped, Failed)) -> bool:
    """Return whether a run's events tell its end in a job."""
    ended = read_end(run.events_file).ended
    return ended is not None and isinstance(ended, ends) and ended.time >= submitted


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        at = Path(str(error.filename)) if error.filename else ""
        return f"{at} cannot be used: {error.strerror}." if at else str(error)
    return str(error)
