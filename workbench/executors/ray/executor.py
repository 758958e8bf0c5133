"""Starting of workers through Ray: runs are handed to a driver, which goes on by itself. No torch, and no Ray here."""

from __future__ import annotations

import importlib.util
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from workbench.executors.clusters import ClusterError, RayCluster
from workbench.executors.contract import Finding
from workbench.executors.ray import records
from workbench.executors.ray.spool import Entry, Spool
from workbench.runs import job
from workbench.runs.folder import RunError
from workbench.runs.job import Job
from workbench.runs.run import Run

PROBE = "workbench.executors.ray.probe"
_HANDED_ON = ("WORKBENCH_CELLS", "WORKBENCH_TASKS")  # variables of a worker: folders of people's own code
_PROBE_SECONDS = 180
MISSING = "Ray is not installed here: pip install 'workbench-rnn[cluster]' brings it."
_DRIVER_DEAD = "The driver that trained it through Ray ended early: {log} may say why."
_FORGOTTEN = "The driver that trains through Ray knows nothing of it."


class RayExecutor:
    """Cluster of Ray."""

    def __init__(self, name: str, cluster: RayCluster) -> None:
        self._name, self._cluster = name, cluster

    def submit(self, runs: Sequence[Run], *, at_once: int = 0) -> None:
        check_installed()
        environment = {name: os.environ[name] for name in _HANDED_ON if os.environ.get(name)}
        group = secrets.token_hex(4)
        for folder in dict.fromkeys(run.path.parent for run in runs):
            spool = Spool(folder, self._name)
            try:
                spool.make()
                with spool.gate():
                    entries: list[Entry] = []
                    try:
                        for run in (run for run in runs if run.path.parent == folder):
                            identity = secrets.token_hex(4)
                            try:
                                self._queue(run, identity)
                            except RunError:  # another process has it: the others are handed over all the same
                                if len(runs) == 1:
                                    raise
                                continue
                            entries.append(
                                Entry(
                                    run=run.path.name,
                                    job=identity,
                                    cluster=self._cluster,
                                    group=group,
                                    at_once=at_once,
                                    environment=environment,
                                )
                            )
                    finally:
                        spool.add(entries)
                        if entries:
                            spool.start_driver()
            except OSError as error:
                raise ClusterError(
                    f"Runs cannot be handed to {self._name}: {error.strerror} ({error.filename or spool.path})."
                ) from None

    def _queue(self, run: Run, identity: str) -> None:
        """Raises: RunError: a worker or a job has it."""
        held = run.acquire_lock()
        try:
            queued = Job(executor="ray", cluster=self._name, id=identity, submitted=time.time(), seen=time.time())
            job.write(run.job_file, queued)
        finally:
            held.close()

    def refresh(self, runs: Sequence[Run]) -> None:
        for folder in dict.fromkeys(run.path.parent for run in runs):
            spool = Spool(folder, self._name)
            own = [run for run in runs if run.path.parent == folder]
            kept = spool.jobs() if spool.driven() else set()
            if any(found.id not in kept for run in own if (found := run.job) and found.live):
                self._judge(spool, own)

    def _judge(self, spool: Spool, runs: Sequence[Run]) -> None:
        """End the jobs that no driver has, of runs in which no worker is left."""
        with suppress(ClusterError, FileNotFoundError), spool.gate(0.0):
            driven = spool.driven()
            kept = spool.jobs() if driven else set()
            for run in runs:
                found = run.job
                if not (found and found.live and found.executor == "ray") or found.id in kept or run.trains():
                    continue
                begun = found.state == "running"
                reason = _FORGOTTEN if driven else _DRIVER_DEAD.format(log=spool.log_file)
                records.Record(run, found).end(reason if begun or not spool.asked_to_stop(found.id) else "")
                spool.remove(found.id)

    def cancel(self, runs: Sequence[Run]) -> None:
        for run in runs:
            found = run.job
            if found is None:
                continue
            spool = Spool(run.path.parent, self._name)
            try:
                spool.make()
                spool.ask_to_stop(found.id)
            except OSError as error:
                raise ClusterError(f"Run {run.id} cannot be taken from {self._name}: {error.strerror}.") from None
        self.refresh(runs)

    def check(self, runs_folder: str) -> Generator[Finding]:
        try:
            check_installed()
        except ClusterError as error:
            yield Finding("Ray", str(error), good=False)
            return
        command = [sys.executable, "-P", "-m", PROBE, str(Path(runs_folder).absolute())]
        given = msgspec.json.encode(self._cluster)
        try:
            done = subprocess.run(command, input=given, capture_output=True, timeout=_PROBE_SECONDS, check=False)
            output, code = done.stdout, done.returncode
        except subprocess.TimeoutExpired as late:
            output, code = late.stdout or b"", None
        for line in output.splitlines():
            with suppress(msgspec.MsgspecError):
                yield Finding(*msgspec.json.decode(line, type=tuple[str, str, bool]))
        if code is None:
            yield Finding("answer", f"The cluster did not answer within {_PROBE_SECONDS} seconds.", good=False)
        elif code:
            yield Finding("answer", "The connection to the cluster broke off.", good=False)


def check_installed() -> None:
    """Check that Ray is installed; it is not imported.

    Raises:
        ClusterError: it is not.
    """
    if importlib.util.find_spec("ray") is None:
        raise ClusterError(MISSING)
