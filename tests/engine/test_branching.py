"""Branches: they go on as their parent would have, or with other settings, and need it no longer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from engine.comparing import best, differences, saved
from engine.toy_runs import after, only, toy, trained

from tasks.base import PlainError
from workbench.engine import checkpoint
from workbench.engine.checkpoint import CheckpointError
from workbench.runs import branches, checkpoints, lineage
from workbench.runs.events import Checkpoint, Eval, Finished, Started, Step
from workbench.runs.history import read_history
from workbench.runs.run import Run

PARENT = {"train.epochs": 3, "train.eval_every": 6, "train.keep": 9, "cell.layers": 2, "cell.dropout": 0.2}


def parent(folder: Path, values: Mapping[str, Any] | None = None) -> Run:
    run = toy(folder, {**PARENT, **(values or {})}, dropout=0.3)
    trained(run)
    return run


def branch(run: Run, at: str = "last", values: Mapping[str, Any] | None = None) -> Run:
    return branches.begin(run, at, values or {}, run.path.parent)


def without_place(state: dict[str, Any]) -> dict[str, Any]:
    """All of a state but what counts a run's own evaluations, seconds and examples."""
    for name in ("kept", "worse", "examples"):
        del state["position"][name]
    return state


@pytest.mark.parametrize(
    "values",
    [
        {"train.schedule": "one-cycle"},
        {"train.schedule": "cosine", "train.average": 0.9},
        {"train.optimizer": "sgd", "train.momentum": 0.9},
        {"train.optimizer": "rmsprop"},
    ],
    ids=["one-cycle", "cosine", "sgd", "rmsprop"],
)
@pytest.mark.parametrize("at", ["6", "18"])  # within an epoch
def test_a_branch_without_changes_ends_as_its_parent_bit_for_bit(runs_folder: Path, values, at: str) -> None:
    run = parent(runs_folder, values)
    child = branch(run, at)
    shutil.rmtree(run.path)
    run = parent(runs_folder, values)
    trained(child)
    one, other = without_place(saved(child)), without_place(saved(run))
    for state in (one, other):
        del state["position"]["best_step"], state["position"]["best_value"], state["position"]["best_metrics"]
    assert differences(one, other) == []


def test_a_branch_joins_its_parents_curve_and_drops_what_it_began_with(runs_folder: Path) -> None:
    run = parent(runs_folder)
    child = branch(run, "12", {"lr": "0.002", "train.epochs": 4})
    assert (child.spec.parent.run, child.spec.parent.step) == (run.id, 12)
    assert child.spec.parent.before == {"train.lr": 0.01, "train.epochs": 3}
    assert child.start_file.exists()
    assert child.task_file.read_bytes() == run.task_file.read_bytes()
    events = trained(child)
    assert not child.start_file.exists()
    started, first = only(Started, events)[0], only(Eval, events)[0]
    assert (started.from_step, started.total_steps) == (12, 48)
    at_branch = next(event for event in read_history(run.events_file).evals if event.step == 12)
    assert (first.step, first.epoch, first.metrics) == (12, at_branch.epoch, at_branch.metrics)
    assert first.best.step == 12
    assert started.notes[0] == f"A branch of {run.id} at step 12: the weights and adamw's state are its parent's."
    assert child.kept_steps == [12, 18, 24, 30, 36, 42, 48]
    (end,) = only(Finished, events)
    assert (end.step, end.epochs) == (48, 4)
    assert [event.lr for event in only(Step, events)] == [0.002] * len(only(Step, events))


def test_a_finished_run_is_trained_on_and_a_schedule_begins_anew(runs_folder: Path) -> None:
    run = parent(runs_folder, {"train.schedule": "one-cycle"})
    child = branch(run, "last", {"train.epochs": "5"})
    started, *_ = events = trained(child)
    assert started.notes[0].endswith(", and one-cycle begins anew over the steps that remain.")
    assert (started.from_step, started.total_steps) == (36, 60)
    rates = [event.lr for event in only(Step, events)]
    assert max(rates) == pytest.approx(0.01, rel=0.2)
    assert rates[-1] < 1e-5
    assert only(Finished, events)[0].reason == "all steps done"


def test_a_branch_of_a_branch_and_what_they_inherit(runs_folder: Path) -> None:
    run = parent(runs_folder)
    child = branch(run, "12", {"train.lr": 0.003})
    trained(child)
    grandchild = branch(child, "24", {"train.optimizer": "sgd"})
    events = trained(grandchild)
    assert only(Started, events)[0].notes[0].endswith("the weights are its parent's, sgd begins anew.")
    assert [one.id for one in lineage.ancestors(grandchild)] == [child.id, run.id]
    inherited = lineage.inherited(grandchild)
    assert [(type(event).__name__, event.step) for event in inherited if isinstance(event, Eval)] == [
        ("Eval", 6), ("Eval", 12), ("Eval", 18), ("Eval", 24)
    ]  # fmt: skip
    other = branch(run, "12")
    told = [(one.id, one.relation, one.depth, one.step) for one in lineage.family(child)]
    assert told == [
        (run.id, "parent", 0, None),
        (other.id, "sibling", 1, 12),
        (child.id, "this", 1, 12),
        (grandchild.id, "child", 2, 24),
    ]
    shutil.rmtree(run.path)
    assert next((one.id, one.run, one.relation) for one in lineage.family(child)) == (run.id, None, "parent")
    assert lineage.parent_run(child) is None
    assert lineage.inherited(child) == []


def test_a_branch_with_other_batches_ends_after_as_many_epochs(runs_folder: Path) -> None:
    run = parent(runs_folder)
    child = branch(run, "18", {"train.batch_size": 32})  # at half of the second epoch; 6 steps an epoch from here
    started, *_ = events = trained(child)
    assert (started.steps_per_epoch, started.total_steps) == (6, 18 + 9)
    assert only(Finished, events)[0].epochs == 3
    again = branch(child, "last", {"train.epochs": 4})
    started, *_ = events = trained(again)
    assert (started.from_step, started.total_steps) == (27, 33)
    assert only(Finished, events)[0].epochs == 4


def test_of_the_best_weights_alone_the_optimiser_begins_anew(runs_folder: Path) -> None:
    run = parent(runs_folder, {"train.keep": 0, "train.average": 0.9})
    step = checkpoints.saved_step(run.best_file.open("rb"), run.best_file)
    child = branch(run, "best", {"train.epochs": 9})
    whole = step == 36
    assert child.spec.parent.weights_only is not whole
    assert (child.start_file if whole else child.start_weights_file).exists()
    begun = best(run)
    events = trained(child, after(1))
    assert only(Started, events)[0].from_step == step
    run.last_file.unlink()
    other = branch(run, "best", {"train.epochs": 9})
    assert other.spec.parent.weights_only
    events = trained(other, after(1))
    first = only(Eval, events)[0]
    assert (first.step, first.best.step) == (step, step)
    assert first.metrics == next(event.metrics for event in read_history(run.events_file).evals if event.step == step)
    assert only(Started, events)[0].notes[0].endswith("the weights are its parent's, adamw begins anew.")
    assert not other.start_weights_file.exists()
    assert begun.keys() == best(other).keys()


def test_a_branch_that_is_killed_at_its_beginning_begins_again(runs_folder: Path, monkeypatch) -> None:
    run = parent(runs_folder)
    reference, child = branch(run, "12", {"train.lr": 0.002}), branch(run, "12", {"train.lr": 0.002})
    trained(reference)
    for broken in range(4):
        calls = iter(range(100))
        save = checkpoint.save_last

        def strike(path, state, calls=calls, save=save, broken=broken) -> None:
            if next(calls) == broken:
                raise KeyboardInterrupt
            save(path, state)

        with monkeypatch.context() as patch:
            patch.setattr(checkpoint, "save_last", strike)
            with pytest.raises(KeyboardInterrupt):
                trained(child)
    trained(child)
    assert differences(saved(child), saved(reference)) == []
    assert child.kept_steps == reference.kept_steps
    assert not child.start_file.exists()
    one, other = (read_history(each.events_file) for each in (child, reference))
    assert [event.step for event in one.evals] == [event.step for event in other.evals]
    assert [event.step for event in one.probes] == [event.step for event in other.probes]


def test_a_branch_saves_its_first_evaluation(runs_folder: Path) -> None:
    events = trained(branch(parent(runs_folder), "12"))
    first = events.index(only(Eval, events)[0])
    saved_after = only(Checkpoint, events[first:])[0]
    assert (events[first].step, saved_after.step) == (12, 12)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"cell.hidden": 9}, "cell.hidden cannot change in a branch: the network is made by it"),
        ({"bidirectional": True}, "cell.bidirectional cannot change in a branch"),
        ({"task.rows": 100}, "task.rows cannot change in a branch: the network or the encoding"),
        ({"train.lr": "fast"}, "train.lr cannot be fast"),
        ({"lrr": 1}, "There is no setting 'lrr'"),
        ({}, r"Step 36 of run toy\S+ is the last of train.epochs=3: raise --epochs, or branch from an earlier one"),
        ({"train.max_steps": 20}, r"Step 36 of run toy\S+ is the last of train.max_steps=20: raise --max-steps"),
    ],
)  # fmt: skip
def test_what_no_branch_can_be(runs_folder: Path, values, said: str) -> None:
    run = parent(runs_folder)
    with pytest.raises(PlainError, match=said):
        branch(run, "last", values)
    assert [one.name for one in runs_folder.iterdir()] == [run.id]


def test_damaged_beginnings_are_one_sentence(runs_folder: Path) -> None:
    run = parent(runs_folder)
    child = branch(run, "12")
    content = child.start_file.read_bytes()
    child.start_file.unlink()
    with pytest.raises(CheckpointError, match=r"start\.pt is missing, with which the run begins: branch anew"):
        trained(child)
    child.start_file.write_bytes(content[:-100])
    with pytest.raises(CheckpointError, match=r"start\.pt is damaged"):
        trained(child)
    shutil.copy(run.kept_file(18), child.start_file)  # of another step than the description says
    with pytest.raises(CheckpointError, match=r"start\.pt is damaged"):
        trained(child)
    run.kept_file(12).write_bytes(content[:-100])
    with pytest.raises(PlainError, match=r"kept-12.pt is damaged: no run can be branched from it"):
        branch(run, "12")
    run.best_file.write_bytes(b"\xff" * 20)
    with pytest.raises(PlainError, match=r"best.safetensors is damaged"):
        branch(run, "best")


class Trap:
    """Would make a folder, were it unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (self.place,)


def test_reading_the_position_runs_no_code(runs_folder: Path, tmp_path: Path) -> None:
    run = parent(runs_folder)
    state = torch.load(run.last_file, weights_only=True)
    torch.save({**state, "trap": Trap(tmp_path / "sprung")}, run.last_file)
    with run.last_file.open("rb") as file:
        position = checkpoints.saved_position(file, run.last_file)
    assert (position.step, position.epoch, position.batch) == (36, 3, 0)
    assert not (tmp_path / "sprung").exists()
