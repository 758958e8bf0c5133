"""The trainer of a run: what the process that holds it does beside the steps: files, evaluations, reports, orders."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Collection, Iterator

import msgspec
import torch
from torch import Tensor

from tasks.base import Data, PlainError
from tasks.shared import files
from workbench.engine import checkpoint, devices, network
from workbench.engine.alarms import Alarms, alarm_events
from workbench.engine.distributed.world import Command, Order, World
from workbench.engine.evaluator import Evaluator
from workbench.engine.gradient_monitor import GradientMonitor
from workbench.engine.keeping import spread
from workbench.engine.replica import Replica
from workbench.engine.state import TrainingState
from workbench.engine.step_statistics import StepStatistics
from workbench.engine.training_sample import training_sample
from workbench.runs import events
from workbench.runs.events import Event, finite
from workbench.runs.run import Run

_MOST_SKIPPED = 25  # steps in a row: each halves the loss's scale, and 16 halvings take it from 65,536 to 1


class NotFinite(PlainError):
    """The loss, its gradient or a weight is not finite. The message is one plain sentence."""


class Trainer(Replica):
    """Training of a run in the process that holds it: its files, evaluations and reports, and what others are told.

    Args:
        state: filled in from the last checkpoint, and kept up to date.
        device: computes in place of ``train.device``, in float32 where it lacks ``train.precision``; empty: none.
        world: the processes that train the run, of which this is the first; none: this one alone.

    Raises:
        DataError, DeviceError, SpecError, CheckpointError, ConnectionLost: each with one plain sentence.
        OSError: a file could not be written.
    """

    def __init__(self, run: Run, state: TrainingState, device: str = "", world: World | None = None) -> None:
        super().__init__(run, state, device, world)
        files.write(run.network_file, network.printout(self.model).encode())
        self._saved_kept = set(state.kept)  # those that ``last.pt`` counts on
        self._drop_kept_but(state.kept)
        self.from_step = state.step
        self.statistics = StepStatistics(self.device, skipping=self.amp_dtype is torch.float16)
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
            sample=training_sample(self.examples, self.options.eval_train, self.options.seed),
            steps_per_epoch=self.steps_per_epoch,
            total_steps=self.total_steps,
        )
        self._counted = 0.0  # seconds of this process that ``state.wall_s`` holds already
        self._saved = time.monotonic()
        self._out_of_time = False  # after a step, so that the evaluation and the end are decided alike

    def _loaded(self, examples: Data) -> None:
        files.write(self.run.task_file, msgspec.json.encode(examples.state))
        checkpoint.save_tensors(self.run.tensors_file, self.task.artifacts(examples))

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
        """Train on one batch, with the other processes where there are some. The device is not waited for."""
        if self.world.size > 1:
            self.world.order(Order(Command.STEP, self.state.epoch, self.state.batch))
        loss, norm = self.train_on(rows)
        self.gradients.observe()
        self.statistics.add(loss, norm, len(rows))
        self._out_of_time = 0 < self.options.max_seconds <= self._wall_s

    def release(self) -> None:
        """Let the other processes end: no step comes any more."""
        if self.world.size > 1:
            self.world.order(Order(Command.END))
            self.world.leave()

    def evaluation_due(self) -> bool:
        """True after every ``eval_every`` steps or each epoch, every few of a lengthened training, and at the end."""
        every = self.options.eval_every
        if self.state.step == self.total_steps or self._out_of_time:
            return True
        if every:
            return self.state.step % every == 0
        return self._epoch_complete and (self.state.epoch + 1) % self.lengthening == 0

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
            memory_mb=devices.memory_mb(self.device, self.world.local_pids),
        )
        yield from alarm_events(
            self.state.step, self.alarms.check_gradient(finite(norm), self.options.clip, self.options.lr)
        )
        yield from alarm_events(
            self.state.step, self.alarms.check_parameters(self.gradients.missing, self.gradients.zero())
        )

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
            "position": dataclasses.asdict(self.state),
            **self._collected(),
        }

    def _collected(self) -> dict[str, object]:
        if self.world.size > 1:
            self.world.order(Order(Command.SAVE))
        return self.collect()

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

    def _not_finite(self, what: str) -> NotFinite:
        clip = "" if self.options.clip else " or clip the gradient (train.clip=1)"
        return NotFinite(
            f"{what} stopped being a number by step {self.state.step} (epoch {self.state.epoch + 1}): "
            f"start again with a lower --lr (it is {self.options.lr:g}){clip}. What was saved before is untouched."
        )
