"""The training loop: a generator of events that reads top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from workbench.engine.opening import started
from workbench.engine.trainer import Position, Trainer, all_finite
from workbench.runs import events
from workbench.runs.events import Event
from workbench.runs.store import Run

_ASK_SECONDS = 0.25


def train(run: Run, should_stop: Callable[[], bool], at: Position) -> Iterator[Event]:
    """Train a run from its last checkpoint, or from the beginning, to its end.

    Whoever iterates writes each event before asking for the next: a checkpoint stands on the events before it.

    Args:
        should_stop: asked about four times a second; true: save a checkpoint and end.
        at: kept up to date, so that whoever iterates can say where it broke off.

    Raises:
        DataError, DeviceError, SpecError, CheckpointError, NotFinite: each with one plain sentence.
        OSError: a file could not be written; everything saved before is untouched.
    """
    training = Trainer(run, at)
    yield started(training)
    baseline = training.task.baseline(training.examples, cached_only=True)
    if baseline:
        yield events.Baseline(time=time.time(), methods=baseline)
        training.baselines = baseline.get("val", {})
    if not training.resumed:
        yield training.save()

    asked = time.monotonic()
    while not training.done():
        training.begin_epoch()
        for rows in training.order()[at.batch :]:
            training.step(rows)
            if training.meter.due:
                yield from training.report()
            stop = False
            if time.monotonic() - asked >= _ASK_SECONDS:
                stop, asked = should_stop(), time.monotonic()
            if training.evaluation_due():
                yield from training.report()
                yield from training.validate()
                yield from training.sample()
            training.turn_epoch()
            if stop or training.done() or training.checkpoint_due():
                yield from training.report()
                yield training.save()
            if training.done():
                break
            if stop:
                if at.best_step < 0:
                    training.save_best()  # whoever stops before the first evaluation still has a network to ask
                yield events.Stopped(
                    time=time.time(),
                    step=at.step,
                    epochs=training.epoch,
                    wall_s=at.wall_s,
                    examples_per_s=training.examples_per_s,
                )
                return

    training.load_best()
    tested = training.evaluate("test")
    if not baseline:
        yield training.measure_baselines()
    yield events.Finished(
        time=time.time(),
        step=at.step,
        epochs=training.epoch,
        reason="all steps done" if at.step >= training.total else f"no better evaluation in {at.worse}",
        best=training.best,
        test=all_finite(tested.metrics),
        views=tested.views,
        wall_s=at.wall_s,
        examples_per_s=training.examples_per_s,
    )
