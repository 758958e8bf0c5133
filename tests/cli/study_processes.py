"""Studies of the toy on the command line: their states, their workers' lives, their queue."""

from __future__ import annotations

from pathlib import Path

import psutil
from forker import ForkedProgram
from processes import worker_of
from waiting import until

from workbench.runs.events import Event, Started, decode_all
from workbench.runs.run import Run
from workbench.studies.study import Study

NEW = ("study", "new", "grid", "toy", "--set", "train.device=cpu", "--set", "train.threads=1")
SHORT = ("--set", "train.max_steps=6", "--set", "train.eval_every=3")


def study_of(runs_folder: Path) -> Study:
    return Study(runs_folder / "studies" / "grid")


def states(study: Study) -> list[str]:
    return [member.state for member in study.members()]


def live(study: Study) -> list[Run]:
    return [member.run for member in study.members() if member.state == "running" and worker_of(member.run)]


def events_of(run: Run) -> list[Event]:
    return decode_all(run.events_file.read_bytes())


def lives(study: Study) -> list[list[int]]:
    """Of each run, the steps at which its workers began."""
    return [[one.from_step for one in events_of(member.run) if isinstance(one, Started)] for member in study.members()]


def queue_of(program: ForkedProgram) -> psutil.Process:
    return until(lambda: next(iter(psutil.Process(program.pid).children()), None), "the queue begins")
