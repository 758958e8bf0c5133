"""Results of several runs side by side, the settings in which they differ, and notes on comparing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tasks.base import Settings
from workbench.config import spec
from workbench.config.fields import as_typed
from workbench.render.format import number
from workbench.render.metrics import formatted, heading
from workbench.runs.summary import RunSummary, higher_is_better

BEST = "★"
_NO_EFFECT = ("cell.kernel", "train.device", "train.threads", "train.checkpoint_seconds")  # but for rounding


class ResultFigure(NamedTuple):
    """Figure of a run in the table of results."""

    text: str
    best: bool = False


def shared_metrics(runs: Sequence[RunSummary], *, test: bool = False) -> list[str]:
    """Return the metrics that all evaluated runs share, the main one first."""
    metrics = [names for summary in runs if (names := list(summary.test if test else summary.val))]
    if not metrics:
        return []
    shared = [name for name in metrics[0] if all(name in names for names in metrics)]
    main = {summary.spec.settings.metric for summary in runs if summary.spec}
    return sorted(shared, key=lambda name: (name not in main, name == "loss"))


def result_rows(runs: Sequence[RunSummary]) -> list[tuple[str, list[ResultFigure]]]:
    """Return the table of results, row by row: epochs, figures of the best evaluation, figures of the test."""
    rows = [("epochs", [ResultFigure(number(summary.epochs, 1)) for summary in runs])]
    for split, test in (("val", False), ("test", True)):
        rows += [
            (f"{split} {heading(name, settings_of(runs))}", _row(runs, name, test=test))
            for name in shared_metrics(runs, test=test)
        ]
    return rows


def comparison_table(runs: Sequence[RunSummary]) -> tuple[list[str], list[list[ResultFigure]]]:
    """Return the heads and the rows of a table, a run a row: the settings that differ, then the results."""
    differing, results = differing_settings(runs), result_rows(runs)
    names = distinct_names(runs)
    heads = ["run", *(key.removeprefix("task.") for key in differing), *(name for name, _ in results)]
    rows = [
        [
            ResultFigure(names[at]),
            *(ResultFigure(values[at]) for values in differing.values()),
            *(figures[at] for _, figures in results),
        ]
        for at, summary in enumerate(runs)
    ]
    return heads, rows


def distinct_names(runs: Sequence[RunSummary]) -> list[str]:
    """Return what tells runs apart: their labels, with the id where several have the same one."""
    labels = [summary.label for summary in runs]
    return [
        label if labels.count(label) == 1 else f"{label} ({summary.run.id})"
        for label, summary in zip(labels, runs, strict=True)
    ]


def settings_of(runs: Sequence[RunSummary]) -> Settings | type[Settings]:
    """Return the settings of the first run's task, by which the metrics that all of them share are called."""
    return next((summary.spec.settings for summary in runs if summary.spec), Settings)


def _row(runs: Sequence[RunSummary], name: str, *, test: bool) -> list[ResultFigure]:
    values = [(summary.test if test else summary.val).get(name) for summary in runs]
    best = set()
    for task in {summary.task for summary in runs}:  # figures of different tasks are not ranked
        same_task = [(value, at) for at, value in enumerate(values) if value is not None and runs[at].task == task]
        higher = next((higher_is_better(summary, name) for summary in runs if summary.task == task), None)
        if higher is not None and len(same_task) > 1:
            top = (max if higher else min)(value for value, _ in same_task)
            best |= {at for value, at in same_task if value == top}
    return [
        ResultFigure(formatted(name, value, settings_of([summary])), at in best)
        for at, (summary, value) in enumerate(zip(runs, values, strict=True))
    ]


def differing_settings(runs: Sequence[RunSummary]) -> dict[str, list[str]]:
    """Return the settings that all runs have and that are not the same in all, with each run's value as text."""
    specs = [summary.spec for summary in runs if summary.spec]
    settings: list[dict[str, object]] = [
        {"task": one.task, "cell": one.cell, "preset": one.preset or "none", "data": one.data}
        | {key: spec.value(one, key) for key in spec.keys(one)}
        for one in specs
    ]
    differing = {}
    for key in settings[0]:
        if key in _NO_EFFECT or not all(key in one for one in settings):
            continue
        values = [one[key] for one in settings]
        if any(value != values[0] for value in values):
            differing[key] = [as_typed(value) for value in values]
    return differing


def setting_words(key: str, value: str) -> str:
    """Return a setting as a label names it: ``lstm``, ``layers 2``, ``both ways``.

    Args:
        value: as typed.
    """
    if key == "cell.bidirectional":
        return "both ways" if value == "yes" else "one way"
    return value if key in ("cell", "task", "data", "label") else f"{key.rpartition('.')[2].replace('_', ' ')} {value}"


def comparison_notes(runs: Sequence[RunSummary]) -> list[str]:
    """Return sentences about what must be known before comparing."""
    tasks = list(dict.fromkeys(summary.task for summary in runs))
    notes = []
    if len(tasks) > 1:
        shared = ", ".join(heading(name, settings_of(runs)) for name in shared_metrics(runs)) or "no metric"
        notes.append(
            f"Runs of different tasks ({', '.join(tasks)}) share {shared}; {BEST} stands for the best of a task."
        )
    if len({summary.spec.data for summary in runs if summary.spec}) > 1:
        notes.append("Some were trained on the small starter data, some on the full set: their figures do not compare.")
    elif all(summary.spec and summary.spec.data == "starter" for summary in runs):
        notes.append("All were trained on the small starter data, not on the full set.")
    if len({summary.spec.settings.own_data for summary in runs if summary.spec}) > 1:
        notes.append("They were trained on different files of one's own: their figures do not compare.")
    if waiting := sum(not summary.val for summary in runs):
        notes.append(f"{waiting} of {len(runs)} runs {'has' if waiting == 1 else 'have'} not been evaluated yet.")
    return notes
