"""Answers of squeue, sacct and ``scontrol show job``, read into one form. No torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from workbench.executors.slurm import commands
from workbench.executors.slurm.commands import Refused

_WAITING = {"PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"}
_ENDED = {
    *("COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "PREEMPTED", "NODE_FAIL", "BOOT_FAIL", "DEADLINE"),
    *("OUT_OF_MEMORY", "REVOKED", "LAUNCH_FAILED"),
}
_TASKS = re.compile(r"(\d+)_\[([^\]]*)\]")
_FIELD = re.compile(r"(?:^|\s)(\S+?)=(.*?)(?=\s\S+?=|\s*$)")
_AT_ONCE = 200  # jobs of one question
_NOTHING = {"", "(null)", "None", "None assigned", "N/A", "Unknown", "UNLIMITED"}


class State(NamedTuple):
    """A job as Slurm has it."""

    state: str  # PENDING, RUNNING, COMPLETING, TIMEOUT…
    reason: str = ""  # of its waiting
    node: str = ""
    limit: str = ""  # of its time
    memory: str = ""  # that it asked for
    exit_code: str = ""  # CODE:SIGNAL
    by: str = ""  # id of the user who cancelled it

    @property
    def waits(self) -> bool:
        return self.state in _WAITING

    @property
    def ended(self) -> bool:
        return self.state in _ENDED


def ask(ids: Iterable[str]) -> dict[str, State]:
    """Return the states of jobs that Slurm still has, or ended minutes ago; all in one question.

    Args:
        ids: of jobs, and of an array's tasks as ``12_3``.

    Raises:
        Refused: Slurm cannot be reached.
    """
    found: dict[str, State] = {}
    for some in _batches(ids):
        words = ("squeue", "--noheader", "--array", "--states=all", "--jobs", ",".join(some))
        for line in commands.about_jobs(*words, "--format=%i|%T|%r|%N|%l|%m").splitlines():
            shown, state, reason, node, limit, memory = (*map(_something, line.split("|")), *[""] * 6)[:6]
            for task in expanded(shown):
                found[task] = State(state, reason, node, limit, memory)
    return found


def ends(ids: Iterable[str]) -> dict[str, State]:
    """Return how jobs ended, by the accounting where there is one, else as the controller remembers it.

    The accounting may have missed an end, and tell for ever that a job runs: of those the controller is asked.

    Raises:
        Refused: Slurm cannot be reached.
    """
    wanted = set(ids)
    found: dict[str, State] = {}
    for some in _batches(wanted):
        with suppress(Refused):  # most small clusters have no accounting
            found |= {task: state for task, state in _accounted(some).items() if state.ended}
    for base in {_base(task) for task in wanted - found.keys()}:
        found |= _remembered(base)
    return {task: state for task, state in found.items() if task in wanted}


def expanded(shown: str) -> Iterator[str]:
    """Yield the jobs that an id names: ``12_[3-5,9%2]`` names four."""
    many = _TASKS.fullmatch(shown)
    if not many:
        yield shown
        return
    for part in many[2].partition("%")[0].split(","):
        first, dash, rest = part.partition("-")
        last, _, stride = rest.partition(":")
        with suppress(ValueError):  # cut short: SLURM_BITSTR_LEN
            for task in range(int(first), int(last if dash else first) + 1, int(stride or 1)):
                yield f"{many[1]}_{task}"


def _accounted(some: list[str]) -> dict[str, State]:
    form = "JobID,State,ExitCode,Timelimit,NodeList,ReqMem"
    said = commands.call("sacct", "-n", "-P", "-X", "-j", ",".join(some), "-o", form)
    found = {}
    for line in said.splitlines():
        shown, words, code, limit, node, memory = (*map(_something, line.split("|")), *[""] * 6)[:6]
        state, _, by = words.partition(" by ")
        for task in expanded(shown):
            found[task] = State(state.rstrip("+"), "", node, limit, memory, code, by)
    return found


def _remembered(base: str) -> dict[str, State]:
    found = {}
    for line in commands.about_jobs("scontrol", "show", "job", "--oneliner", base).splitlines():
        fields = {key: _something(value) for key, value in _FIELD.findall(line)}
        get = fields.get
        shown = get("JobId", "")
        if array := get("ArrayJobId"):
            task = get("ArrayTaskId", "")
            shown = f"{array}_{task}" if task.isdecimal() else f"{array}_[{task}]"
        memory = get("MinMemoryNode") or get("MinMemoryCPU") or ""
        job = State(get("JobState", ""), get("Reason", ""), get("NodeList", ""), get("TimeLimit", ""), memory)
        job = job._replace(exit_code=get("ExitCode", ""))
        found.update(dict.fromkeys(expanded(shown), job))
    return found


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    """Yield the ids without their tasks, which are many, in parts that fit on a command line."""
    every = sorted({_base(task) for task in ids})
    for at in range(0, len(every), _AT_ONCE):
        yield every[at : at + _AT_ONCE]


def _base(task: str) -> str:
    return task.partition("_")[0]


def _something(value: str) -> str:
    value = value.strip()
    return "" if value in _NOTHING else value
