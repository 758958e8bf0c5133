"""Studies whose runs are written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fake_worker import FakeWorker

from workbench.studies import plan as plans
from workbench.studies import store
from workbench.studies.plan import Plan, RunGroup
from workbench.studies.study import Study


def planned(
    folder: Path,
    name: str = "grid",
    cells: Sequence[str] = ("rnn", "lstm"),
    grid: Mapping[str, list[Any]] | None = None,
    seeds: int = 1,
    *,
    lab: str = "",
    quick: bool = False,
    label: str = "",
    **plan: Any,
) -> Study:
    """A study of which nothing has begun; its runs are counted from 1, the seeds fastest, then the grid."""
    group = RunGroup(label=label, cells=list(cells), grid={"cell.layers": [1, 2]} if grid is None else dict(grid))
    whole = Plan(task="names", runs=[group], seeds=seeds, **plan)
    return store.create(folder, name, whole, plans.expand(whole), lab=lab, quick=quick)


def begun(study: Study, number: int) -> FakeWorker:
    """The worker of a run of a study, which it begins."""
    return FakeWorker(study.path.parent.parent, run=study.begin(number))
