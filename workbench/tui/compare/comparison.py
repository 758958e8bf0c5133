"""What several runs have in common and where they differ, for the screen that compares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from workbench.config import spec
from workbench.config.fields import as_typed
from workbench.render.format import number
from workbench.render.metrics import heading, measured
from workbench.runs import summary
from workbench.runs.summary import RunSummary

BEST = "★"
_NOT_A_CHOICE = ("train.device", "train.threads", "train.checkpoint_seconds")  # they change no figure


class Figure(NamedTuple):
    """A cell of the table of results."""

    text: str
    best: bool = False


def metrics(runs: Sequence[RunSummary], *, test: bool = False) -> list[str]:
    """The metrics that all of the runs have which have any, the main one first."""
    having = [names for record in runs if (names := list(record.test if test else record.val))]
    if not having:
        return []
    shared = [name for name in having[0] if all(name in names for names in having)]
    main = {record.spec.settings.metric for record in runs if record.spec}
    return sorted(shared, key=lambda name: (name not in main, name == "loss"))


def results(runs: Sequence[RunSummary]) -> list[tuple[str, list[Figure]]]:
    """Rows: how far each run came, its best evaluation's figures, the test's where one is finished."""
    rows = [("epochs", [Figure(number(record.epochs, 1)) for record in runs])]
    for split, test in (("val", False), ("test", True)):
        rows += [(f"{split} {heading(name)}", _row(runs, name, test=test)) for name in metrics(runs, test=test)]
    return rows


def _row(runs: Sequence[RunSummary], name: str, *, test: bool) -> list[Figure]:
    values = [(record.test if test else record.val).get(name) for record in runs]
    best = set()
    for task in {record.task for record in runs}:  # the figures of different tasks are not ranked
        same = [(value, at) for at, value in enumerate(values) if value is not None and runs[at].task == task]
        way = next((summary.higher_is_better(record, name) for record in runs if record.task == task), None)
        if way is not None and len(same) > 1:
            top = (max if way else min)(value for value, _ in same)
            best |= {at for value, at in same if value == top}
    return [Figure(measured(name, value), at in best) for at, value in enumerate(values)]


def differing(runs: Sequence[RunSummary]) -> dict[str, list[str]]:
    """The settings that all of the runs have and that are not the same in all, each run's in words."""
    described = [record.spec for record in runs if record.spec]
    every: list[Mapping[str, Any]] = [
        {"task": one.task, "cell": one.cell, "preset": one.preset or "none", "data": one.data}
        | {key: spec.value(one, key) for key in summary.keys(one.task)}
        for one in described
    ]
    found = {}
    for key in every[0]:
        if key in _NOT_A_CHOICE or not all(key in one for one in every):
            continue
        values = [one[key] for one in every]
        if any(value != values[0] for value in values):
            found[key] = [as_typed(value) for value in values]
    return found


def remarks(runs: Sequence[RunSummary]) -> list[str]:
    """What one must know before comparing, a sentence each."""
    tasks = list(dict.fromkeys(record.task for record in runs))
    said = []
    if len(tasks) > 1:
        shared = ", ".join(map(heading, metrics(runs))) or "no metric"
        said.append(
            f"Runs of different tasks ({', '.join(tasks)}) share {shared}; {BEST} stands for the best of a task."
        )
    if len({record.spec.data for record in runs if record.spec}) > 1:
        said.append("Some were trained on the small starter data, some on the full set: their figures do not compare.")
    if len({record.spec.settings.own_data for record in runs if record.spec}) > 1:
        said.append("They were trained on different files of one's own: their figures do not compare.")
    if waiting := sum(not record.val for record in runs):
        said.append(f"{waiting} of them {'has' if waiting == 1 else 'have'} not been evaluated.")
    return said
