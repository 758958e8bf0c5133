"""Starting and stopping a study, and its report: the question asked first, the work, what is told of it."""

from __future__ import annotations

from functools import partial

from textual.app import App

from tasks.base import PlainError
from workbench.executors import clusters
from workbench.executors.clusters import LOCAL, Named
from workbench.runs.folder import RunError
from workbench.studies import queue, submission
from workbench.studies.study import Study
from workbench.tui.services import reports
from workbench.tui.services.owned_runs import OwnedRuns
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.unreadable import UNREADABLE, unreadable
from workbench.tui.widgets.dialogs import CANCEL, STOP, Answer, ChoiceDialog, QuestionDialog
from workbench.tui.widgets.messages import unbroken


async def start(app: App[object], study: Study, owned: OwnedRuns, last: str) -> str:
    """Train a study where the user wants it: here by a queue, which outlives the screen, or on a cluster.

    Args:
        last: name of the place that was chosen last; empty: none was.

    Returns:
        name of the place that was chosen; ``last`` where none was asked for, or none was chosen.
    """
    try:
        described = await run_in_thread(partial(places, study))
        chosen: int | None = 0
        if described:
            names = [LOCAL, *(one.name for one in described)]
            entries = [(LOCAL, "this machine"), *((one.name, one.about) for one in described)]
            marked = names.index(last) if last in names else 0
            chosen = await app.push_screen_wait(ChoiceDialog(f"Where is {study.id} to train?", entries, marked=marked))
        if chosen is None:
            return last
        if chosen:
            await _submit(app, study, described[chosen - 1])
            return described[chosen - 1].name
    except (OSError, PlainError) as error:
        app.notify(str(error), severity="error", markup=False)
        return last
    await _start_here(app, study, owned)
    return LOCAL if described else last


def places(study: Study) -> list[Named]:
    """Return the clusters on which a study can be trained: those that are described; of a search none.

    Raises:
        ClusterError: a file that describes clusters is wrong.
    """
    return clusters.described() if study.search is None else []


async def _submit(app: App[object], study: Study, cluster: Named) -> None:
    """Raises: PlainError: the cluster cannot be reached or refuses, or the study is being run."""
    app.notify(f"Handing {study.id} to {cluster.name} …", timeout=5, markup=False)
    handed = await run_in_thread(partial(submission.submit, study, cluster, queue.UNDONE))
    runs = "1 run" if len(handed) == 1 else f"{len(handed)} runs"
    app.notify(f"{runs} of {study.id} are with {cluster.name}, also when you leave; x stops them.", markup=False)


async def _start_here(app: App[object], study: Study, owned: OwnedRuns) -> None:
    try:
        owned.add_process(await run_in_thread(partial(queue.start, study, queue.Orders())))
    except UNREADABLE as error:
        app.notify(unreadable(f"Study {study.id}", error), severity="error", markup=False)
    else:
        app.notify(f"Study {study.id} trains, also when you leave; x stops it.", markup=False)


async def stop(app: App[object], study: Study, queued: int) -> None:
    """Request a study's end, once the user has confirmed it.

    Args:
        queued: number of its runs that wait for a cluster.
    """
    if await app.push_screen_wait(stop_question(study, queued)) != STOP:
        return
    try:
        await run_in_thread(study.request_stop)
    except PlainError as error:
        app.notify(str(error), severity="error", markup=False)
    except OSError as error:
        app.notify(unreadable(f"Study {study.id}", error), severity="error", markup=False)


async def write_report(app: App[object], study: Study) -> None:
    """Write a study's report to a new file in the current folder, and say where it is, or why there is none."""
    app.notify(f"Writing the report of {study.id} …", timeout=5, markup=False)
    try:
        path = await run_in_thread(partial(reports.write, study))
    except RunError as error:
        app.notify(str(error), severity="error", markup=False)
    else:
        app.notify(f"Written to {unbroken(path)}.", markup=False)


def stop_question(study: Study, queued: int) -> QuestionDialog:
    """Return the question whether a study is to stop."""
    waits = (
        f"{queued} queued {'job is' if queued == 1 else 'jobs are'} cancelled"
        if queued
        else "what waits is not started"
    )
    return QuestionDialog(
        f"Stop study {study.id}?",
        [
            Answer(STOP, "Stop", f"What trains saves a checkpoint and ends, {waits}."),
            Answer(CANCEL, "Keep training", "Nothing changes."),
        ],
    )
