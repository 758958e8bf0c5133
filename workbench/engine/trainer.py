"""The trainer of a run: its task, data, network and optimisation; steps, reports, saves and restores."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import msgspec
import torch
from torch import Tensor

from tasks.base import PlainError
from tasks.shared import files
from workbench.engine import checkpoint, data, devices, kernel_check, network, precision
from workbench.engine.alarms import Alarms, alarm_events
from workbench.engine.branch_start import BranchStart
from workbench.engine.evaluator import Evaluator
from workbench.engine.gradient_monitor import GradientMonitor
from workbench.engine.keeping import spread
from workbench.engine.optim import Optimization
from workbench.engine.state import TrainingState, saved_position
from workbench.engine.step_statistics import StepStatistics
from workbench.engine.training_sample import training_sample
from workbench.runs import events
from workbench.runs.events import Event, finite
from workbench.runs.run import Run, task_state

_MOST_SKIPPED = 25  # steps in a row: each halves the loss's scale, and 16 halvings take it from 65,536 to 1


class NotFinite(PlainError):
    """The loss, its gradient or a weight is not finite. The message is one plain sentence."""


class Trainer:
    """Task, data, network and optimisation of a run, restored from its last checkpoint where there is one.

    Args:
        state: filled in from the last checkpoint, and kept up to date.
        device: computes in place of ``train.device``, in float32 where it lacks ``train.precision``; empty: none.

    Raises:
        DataError, DeviceError, SpecError, CheckpointError: each with one plain sentence.
        OSError: ``task.json`` could not be written.
    """

    def __init__(self, run: Run, state: TrainingState, device: str = "") -> None:
        self.run, self.state = run, state
        self.options = options = run.spec.train
        self.threads = devices.configure_process(options.threads)
        self.device_setting = device or options.device
        self.device = devices.choose_device(self.device_setting)
        devices.use(self.device)
        if not device:
            devices.choose_precision(options.precision, self.device)  # refuses before data are read
        torch.manual_seed(options.seed)
        network.check_recurrence(run.spec, self.device)
        saved_state = task_state(run) if run.task_file.exists() else None
        self.task, examples = data.load(run.spec, saved_state)
        self.examples = examples.to(self.device)
        sample = training_sample(self.examples, options.eval_train, options.seed)
        files.write(run.task_file, msgspec.json.encode(self.examples.state))
        checkpoint.save_tensors(run.tensors_file, self.task.artifacts(examples))
        state.activity = "building the network"
        with network.within_memory(run.spec, self.device, training=True):
            self.model = network.build(run.spec, self.task)
        self.model.to(self.device)
        self.amp_dtype, self.precision_note = precision.choose(run, self.device, self.model, strict=not device)
        files.write(run.network_file, network.printout(self.model).encode())
        self.steps_per_epoch = len(self.batches())
        state.activity = "reading the checkpoint"
        saved = checkpoint.load_last(run.last_file, self.device)
        self.resumed = saved is not None
        start = None if self.resumed or run.spec.parent is None else BranchStart(run, run.spec.parent, self.device)
        if saved is not None:
            self._take_position(saved)
        elif start is not None:
            position = start.position(self.steps_per_epoch, self._steps_per_epoch_of)
            state.step, state.epoch, state.batch = position
        self.total_steps = self._total_steps()
        scaled = self.amp_dtype is torch.float16
        rest = self.total_steps - (run.spec.parent.step if run.spec.parent else 0)
        self.optimization = Optimization(self.model, options, max(1, rest), scaled=scaled)
        if saved is not None:
            self._restore(saved)
        elif start is not None:
            start.apply(self.task, self.model, self.optimization)
        else:
            state.activity = "reading the data"
            self.task.initialise(self.model, self.examples)
        self._saved_kept = set(state.kept)  # those that ``last.pt`` counts on
        self._drop_kept_but(state.kept)
        state.activity = "training"
        self.from_step = state.step
        self.model.train()
        self.statistics = StepStatistics(self.device, skipping=scaled)
        self.gradients = GradientMonitor(self.model)
        self.alarms = Alarms(state.alarms)
        self.evaluator = Evaluator(
            run,
            state,
            self.task,
            self.model,
            self.examples,
            ema=self.optimization.ema,
            alarms=self.alarms,
            precision=self.amp_dtype,
            sample=sample,
            steps_per_epoch=self.steps_per_epoch,
            total_steps=self.total_steps,
        )
        with state.doing("preparing the kernel"):
            first = next(iter(self.batches()[state.batch :]), None)
            self.computed = kernel_check.check(self.model, self.task, self.examples, first, self.amp_dtype)
        self._counted = 0.0  # seconds of this process that ``state.wall_s`` holds already
        self._saved = time.monotonic()
        self._out_of_time = False  # after a step, so that the evaluation and the end are decided alike

    def batches(self) -> Sequence[Tensor]:
        """Return the batches of the present epoch: drawn from (seed, epoch), so that a resumed run draws the same."""
        return self._batches(self.options.batch_size)

    def _batches(self, size: int) -> Sequence[Tensor]:
        return data.epoch_batches(self.task, self.examples, self.options.seed, self.state.epoch, size)

    def _steps_per_epoch_of(self, batch_size: int) -> int:
        return len(self._batches(batch_size))

    def _total_steps(self) -> int:
        """Return the step at which the training ends; steps that a parent made with other batches count as made."""
        state, options = self.state, self.options
        offset = state.step - state.epoch * self.steps_per_epoch - state.batch
        ends = [max(1, options.epochs * self.steps_per_epoch + offset)] if options.epochs else []
        return min([*ends, *filter(None, [options.max_steps])])

    @property
    def epochs(self) -> float:
        """Epochs done, with the fraction of the present one."""
        return self.state.epochs(self.steps_per_epoch)

    def done(self) -> bool:
        """True where the training has come to its end."""
        return bool(self.ending)

    @property
    def ending(self) -> str:
        """Words that say why the training has come to its end; empty before."""
        state, options = self.state, self.options
        if state.reached:
            return f"the target {options.target:g} is reached"
        if state.step >= self.total_steps:
            return "all steps done"
        if 0 < options.patience <= state.worse:
            return f"no better evaluation in {state.worse}"
        return f"{options.max_seconds:g} seconds are over" if self._out_of_time else ""

    def checkpoint_due(self) -> bool:
        """True where the last checkpoint is ``checkpoint_seconds`` old."""
        return time.monotonic() - self._saved >= self.options.checkpoint_seconds

    @property
    def examples_per_s(self) -> float:
        """Training speed over all processes that trained the run, evaluations included."""
        return self.state.examples / max(self.state.wall_s, 1e-9)

    def step(self, rows: Tensor) -> None:
        """Train on one batch: forward, backward, clip, update. The device is not waited for."""
        with self._autocast():
            loss = self.task.loss(self.model, self.examples, rows)
        norm = self.optimization.step(loss, self.state.step + 1)
        self.gradients.observe()
        self.state.step += 1
        self.state.batch += 1
        self.state.examples += len(rows)
        self.statistics.add(loss, norm, len(rows))
        self._out_of_time = 0 < self.options.max_seconds <= self._wall_s

    def evaluation_due(self) -> bool:
        """True after every ``eval_every`` steps or each epoch, and after the last step."""
        every = self.options.eval_every
        if self.state.step == self.total_steps or self._out_of_time:
            return True
        return self.state.step % every == 0 if every else self._epoch_complete

    def advance_epoch(self) -> None:
        """After an epoch's last batch, move to the beginning of the next epoch."""
        if self._epoch_complete:
            self.state.epoch, self.state.batch = self.state.epoch + 1, 0

    def report(self) -> Iterator[Event]:
        """Yield a step event and the alarms of the steps since the last report; nothing where there were none.

        Raises:
            NotFinite: the loss or the gradient since the last report.
        """
        if not self.statistics.steps:
            return
        loss, norm, speed, skipped, in_a_row = self.statistics.summarize()
        if skipped:
            if in_a_row >= _MOST_SKIPPED:
                raise self._not_finite("The loss")
            yield from alarm_events(self.state.step, self.alarms.check_skipped(skipped))
            if not math.isfinite(loss):
                return
        if not math.isfinite(loss) or (not self.optimization.skips_overflows and not math.isfinite(norm)):
            raise self._not_finite("The gradient" if math.isfinite(loss) else "The loss")
        yield events.Step(
            time=time.time(),
            step=self.state.step,
            epoch=self.epochs,
            loss=loss,
            grad_norm=finite(norm),
            lr=self.optimization.lr,
            examples_per_s=speed,
            eta_s=self.statistics.seconds_for(self.total_steps - self.state.step),
            memory_mb=devices.memory_mb(self.device),
        )
        yield from alarm_events(
            self.state.step, self.alarms.check_gradient(finite(norm), self.options.clip, self.options.lr)
        )
        yield from alarm_events(
            self.state.step, self.alarms.check_parameters(self.gradients.missing, self.gradients.zero())
        )

    def begin_epoch(self) -> None:
        """Let the task prepare the network for the present epoch."""
        self.task.begin_epoch(self.model, self.state.epoch)

    def save(self) -> Event:
        """Write ``last.pt``, with all that resuming needs.

        Raises:
            NotFinite: a weight is not finite; what was saved before stays.
            OSError: the file could not be written; what was saved before stays.
        """
        state = self._whole_state()
        self._saved = time.monotonic()
        with self.state.doing("saving"):
            checkpoint.save_last(self.run.last_file, state)
            self._saved_kept = set(self.state.kept)
            self._drop_kept_but(self.state.kept)
            if self.run.spec.parent is not None:  # it goes on from its own checkpoint from now on
                for file in (self.run.start_file, self.run.start_weights_file):
                    file.unlink(missing_ok=True)
        return events.Checkpoint(time=time.time(), step=self.state.step)

    def keep(self) -> None:
        """After an evaluation, write its whole state where it is kept, and drop those that make room (``train.keep``).

        What ``last.pt`` counts on stays until the next is written: a run that is killed chooses the same again.

        Raises:
            NotFinite, OSError: as ``save``.
        """
        if not self.options.keep:
            return
        state = self.state
        state.kept = spread(sorted({*state.kept, state.step}), self.options.keep)
        with self.state.doing("saving"):
            if state.step in state.kept:
                checkpoint.save_last(self.run.kept_file(state.step), self._whole_state())
            self._drop_kept_but({*state.kept, *self._saved_kept})

    def _whole_state(self) -> dict[str, object]:
        """Return all that resuming needs.

        Raises:
            NotFinite: a weight is not finite.
        """
        if not all(bool(weight.isfinite().all()) for weight in self.model.parameters()):
            raise self._not_finite("A weight")
        self.state.wall_s, self._counted = self._wall_s, self.statistics.elapsed
        return {
            "model": self.model.state_dict(),
            **self.optimization.state_dict(),
            "generators": checkpoint.generators(self.device),
            "position": dataclasses.asdict(self.state),
            **({"task": carried} if (carried := dict(self.task.training_state())) else {}),
        }

    @property
    def _wall_s(self) -> float:
        """Seconds of all processes that trained the run, evaluations included."""
        return self.state.wall_s + self.statistics.elapsed - self._counted

    def _drop_kept_but(self, steps: Collection[int]) -> None:
        for step in self.run.kept_steps:
            if step not in steps:
                self.run.kept_file(step).unlink(missing_ok=True)

    @property
    def _epoch_complete(self) -> bool:
        return self.state.batch == self.steps_per_epoch

    def _autocast(self) -> AbstractContextManager[object]:
        return devices.autocast(self.device, self.amp_dtype)

    def _take_position(self, saved: Mapping[str, Any]) -> None:
        """Take the position of the last checkpoint, and what it kept of the evaluations as far as the files are there.

        Raises:
            CheckpointError: it holds none.
        """
        with checkpoint.reading(self.run.last_file):
            position = saved_position(saved)
            if not 0 <= position.batch <= self.steps_per_epoch:
                raise ValueError
        position.kept = sorted({*position.kept} & {*self.run.kept_steps})
        for field in dataclasses.fields(position):
            setattr(self.state, field.name, getattr(position, field.name))

    def _restore(self, saved: Mapping[str, Any]) -> None:
        """Restore the last checkpoint.

        Raises:
            CheckpointError: it is another network's, or damaged.
        """
        with checkpoint.reading(self.run.last_file):
            checkpoint.restore(self.run.last_file, self.model, saved["model"])
            self.optimization.load_state_dict(saved)
            checkpoint.set_generators(saved["generators"], self.device)
            self.task.restore_training_state(saved.get("task", {}))  # older checkpoints have none

    def _not_finite(self, what: str) -> NotFinite:
        clip = "" if self.options.clip else " or clip the gradient (train.clip=1)"
        return NotFinite(
            f"{what} stopped being a number by step {self.state.step} (epoch {self.state.epoch + 1}): "
            f"start again with a lower --lr (it is {self.options.lr:g}){clip}. What was saved before is untouched."
        )
