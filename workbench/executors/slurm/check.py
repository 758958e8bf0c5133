"""Probe job of ``workbench clusters check``: whether Slurm takes jobs, and what a node finds. No torch."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

import workbench
from tasks.shared import files
from workbench.executors.clusters import ClusterError, SlurmCluster
from workbench.executors.contract import Finding
from workbench.executors.slurm import commands, script, states, words
from workbench.executors.slurm.script import LOGS
from workbench.executors.slurm.states import State

WAIT_SECONDS = 300.0  # until the probe job has begun, and again until it has ended
_POLL_SECONDS = 0.5
_LAST = "GPU"  # the last question


def check(name: str, cluster: SlurmCluster, runs_folder: Path, wait: float = WAIT_SECONDS) -> Generator[Finding]:
    """Yield what a probe job finds; it is taken from Slurm where nobody waits for it any longer.

    Args:
        wait: seconds until it must have begun, and again until it must have ended.
    """
    mark = runs_folder / LOGS / f"check-{os.getpid()}-{time.monotonic_ns()}"
    log = mark.with_suffix(".log")
    job = ""
    try:
        try:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(mark.name)
        except OSError as error:
            yield Finding("runs folder", f"cannot be written here: {error.strerror} ({error.filename})", good=False)
            return
        with mark.open("rb") as held:
            with suppress(OSError):
                files.lock(held.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            options = script.options(cluster, runs_folder, name="workbench-check")
            own = [*options, "--no-requeue", f"--output={str(log).replace('%', '%%')}"]
            try:
                job = commands.submit(own, script.probing(cluster, runs_folder, mark))
                yield from _watch(job, name, cluster, log, wait)
            except ClusterError as error:
                yield Finding("job" if job else "submit", str(error), good=False)
    finally:
        if job:
            with suppress(ClusterError):
                commands.about_jobs("scancel", job)
        for file in (mark, log):
            with suppress(OSError):
                file.unlink(missing_ok=True)


def _watch(job: str, name: str, cluster: SlurmCluster, log: Path, wait: float) -> Iterator[Finding]:
    yield Finding("submit", f"Slurm takes it as job {job}", good=True)
    submitted = time.monotonic()
    state = _until(job, lambda state: not state.waits, wait)
    if state is None or state.waits:
        why = f": {words.waiting(state.reason)}" if state and state.reason else ""
        yield Finding("start", f"job {job} still waits after {wait:.0f} s{why}; it is taken back", good=False)
        return
    yield Finding("start", f"on {state.node or 'a node'} after {time.monotonic() - submitted:.0f} s", good=True)
    state = _until(job, lambda state: state.ended, wait)
    found = list(_read(log))
    for finding in found:
        yield _judged(finding, cluster)
    if not found or found[-1].question != _LAST:
        yield _unfinished(job, name, log, state, began=bool(found))


def _until(job: str, reached: Callable[[State], bool], wait: float) -> State | None:
    deadline = time.monotonic() + wait
    while True:
        state = states.ask([job]).get(job)
        if state is None or reached(state) or time.monotonic() >= deadline:
            return state
        time.sleep(_POLL_SECONDS)


def _unfinished(job: str, name: str, log: Path, state: State | None, *, began: bool) -> Finding:
    """Return why the node's answers are missing, or end early."""
    if state is None or not state.ended:
        return Finding("node", f"job {job} has not ended in time; it is taken back", good=False)
    ended = states.ends([job]).get(job, state)
    try:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return Finding(
            "runs folder",
            f"the node wrote nothing in {log.parent}: does it see that file system?",
            good=False,
        )
    last = next((line for line in reversed(lines) if not line.startswith("{")), "")
    return Finding("node", words.ending(job, name, ended, began=began, last_line=last), good=False)


def _read(log: Path) -> Iterator[Finding]:
    with suppress(OSError):
        for line in log.read_bytes().splitlines():
            with suppress(msgspec.MsgspecError):
                yield Finding(**msgspec.json.decode(line, type=dict[str, str | bool]))  # type: ignore[arg-type]


def _judged(finding: Finding, cluster: SlurmCluster) -> Finding:
    """Return a node's answer, bad where it is another than is needed."""
    if finding.question == "workbench" and finding.answer != workbench.__version__:
        return finding._replace(answer=f"{finding.answer}, and {workbench.__version__} here", good=False)
    if finding.question == "GPU" and cluster.gpus and finding.answer.startswith("none"):
        return finding._replace(answer=f"none, where {cluster.gpus} are asked for", good=False)
    return finding
