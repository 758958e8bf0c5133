"""Lab files: every run that they plan can be described, every figure that they print belongs to one of their runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import tasks
from tasks.shared.drawn import DrawnSettings
from workbench.config import spec
from workbench.studies import labs, plan
from workbench.studies.plan import LABEL, PlannedRun, Published, RunGroup, value_of

SHIPPED = [lab for lab in labs.listing() if lab.path.is_relative_to(Path(tasks.__file__).parent)]
RUNS = {
    "climate-five-days": 3,
    "imdb-grid": 2 * (6 + 2),
    "memory": 3 * 4,
    "memory-cells": 19 * 4,
    "memory-cells-copying": 19 * 4,
    "memory-copying": 3 * 4,
    "names-rnn-lstm": 4,
    "names-three-networks": 3,
    "poems-three-cells": 2 * 3,
    "reviews-four-cells": 4,
}
FEWER = {
    "memory": 3 * 2,
    "memory-copying": 3 * 2,
    "memory-cells": 19,
    "memory-cells-copying": 19,
}  # runs of the quick form, where these are not all
FIGURES = {  # as the reports printed them
    "names-rnn-lstm": [0.61, 0.61, 0.792],
    "names-three-networks": [0.60, 0.80, 0.85],
    "poems-three-cells": [6.62],
    "reviews-four-cells": [0.7198, 0.8123, 0.8308],
    "imdb-grid": [
        *(0.7722, 0.8557, 0.7629, 0.8620, 0.7787, 0.8564, 0.7680, 0.8662),
        *(0.7730, 0.8656, 0.7641, 0.8565, 0.7528, 0.8447, 0.7414, 0.8456),
    ],
}
LAB = pytest.mark.parametrize("lab", SHIPPED, ids=[lab.name for lab in SHIPPED])


def belongs(published: Published, run: PlannedRun) -> bool:
    return all(
        (run.coordinates.get(LABEL) if key == LABEL else value_of(run.described, key)) == wanted
        for key, wanted in published.where.items()
    )


def test_the_published_reports_are_there() -> None:
    assert {lab.name: len(plan.expand(lab.plan)) for lab in SHIPPED} == RUNS


@LAB
def test_it_lies_with_the_task_that_its_runs_are_of(lab: labs.Lab) -> None:
    assert lab.path.parent.parent.name == lab.plan.task


@LAB
def test_its_quick_form_has_as_many_runs_and_each_ends_early(lab: labs.Lab) -> None:
    quick = plan.expand(plan.quickened(lab.plan))
    assert len(quick) == FEWER.get(lab.name, RUNS[lab.name])
    for run in quick:
        settings, train = run.described.settings, run.described.train
        small = train.batch_size == 1 or (isinstance(settings, DrawnSettings) and settings.length <= 100)
        assert 0 < train.max_steps <= (12_000 if small else 150)


@LAB
def test_a_figure_that_its_report_printed_belongs_to_one_setting(lab: labs.Lab) -> None:
    runs = plan.expand(lab.plan)
    for published in lab.plan.published:
        settings = {run.label for run in runs if belongs(published, run)}
        assert len(settings) == 1, (published.where, settings)
        split, _, name = published.metric.partition(".")
        assert (split, name) == ("train", "loss") or name in tasks.settings(lab.plan.task).metrics


@LAB
def test_its_figures_are_those_that_were_printed(lab: labs.Lab) -> None:
    assert [published.value for published in lab.plan.published] == FIGURES.get(lab.name, [])


@LAB
def test_rows_and_columns_of_its_table_are_settings_that_vary(lab: labs.Lab) -> None:
    runs = plan.expand(lab.plan)
    for key in (*lab.plan.rows, *lab.plan.columns):
        assert len({value_of(run.described, key) for run in runs}) > 1, key
    split, _, name = lab.plan.metric.partition(".")
    assert split == "test"
    assert name in tasks.settings(lab.plan.task).metrics


def texts(of: plan.Plan | RunGroup | Published) -> Iterator[tuple[str, str]]:
    """Yield each English text of a part of a plan with its Chinese one."""
    for name in of.__struct_fields__:
        if name.endswith("_zh"):
            yield getattr(of, name.removesuffix("_zh")), getattr(of, name)


@LAB
def test_its_texts_are_in_both_languages(lab: labs.Lab) -> None:
    for part in (lab.plan, *lab.plan.runs, *lab.plan.published):
        for english, chinese in texts(part):
            assert bool(english) == bool(chinese), english
    assert all(both for both in texts(lab.plan))
    for names in zip(*((group.label, group.label_zh) for group in lab.plan.runs), strict=True):
        labels = [name for name in names if name]
        assert len({*labels}) == len(labels)


@LAB
def test_a_preset_is_not_repeated(lab: labs.Lab) -> None:
    """A value that the preset has already would be in the way where the preset is mended."""
    for group in lab.plan.runs:
        for cell in group.cells if group.set else ():
            given = spec.make(lab.plan.task, cell, preset=group.preset)
            assert [key for key, value in group.set.items() if spec.value(given, key) == value] == []
