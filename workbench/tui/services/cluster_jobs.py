"""Questions to clusters about the jobs that a screen shows: on a thread, beside the reading of the folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from workbench.executors import jobs
from workbench.runs.run import Run
from workbench.runs.summary import RunSummary
from workbench.tui.services.threads import run_in_thread

SECONDS = 2.0  # between two looks for live jobs; how often a scheduler is asked about one is ``jobs.refresh``'s


async def ask_clusters(live: Callable[[], list[Run]], *, readonly: bool) -> None:
    """Ask about jobs until the worker is cancelled; their new state is read as any other file of a run.

    Args:
        live: returns the runs that a cluster may still have; none while the screen is hidden.
        readonly: the answers could not be written: nothing is asked.
    """
    while not readonly:
        if runs := live():
            await run_in_thread(partial(jobs.refresh, runs))
        await asyncio.sleep(SECONDS)


def with_live_jobs(summaries: Iterable[RunSummary | None]) -> list[Run]:
    """Return the runs that a cluster may still have."""
    return [one.run for one in summaries if one and one.job and one.job.live]
