"""Every task with every cell: a few steps on the starter data, then all that can be done with a trained run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import shipped
import torch
from engine.toy_runs import only, trained
from slices import sliced

import cells
import tasks
from tasks.base import EVAL_SPLITS
from tasks.shared.datasets.locations import registered, starter
from workbench.config import spec
from workbench.config.spec import SpecError
from workbench.engine import data, gradient_monitor, loop, network, trained_run
from workbench.engine.gradient_monitor import GradientMonitor
from workbench.engine.optim import Optimization
from workbench.runs import store
from workbench.runs.events import Baseline, Eval, Finished, Started
from workbench.runs.run import Run

WHOLE = os.environ.get("WORKBENCH_CHAOS") == "whole"
SHIPPED = [name for name in tasks.available() if (Path(tasks.__file__).parent / name).is_dir()]
ALL_PAIRS = [(task, cell) for task in SHIPPED for cell in cells.available()]
# a third of them: every cell with three tasks, every task with a third of the cells; all of them with `make chaos`
PAIRS = [
    (task, cell)
    for at, task in enumerate(SHIPPED)
    for number, cell in enumerate(cells.available())
    if WHOLE or (at + number) % 3 == 0
]
# as small as each task can be and still be itself
TINY: Mapping[str, Mapping[str, Any]] = {
    "adding": {"task.length": 8, "task.train_size": 400, "task.val_size": 50, "task.test_size": 50},
    "chars": {"task.length": 20, "task.embedding": 8, "task.sample_length": 5},
    "climate": {"task.history": 144, "task.horizon": 24, "task.stride": 36},
    "copying": {"task.length": 4, "task.train_size": 400, "task.val_size": 50, "task.test_size": 50},
    "imdb": {"task.longest": 20, "task.embedding": 8, "task.init": "random"},
    "names": {"task.embedding": 8},
    "poems": {"task.embedding": 8},
    "reviews": {"task.longest": 20, "task.embedding": 8, "task.init": "random"},
    "text": {"task.longest": 20, "task.embedding": 8},
}
BRIEF: Mapping[str, Any] = {
    "cell.hidden": 8,
    "cell.layers": 1,
    "train.batch_size": 4,
    "train.threads": 1,
    "train.device": "cpu",
    "train.precision": "fp32",
    "train.checkpoint_seconds": 1000.0,
}
ASKED = {
    "adding": "0.5 0.25* 1 0.75*",
    "chars": "The ",
    "copying": "abcdefghab",
    "imdb": "a fine film",
    "names": "Satoshi",
    "poems": "",
    "reviews": "很好",
    "text": "Where is my parcel?",
}


def asked(task: str, folder: Path) -> str:
    """What a task's network can be asked; a file where it reads files."""
    return ASKED[task] if task in ASKED else str(min(folder.glob("mpi_roof*")))


@pytest.fixture(autouse=True)
def shared_cache(own_folders: None, of_all_processes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoded data and baselines are made once for all cells."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(of_all_processes / "cache-of-pairs"))


def refused(task: str, cell: str) -> bool:
    return tasks.settings(task).causal and cells.about(cell).bidirectional


def described(task: str, cell: str, steps: int, **more: Any) -> spec.RunSpec:
    values = {**BRIEF, **TINY.get(task, {}), "train.epochs": 0, "train.max_steps": steps, "train.eval_every": steps}
    return spec.make(task, cell, {**values, **more})


def a_run(folder: Path, of: spec.RunSpec, data: Path | None = None) -> Run:
    source = {"data": "full", "data_dir": str(data)} if data else {"data": "starter"}
    return store.create(folder, msgspec.structs.replace(of, **source))


def checked(run: Run) -> Finished:
    """Train a run to its end, and see that everything that a reader counts on was told."""
    settings = tasks.settings(run.spec.task)
    events = trained(run)
    assert isinstance(events[0], Started)
    finished = events[-1]
    assert isinstance(finished, Finished)
    told = only(Eval, events)[-1]
    assert told.step == finished.step == run.spec.train.max_steps
    assert told.metrics.keys() == finished.test.keys()
    assert {"loss", settings.metric} <= told.metrics.keys()
    assert all(value is not None for value in finished.test.values())
    assert told.views or run.spec.task not in shipped.TASKS  # an added task may show none
    assert [type(view) for view in told.views] == [type(view) for view in finished.views]
    (baselines,) = only(Baseline, events)
    assert baselines.methods.keys() == set(EVAL_SPLITS)
    for methods in baselines.methods.values():
        assert methods
        assert any(figures.get(settings.metric) is not None for figures in methods.values())
    assert run.status() == "finished"
    return finished


@pytest.mark.parametrize(("task", "cell"), [pair for pair in ALL_PAIRS if refused(*pair)])
def test_a_pair_that_is_refused(task: str, cell: str) -> None:
    with pytest.raises(SpecError, match=f"bidirectional network \\({cell}\\) would see"):
        described(task, cell, 2)


@pytest.mark.parametrize(("task", "cell"), [pair for pair in PAIRS if not refused(*pair)])
def test_a_pair_on_starter_data(task: str, cell: str, runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train, stop, resume, test, evaluate, ask."""
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)
    run = a_run(runs_folder, described(task, cell, 3))
    stopped = trained(run, lambda: True)[-1]
    assert (run.status(), stopped.step) == ("stopped", 1)
    finished = checked(run)
    _, again, baselines, _ = trained_run.evaluate(run, "test")
    assert again.metrics == pytest.approx(finished.test, rel=1e-4, abs=1e-6)
    assert baselines["test"]


@pytest.mark.parametrize(("task", "cell"), [pair for pair in PAIRS if not refused(*pair)])
def test_every_parameter_of_a_pair_is_trained(task: str, cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No parameter of stacked layers is without a gradient, and after a few steps none has had zeros only."""
    steps = 4
    monkeypatch.setattr(gradient_monitor, "ENOUGH_STEPS", steps)
    spec = msgspec.structs.replace(
        described(task, cell, steps, **{"cell.layers": 2, "train.batch_size": 32}), data="starter"
    )
    its, examples = data.load(spec)
    model = network.build(spec, its)
    its.initialise(model, examples)
    optimization = Optimization(model, spec.train, steps, scaled=False)
    monitor = GradientMonitor(model)
    batches = its.batches(examples, "train", spec.train.batch_size, torch.Generator().manual_seed(0))
    for number, rows in enumerate([*batches, *batches, *batches, *batches][:steps], 1):
        optimization.step(its.loss(model, examples, rows), number)
        monitor.observe()
    assert (monitor.missing, monitor.zero()) == ([], [])


@pytest.mark.parametrize("task", SHIPPED)
def test_a_task_answers(task: str, runs_folder: Path) -> None:
    run = a_run(runs_folder, described(task, "gru", 2))
    finished = checked(run)
    assert trained_run.predictor(run)(asked(task, starter(task)))
    assert trained_run.evaluate(run, "train")[1].metrics.keys() == finished.test.keys()


@pytest.mark.data
@pytest.mark.parametrize("task", [task for task in SHIPPED if registered(task)])
def test_a_task_on_a_slice_of_its_real_data(task: str, real_data: Path, tmp_path: Path, runs_folder: Path) -> None:
    folder = sliced(task, real_data / task, tmp_path / task)
    run = a_run(runs_folder, described(task, "lstm", 3), folder)
    finished = checked(run)
    shutil.rmtree(folder)  # from here on the checkpoint and the cache are enough
    assert trained_run.evaluate(run, "test")[1].metrics == pytest.approx(finished.test, rel=1e-4, abs=1e-6)
    assert trained_run.predictor(run)(asked(task, real_data / task))


@pytest.mark.parametrize("task", [task for task in SHIPPED if tasks.settings(task).causal])
@pytest.mark.parametrize("cell", ["lstm", "torch-gru", "gru-textbook"])
def test_a_causal_task_refuses_both_directions_of_any_cell(task: str, cell: str) -> None:
    with pytest.raises(SpecError, match="would see what it must guess"):
        described(task, cell, 2, **{"cell.bidirectional": True})
