"""Studies of the toy task, and runs of them whose events are written by hand: nothing is trained."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from runs import event_makers

from tasks.base import Correctness
from workbench.runs.events import Event, encode
from workbench.runs.run import Run
from workbench.studies import plan as plans
from workbench.studies import store
from workbench.studies.plan import Plan, RunGroup
from workbench.studies.study import Study


def group(*cells: str, **more: Any) -> RunGroup:
    return RunGroup(cells=[*cells], **more)


def toy_plan(*groups: RunGroup, values: Mapping[str, Any] | None = None, **more: Any) -> Plan:
    """A plan of the toy: of two cells, unless groups are given."""
    return Plan(
        task="toy", runs=[*groups] or [group("rnn", "gru")], set={"train.device": "cpu", **(values or {})}, **more
    )


def made(folder: Path, plan: Plan | None = None, name: str = "grid") -> Study:
    plan = plan or toy_plan()
    return store.create(folder, name, plan, plans.expand(plan))


def append(run: Run, *events: Event) -> None:
    with run.events_file.open("ab") as file:
        file.writelines(map(encode, events))


def correctness(right: Sequence[int], rows: str = "the test rows") -> Correctness:
    """Which rows were right, as a run keeps them: a row a number, 1 where it was."""
    return Correctness(bits=np.packbits(np.array(right, bool)).tobytes(), count=len(right), rows=rows)


def finish(study: Study, number: int, test: Mapping[str, float | None], kept: Correctness | None = None) -> Run:
    """Begin a run of a study and end it with these figures."""
    run = study.begin(number)
    ended = msgspec.structs.replace(event_makers.finished(10), test=dict(test), correctness=kept, time=time.time())
    append(run, event_makers.started(), event_makers.step(10), event_makers.evaluation(10), ended)
    return run
