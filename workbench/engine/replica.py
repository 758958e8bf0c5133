"""Part of a training that each of its processes has: task, data, network, optimisation, and the step that they make.

Most trainings have one process. Where several share each batch, the networks stay equal: they begin so, and are moved
by the same gradients.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

import tasks
from tasks.base import Data
from workbench.engine import checkpoint, data, devices, kernel_check, network, precision
from workbench.engine.branch_start import BranchStart
from workbench.engine.distributed.parallel import ParallelLoss, check_carried
from workbench.engine.distributed.world import World
from workbench.engine.optim import Optimization
from workbench.engine.process_state import ProcessState
from workbench.engine.state import TrainingState, saved_position
from workbench.runs.run import Run, task_state


class Replica:
    """Task, data, network and optimisation of a run, restored from its last checkpoint where there is one.

    Args:
        state: filled in from the last checkpoint, and kept up to date.
        device: computes in place of ``train.device``, in float32 where it lacks ``train.precision``; empty: none.
        world: the processes that train the run; none: this one alone.

    Raises:
        DataError, DeviceError, SpecError, CheckpointError, ConnectionLost: each with one plain sentence.
        OSError: a file could not be written.
    """

    def __init__(self, run: Run, state: TrainingState, device: str = "", world: World | None = None) -> None:
        self.run, self.state = run, state
        self.world = world = world or World()
        self.options = options = run.spec.train
        self.threads = devices.configure_process(options.threads, world.place.local_size)
        self.device_setting = device or options.device
        self.device = devices.choose_device(self.device_setting, world.place.local_rank, world.place.local_size)
        devices.use(self.device)
        if not device:
            devices.choose_precision(options.precision, self.device)  # refuses before data are read
        if world.size > 1:
            check_carried(run.spec.task, tasks.load(run.spec.task))
        torch.manual_seed(options.seed)
        network.check_recurrence(run.spec, self.device)
        with world.in_turn():
            self._load()
        state.activity = "building the network"
        with network.within_memory(run.spec, self.device, training=True):
            self.model = network.build(run.spec, self.task)
        self.model.to(self.device)
        self.amp_dtype, self.precision_note = self._choose_precision(strict=not device)
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
        rest = self.total_steps - (run.spec.parent.step if run.spec.parent else 0)
        scaled = self.amp_dtype is torch.float16
        self.optimization = Optimization(self.model, options, max(1, rest), scaled=scaled)
        self._own = ProcessState(self.world, self.task, self.device, options.seed)
        self.processes_before = self._own.processes(saved or {})  # those that wrote the checkpoint
        if saved is not None:
            self._restore(saved)
        elif start is not None:
            start.apply(self.model, self.optimization, self._own)
        else:
            state.activity = "reading the data"
            with world.in_turn():
                self.task.initialise(self.model, self.examples)
            self._own.begin(state.step)
        self.model.train()
        self._parallel = ParallelLoss(world, self.task, self.model, self.examples)
        state.activity = "training"
        with state.doing("preparing the kernel"):
            self.computed = self._check_kernel()

    def _load(self) -> None:
        """Read the data; the task is as the run's ``task.json`` has it, where there is one."""
        saved_state = task_state(self.run) if self.run.task_file.exists() else None
        self.task, examples = data.load(self.run.spec, saved_state)
        self._loaded(examples)
        self.examples = examples.to(self.device)

    def _loaded(self, examples: Data) -> None:
        """Take note of the data before they are on the device: the others' nothing, rank 0's file."""

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
        ends = [max(1, options.epochs * self.steps_per_epoch + offset, options.min_steps)] if options.epochs else []
        return min([*ends, *filter(None, [options.max_steps])])

    @property
    def lengthening(self) -> int:
        """Factor, rounded up, by which ``train.min_steps`` lengthens the training; 1: it does not."""
        usual = self.options.epochs * self.steps_per_epoch
        return math.ceil(self.options.min_steps / usual) if 0 < usual < self.options.min_steps else 1

    def begin_epoch(self) -> None:
        """Let the task prepare the network for the present epoch."""
        self.task.begin_epoch(self.model, self.state.epoch)

    def train_on(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Train on one batch: forward, backward, clip, update. The device is not waited for.

        Returns:
            its loss () and gradient norm () before clipping, of all processes together.

        Raises:
            ConnectionLost: another process is gone.
        """
        number = self.state.step + 1
        if self.world.size == 1:
            with self._autocast():
                loss = self.task.loss(self.model, self.examples, rows)
            norm = self.optimization.step(loss, number)
        else:
            with self.world.connected():
                with self._autocast():
                    own, loss = self._parallel(rows)
                adding = self.world.sum(loss)
                norm = self.optimization.step(own, number)
                if adding is not None:
                    adding.wait()
        self.state.step += 1
        self.state.batch += 1
        self.state.examples += len(rows)
        return loss, norm

    def collect(self) -> dict[str, object]:
        """Return what a checkpoint holds of the processes: their random generators, and what their tasks carry on."""
        return self._own.collect(idle=self._parallel.idle)

    def _choose_precision(self, *, strict: bool) -> precision.Precision:
        """Return the arithmetic of the training: as rank 0 chose it, also where it measured."""
        chosen = precision.choose(self.run, self.device, self.model, strict=strict) if self.world.leads else None
        agreed = precision.NAMES[self.world.share(precision.spoken(chosen and chosen.dtype).encode()).decode()]
        return chosen or precision.Precision(agreed)

    def _check_kernel(self) -> kernel_check.Computed:
        """Return the kernel of the recurrence: as rank 0 chose it, which compares it on the first batch."""
        computed = kernel_check.Computed("", "", [])
        if self.world.leads:
            first = next(iter(self.batches()[self.state.batch :]), None)
            computed = kernel_check.check(self.model, self.task, self.examples, first, self.amp_dtype)
        agreed = self.world.share(computed.kernel.encode()).decode()
        if agreed and not self.world.leads:
            for recurrent in network.recurrences(self.model):
                recurrent.kernel = agreed
        return computed

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
            self._own.restore(saved, self.state.step)
