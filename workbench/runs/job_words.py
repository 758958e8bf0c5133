"""Words on a cluster's job, the same in lists, in print and on the screen. No torch."""

from __future__ import annotations

import time

from workbench.render.format import age
from workbench.render.text import printable
from workbench.runs.job import Job

_STALE = 120.0  # seconds after which it is said when the scheduler was asked last
_LONGEST = 40  # characters of a reason in a list


def state_words(status: str, found: Job | None) -> str:
    """Return a run's status for a list; of one that waits with the scheduler's word for it: ``queued: Resources``."""
    if status == "queued" and found and found.reason:
        return f"{status}: {printable(found.reason.partition(' (')[0], _LONGEST)}"  # what it means is told elsewhere
    return status


def job_words(status: str, found: Job | None, now: float | None = None) -> str:
    """Return a line on the job that has a run; empty where none has, or it is over.

    ``Slurm job 12_3 waits: Resources, since 5 min.``, ``Slurm job 12_3 on n1, requeued 2 times.``
    """
    if found is None or not found.live or status not in ("queued", "starting", "running", "stopping"):
        return ""
    now = time.time() if now is None else now
    words = found.place
    if status == "queued":
        since = age(found.submitted, now)
        words += f" waits{f': {found.reason}' * bool(found.reason)}" + f", since {since}" * (since != "now")
    words += f", requeued {found.requeues} time{'s' * (found.requeues != 1)}" * bool(found.requeues)
    asked = found.seen or found.submitted
    stale = f" Its scheduler answered last {age(asked, now)} ago." * (now - asked >= _STALE)
    return printable(f"{words}.{stale}")
