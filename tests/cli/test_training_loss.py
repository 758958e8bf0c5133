"""The training loss and the training sample on an evaluation's line, and the sample among a run's facts."""

from __future__ import annotations

from pathlib import Path

import tasks
from workbench.cli import results
from workbench.cli.progress import event_line, train_loss
from workbench.config import spec
from workbench.runs import store
from workbench.runs.events import SCHEMA, Best, Eval, Started, Step, Stopped
from workbench.runs.history import History


def _step(step: int, loss: float | None) -> Step:
    return Step(time=0, step=step, epoch=0, loss=loss, grad_norm=1, lr=1, examples_per_s=1, eta_s=1, memory_mb=1)


def _eval(step: int) -> Eval:
    return Eval(time=0, step=step, epoch=0, metrics={}, best=Best(step=step, metric="accuracy", value=1))


def test_it_is_the_mean_of_the_steps_since_the_evaluation_before() -> None:
    history = History()
    assert train_loss(history) is None
    history.extend([_step(8, 4.0), _step(10, 2.0), _eval(10)])
    assert train_loss(history) == (8 * 4.0 + 2 * 2.0) / 10
    history.extend([_step(19, 1.0), _step(20, None), _step(21, 11.0), _eval(21)])
    assert train_loss(history) == (9 * 1.0 + 1 * 11.0) / 10


def _sampled(step: int, best: int, accuracy: float) -> Eval:
    return Eval(
        time=0,
        step=step,
        epoch=1,
        metrics={"loss": 0.5, "accuracy": 0.75},
        best=Best(step=best, metric="accuracy", value=1),
        train={"loss": 0.25, "accuracy": accuracy},
        train_s=0.75,
    )


def test_a_line_tells_the_main_metric_of_the_training_sample() -> None:
    history = History()
    history.extend([_step(10, 2.0), event := _sampled(10, 10, 0.9375)])
    line = event_line(event, history, tasks.settings("toy")())
    assert "train 2.0000  accuracy 0.9375 | val loss 0.5000  accuracy 0.7500" in line


def test_show_tells_the_sample_at_the_best_evaluation_its_size_and_its_cost(runs_folder: Path) -> None:
    run = store.create(runs_folder, spec.make("toy", "rnn", {"train.eval_train": 50}))
    history = History()
    assert results.training_sample(run, history) == ""
    assert results.to_json(run, "running", history)["train"] is None
    started = Started(
        time=0, schema=SCHEMA, from_step=0, pid=1, host="", device="CPU", precision="float32", versions={},
        parameters=1, train_size=192, steps_per_epoch=12, total_steps=24,
    )  # fmt: skip
    history.extend([started, _sampled(10, 10, 0.9375), _sampled(20, 10, 0.5)])
    assert results.training_sample(run, history) == (
        "loss 0.2500, accuracy 0.9375 at step 10, on 50 training examples; measuring them took 1.5 s"
    )
    assert results.to_json(run, "running", history)["train"] == {"loss": 0.25, "accuracy": 0.9375}
    history.add(Stopped(time=0, step=20, epochs=2, wall_s=61, examples_per_s=1))
    assert results.training_sample(run, history).endswith("took 1.5 s of 1:01")
