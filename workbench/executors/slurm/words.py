"""Slurm's words on a job, in plain English. No torch."""

from __future__ import annotations

import pwd
import re

from workbench.executors.slurm.states import State

_WAITING = {
    "Resources": "all nodes that fit are busy",
    "Priority": "other jobs come first",
    "BeginTime": "it was requeued and starts again in a few minutes",
    "Dependency": "an earlier part of the study runs first",
    "JobArrayTaskLimit": "as many runs as were allowed at once are running",
    "JobHeldUser": "it was held: `scontrol release` lets it go",
    "JobHeldAdmin": "an administrator holds it",
    "ReqNodeNotAvail": "the nodes that it needs are down or reserved",
    "PartitionDown": "the partition is closed for now",
    "PartitionTimeLimit": "it asks for more time than the partition gives",
    "PartitionNodeLimit": "it asks for more than the partition has",
    "PartitionConfig": "the partition does not allow what it asks for",
    "BadConstraints": "no node has what it asks for",
    "Licenses": "a licence that it asks for is taken",
    "Reservation": "its reservation has not begun",
    "NodeDown": "the nodes that it needs are down",
}
_LIMITS = re.compile(r"(Assoc|QOS|MaxJobs|MaxCpu|MaxGRES|MaxNode|MaxMem).*")  # of an account or a quality of service


def waiting(reason: str) -> str:
    """Return why a job waits: Slurm's word, and what it means where that is known."""
    name = reason.partition(",")[0].strip()
    meant = _WAITING.get(name, "")
    if not meant and _LIMITS.match(name):
        meant = "your account's limit is reached"
    return f"{reason} ({meant})" if meant else reason


def ending(job: str, cluster: str, state: State, *, began: bool, last_line: str) -> str:
    """Return one sentence on the end of a job that left no end in the run's events.

    Args:
        job: its id.
        cluster: the name of its description.
        began: a worker wrote events in it.
        last_line: the last of its own log.
    """
    on = f" on {state.node}" if state.node else ""
    table = f"[clusters.{cluster}]"
    match state.state:
        case "TIMEOUT":
            limit = f" of {state.limit}" if state.limit else ""
            return f"Slurm ended job {job}{on} at its time limit{limit}: set time in {table} for a longer one."
        case "OUT_OF_MEMORY":
            asked = f" than the {state.memory} that it asked for" if state.memory not in ("", "0") else ""
            return f"Slurm ended job {job}{on}, which took more memory{asked}: set memory in {table} for more."
        case "NODE_FAIL" | "BOOT_FAIL":
            return f"The node{f' {state.node}' * bool(state.node)} of Slurm job {job} failed."
        case "PREEMPTED":
            return f"Slurm ended job {job}{on} for another one that comes first."
        case "DEADLINE":
            return f"Slurm ended job {job}{on} at its deadline."
        case "CANCELLED":
            by = f" by {_user(state.by)}" if state.by else ""
            return f"Slurm job {job} was cancelled{by}{'' if began else ' before it began'}."
    code, _, number = state.exit_code.partition(":")
    how = f" with signal {number}" if number not in ("", "0") else f" with exit code {code}" if code else ""
    why = f": {last_line.rstrip('.')}" if last_line else ""
    return f"Slurm job {job} ended{on}{how}{'' if began else ' before its worker began'}{why}."


def _user(number: str) -> str:
    try:
        return pwd.getpwuid(int(number)).pw_name
    except (ValueError, KeyError):
        return number
