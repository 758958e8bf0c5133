"""Training of a study's runs, followed on the command line."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from workbench.executors import jobs
from workbench.render.streams import narrate, print_json
from workbench.runs.monitor import RunMonitors
from workbench.runs.run import LIVE

if TYPE_CHECKING:
    from subprocess import Popen

    from workbench.cli.stop_signals import StopSignals
    from workbench.executors.clusters import Named
    from workbench.studies.queue import Orders
    from workbench.studies.study import Member, Study

_POLL_SECONDS = 0.5
_REST = 4.0  # times as long as a look at all runs took nothing is read


def train(study: Study, orders: Orders, *, on: Named | None = None, detach: bool, json: bool) -> str:
    """Start a queue on a study, or find the one that works on it; follow it until it ends.

    Args:
        on: cluster that queues the runs; ``None``: this machine.

    Returns:
        a sentence where a run failed or could not be started; empty where all went well.
    """
    from workbench.cli.stop_signals import StopSignals
    from workbench.studies import queue, submission
    from workbench.studies.study import AlreadyQueued

    members = study.members()
    due = any(member.state in (*orders.only, *LIVE) for member in members)
    if study.search is not None:
        due = due or len(members) < study.search.trials
    if not due and not study.queued():
        narrate(f"Nothing of study {study.id} is left to train.")
        if detach:
            _say_detached(study, json=json)
        return ""
    with StopSignals() as signals:
        mine = None
        try:
            if on:
                handed = submission.submit(study, on, orders.only, at_once=orders.jobs)
                others = "" if handed else ": those that are left have begun or wait already"
                narrate(f"{len(handed)} runs of study {study.id} are handed to {on.name}{others}.")
            else:
                mine = queue.start(study, orders)
        except AlreadyQueued:
            narrate(f"Study {study.id} is already being run: this shows it; Ctrl-C leaves it.")
        if detach:
            _say_detached(study, json=json)
            narrate(f"Study {study.id} goes on in the background: `workbench study show {study.id}` shows it.")
            return ""
        _follow(
            study,
            mine,
            signals,
            owned=bool(mine or on),
            states={member.number: member.state for member in members if member.state not in LIVE},
        )
    failed = sum(member.state == "failed" for member in study.members())
    if mine and mine.returncode:
        return f"The queue of study {study.id} could not do all: {study.log_file} says why."
    return f"{failed} runs of study {study.id} failed: `workbench show RUN` says why." if failed else ""


def _say_detached(study: Study, *, json: bool) -> None:
    print_json({"study": study.id}) if json else print(study.id, flush=True)


def _follow(
    study: Study, mine: Popen[bytes] | None, signals: StopSignals, *, owned: bool, states: dict[int, str]
) -> None:
    """Tell what changes until the queue ends; a signal stops it where it is this command's.

    Args:
        owned: this command began the training.
        states: of the runs, by their numbers, as they were before the queue began.
    """
    from workbench.studies import submission
    from workbench.studies.study import StudyError

    read = RunMonitors()
    while True:
        began = time.monotonic()
        queued = mine.poll() is None if mine else study.queued()  # before the runs: what ends meanwhile is told
        members = study.members(read)
        _tell_changes(members, states, search=study.search is not None)
        if not (queued or any(one.state in LIVE and one.summary and one.summary.job for one in members)):
            return
        took = time.monotonic() - began
        jobs.refresh(submission.with_jobs(members))
        if signals.take():
            if not owned:
                raise typer.Exit(130)
            narrate("Stopping: the runs save a checkpoint and end.")
            if mine:
                mine.terminate()
            else:
                with suppress(StudyError):  # nothing of it is left
                    study.request_stop()
        time.sleep(max(_POLL_SECONDS, _REST * took))


def _word(state: str) -> str:
    """Return a state as it is told: a worker's small steps are one."""
    return "running" if state in LIVE and state != "queued" else state


def _tell_changes(members: Sequence[Member], states: dict[int, str], *, search: bool) -> None:
    """Narrate what has begun or ended since the last call."""
    done = sum(member.state == "finished" for member in members)
    for member in members:
        before = states.get(member.number, "waiting")
        states[member.number] = member.state
        shown, was = (_word(state) for state in (member.state, before))
        if shown == was:
            continue
        figures = ""
        if member.summary and member.summary.test:
            figures = f", val {member.summary.standing}" if search else f", test {member.summary.tested}"
        why = f": {member.summary.message}" if member.summary and member.state in ("failed", "unreadable") else ""
        narrate(f"{done:>3} of {len(members)} done  {member.run.id}  {member.planned.label}: {shown}{figures}{why}")
