"""The training loop: a generator of events."""

from __future__ import annotations

import math
import os
import platform
import socket
import time
from collections.abc import Callable, Iterator

import msgspec
import numpy
import torch

import workbench
from workbench import interruption
from workbench.config import branching, spec
from workbench.config.remarks import remarks
from workbench.engine import checkpoint, devices, network, precision
from workbench.engine.distributed.world import World
from workbench.engine.state import TrainingState, saved_position
from workbench.engine.trainer import Trainer
from workbench.runs import events
from workbench.runs.events import Event, all_finite
from workbench.runs.history import LatestEvents
from workbench.runs.run import Run

_STOP_CHECK_SECONDS = 0.25


def train(
    run: Run, should_stop: Callable[[], bool], state: TrainingState, device: str = "", world: World | None = None
) -> Iterator[Event]:
    """Train a run from its last checkpoint, or from the beginning, to its end.

    The caller writes each event before it takes the next: a checkpoint relies on the events before it.

    Args:
        should_stop: called about four times a second; true: save a checkpoint and end.
        state: kept up to date, so that the caller can say where an error ended the training.
        device: computes in place of ``train.device``; empty: none.
        world: the processes that train the run, of which this is the first; none: this one alone.

    Raises:
        DataError, DeviceError, SpecError, CheckpointError, NotFinite, ConnectionLost: each with one plain sentence.
        OSError: a file could not be written; everything saved before is untouched.
    """
    try:
        with interruption.polled(should_stop, _STOP_CHECK_SECONDS):
            trainer = Trainer(run, state, device, world)
    except interruption.Interrupted:
        yield _stopped_before_training(run, state)
        return
    yield _started(trainer)
    baselines = trainer.task.baseline(trainer.examples, cached_only=True)
    if baselines:
        yield trainer.evaluator.set_baselines(baselines)
    if not trainer.resumed:
        yield trainer.save()
    if (parent := run.spec.parent) and state.best_step < 0 and state.step == parent.step:
        yield from trainer.evaluator.validate()  # the network as it was taken: it can be used, and the curves join
        trainer.keep()
        yield trainer.save()

    checked = time.monotonic()
    while not trainer.done():
        trainer.begin_epoch()
        for rows in trainer.batches()[state.batch :]:
            trainer.step(rows)
            if trainer.statistics.due:
                yield from trainer.report()
            stop = False
            if time.monotonic() - checked >= _STOP_CHECK_SECONDS:
                stop, checked = should_stop(), time.monotonic()
            evaluated = trainer.evaluation_due()
            if evaluated:
                yield from trainer.report()
                yield from trainer.evaluator.validate()
                yield from trainer.evaluator.sample()
            trainer.advance_epoch()
            if evaluated:
                trainer.keep()
            if stop or trainer.done() or trainer.checkpoint_due():
                yield from trainer.report()
                yield trainer.save()
            if trainer.done():
                break
            if stop:
                if state.best_step < 0:
                    trainer.evaluator.save_best()  # a run stopped before its first evaluation is usable too
                trainer.release()
                yield _stopped(trainer)
                return

    trainer.release()
    trainer.evaluator.load_best()
    tested = trainer.evaluator.evaluate("test")
    if not baselines:
        try:
            with interruption.polled(should_stop, _STOP_CHECK_SECONDS):
                measured = [*trainer.evaluator.measure_baselines()]
        except interruption.Interrupted:
            yield _stopped(trainer)
            return
        yield from measured
    yield from trainer.evaluator.judge_best()
    yield events.Finished(
        time=time.time(),
        step=state.step,
        epochs=trainer.epochs,
        reason=trainer.ending,
        reached=state.reached,
        best=trainer.evaluator.best,
        test=all_finite(tested.metrics),
        views=tested.views,
        kept=tested.kept,
        correctness=tested.correctness,
        wall_s=state.wall_s,
        examples_per_s=trainer.examples_per_s,
    )


def _started(trainer: Trainer) -> events.Started:
    return events.Started(
        time=time.time(),
        schema=events.SCHEMA,
        from_step=trainer.from_step,
        pid=os.getpid(),
        host=socket.gethostname(),
        device=devices.device_name(trainer.device, trainer.threads, trainer.world.size),
        precision=precision.spoken(trainer.amp_dtype),
        kernel=trainer.computed.kernel,
        kernel_note=trainer.computed.note,
        versions={
            "workbench": workbench.__version__,
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": numpy.__version__,
        },
        parameters=network.parameter_count(trainer.model),
        train_size=trainer.examples.size("train"),
        steps_per_epoch=trainer.steps_per_epoch,
        total_steps=trainer.total_steps,
        protocol=trainer.task.protocol,
        notes=[
            *branching.note(trainer.run.spec),
            *trainer.examples.notes,
            *remarks(trainer.run.spec),
            *_length_notes(trainer),
            *_device_notes(trainer),
            *_process_notes(trainer),
            *trainer.computed.notes,
            *_kernel_notes(trainer),
            *_sample_notes(trainer),
        ],
        settings={
            **spec.values(trainer.run.spec),
            "train.device": trainer.device_setting,
            "train.processes": trainer.world.size,
        },
    )


def _length_notes(trainer: Trainer) -> list[str]:
    """Return a sentence where there are so few examples that the training is longer than its epochs."""
    options, steps = trainer.options, trainer.total_steps
    if steps <= options.epochs * trainer.steps_per_epoch or trainer.lengthening == 1:
        return []
    often = math.ceil(steps / trainer.steps_per_epoch)
    return [
        f"The {trainer.examples.size('train'):,} training examples are passed through {often:,} times instead of "
        f"{options.epochs}, so that there are {steps:,} steps (train.min_steps); --epochs sets another number."
    ]


def _device_notes(trainer: Trainer) -> list[str]:
    """Return sentences on a precision that was measured or that the device lacks, and on more threads than cores."""
    options = trainer.options
    notes = devices.thread_note(trainer.threads * trainer.world.place.local_size, chosen=options.threads > 0)
    if trainer.precision_note:
        notes.append(trainer.precision_note)
    if options.precision == "fp16" and trainer.amp_dtype is None:
        notes.append(f"{options.precision} needs a GPU: the run goes on in float32.")
    return notes


def _process_notes(trainer: Trainer) -> list[str]:
    """Return sentences on processes that share the batches otherwise than the settings or the life before had it."""
    world, options, before, notes = trainer.world, trainer.options, trainer.processes_before, []
    if world.place.by_torchrun and options.processes != world.size:
        notes.append(f"torchrun started {world.size} processes, which share each batch (train.processes={world.size}).")
    if trainer.resumed and before != world.size:
        notes.append(
            f"Each batch was shared by {_processes(before)} before, and is by {_processes(world.size)} now: the run "
            "goes on with the same batches, equal to rounding and not bit for bit, and with other draws where there "
            "is dropout."
        )
    if options.batch_size < world.size:
        notes.append(
            f"train.batch_size={options.batch_size} gives {_processes(world.size - options.batch_size)} nothing to do."
        )
    return notes


def _processes(count: int) -> str:
    return f"{count} process{'es' * (count != 1)}"


def _kernel_notes(trainer: Trainer) -> list[str]:
    """Return a sentence where the life before computed the recurrence by another kernel."""
    before = LatestEvents(trainer.run.events_file).read().started if trainer.resumed else None
    now = trainer.computed.kernel
    if before is None or before.kernel in ("", now):
        return []
    return [
        f"The recurrence was computed by the kernel {before.kernel} before, and is by {now} now: the run goes on equal "
        "to rounding, not bit for bit."
    ]


def _sample_notes(trainer: Trainer) -> list[str]:
    """Return a sentence where the training split was to be measured and cannot be."""
    if not trainer.options.eval_train or trainer.evaluator.training_sample is not None:
        return []
    return [
        "The training split is not measured (train.eval_train): the data of this task has no method restricted, of "
        "which docs/own-task.md tells."
    ]


def _stopped_before_training(run: Run, state: TrainingState) -> Event:
    """Return the end of a life that was stopped while its data were read: the run stands where its checkpoint is."""
    saved = checkpoint.load_last(run.last_file, torch.device("cpu"))
    try:
        position = saved_position(saved) if saved else state
    except (KeyError, TypeError, ValueError, msgspec.ValidationError):
        raise checkpoint.damaged(run.last_file) from None
    return events.Stopped(
        time=time.time(),
        step=position.step,
        epochs=float(position.epoch),
        wall_s=position.wall_s,
        examples_per_s=position.examples / max(position.wall_s, 1e-9),
    )


def _stopped(trainer: Trainer) -> events.Stopped:
    return events.Stopped(
        time=time.time(),
        step=trainer.state.step,
        epochs=trainer.epochs,
        wall_s=trainer.state.wall_s,
        examples_per_s=trainer.examples_per_s,
    )
