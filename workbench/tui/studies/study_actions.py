"""Starting and stopping a study, and its report: the question asked first, the work, what is told of it."""

from __future__ import annotations

from functools import partial

from textual.app import App

from workbench.runs.folder import RunError
from workbench.studies import queue
from workbench.studies.study import Study
from workbench.tui.services import reports
from workbench.tui.services.owned_runs import OwnedRuns
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.unreadable import UNREADABLE, unreadable
from workbench.tui.widgets.dialogs import CANCEL, STOP, Answer, QuestionDialog
from workbench.tui.widgets.messages import unbroken


async def start(app: App[object], study: Study, owned: OwnedRuns) -> None:
    """Start a queue on a study, which outlives the screen."""
    try:
        owned.add_process(await run_in_thread(partial(queue.start, study, queue.Orders())))
    except UNREADABLE as error:
        app.notify(unreadable(f"Study {study.id}", error), severity="error", markup=False)
    else:
        app.notify(f"Study {study.id} trains, also when you leave; x stops it.", markup=False)


async def stop(app: App[object], study: Study) -> None:
    """Request a study's end, once the user has confirmed it."""
    if await app.push_screen_wait(stop_question(study)) != STOP:
        return
    try:
        await run_in_thread(study.request_stop)
    except UNREADABLE as error:
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


def stop_question(study: Study) -> QuestionDialog:
    """Return the question whether a study is to stop."""
    return QuestionDialog(
        f"Stop study {study.id}?",
        [
            Answer(STOP, "Stop", "What trains saves a checkpoint and ends, what waits is not started."),
            Answer(CANCEL, "Keep training", "Nothing changes."),
        ],
    )
