"""A cell in a race: its network in training, beside those of the other cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

import cells
from tasks.base import AnyTask, Data
from workbench.config.spec import RunSpec
from workbench.engine import checkpoint, data, devices, network, twins
from workbench.engine.generation import samples
from workbench.engine.optim import Optimization
from workbench.races.budget import MOST_STEPS, Budget
from workbench.races.events import Evaluated
from workbench.runs.events import all_finite

BLOCK = 10  # steps of a cell before the next one's turn, at most
_FEWEST_BLOCKS = 10  # of a race by steps that is long enough


class Racer:
    """One cell's network in training: its optimisation, its place among the batches, its own random draws.

    Args:
        generators: states of torch's random generators before the first step.
        schedule: steps over which the learning rate is scheduled.
        most: steps that it may make.
    """

    def __init__(
        self,
        spec: RunSpec,
        task: AnyTask,
        examples: Data,
        model: nn.Module,
        amp: torch.dtype | None,
        generators: Mapping[str, Tensor],
        *,
        schedule: int,
        most: int,
    ) -> None:
        self.spec, self.task, self.model, self.most = spec, task, model, most
        self.twin_of = ""  # the cell from whose weights it starts
        self.step = 0
        self.seconds = 0.0
        self.out = False
        self._examples, self._amp = examples, amp
        self._device = next(model.parameters()).device
        self.optimization = Optimization(model, spec.train, schedule, scaled=amp is torch.float16)
        self._epoch, self._at = 0, 0
        self._batches: Sequence[Tensor] = ()
        self._generators = generators

    def train(self, steps: int) -> tuple[Tensor, int]:
        """Make some steps, with the random draws that this network would have alone; the device is not waited for.

        Returns:
            the losses (steps,), and the number of examples.
        """
        checkpoint.set_generators(self._generators, self._device)
        self.model.train()
        losses, count = [], 0
        for _ in range(steps):
            rows = self._next_batch()
            with devices.autocast(self._device, self._amp):
                loss = self.task.loss(self.model, self._examples, rows)
            self.step += 1
            self.optimization.step(loss, self.step)
            losses.append(loss.detach().float())
            count += len(rows)
        self._generators = checkpoint.generators(self._device)
        return torch.stack(losses), count

    def evaluate(self) -> Evaluated:
        """Return the metrics on the validation split."""
        self.model.eval()
        with self.optimization.ema.applied(), torch.inference_mode(), devices.autocast(self._device, self._amp):
            evaluation = samples.evaluate(self.task, self.model, self._examples, "val", self.spec.train.batch_size)
        return Evaluated(cell=self.spec.cell, metrics=all_finite(evaluation.metrics))

    def due(self, budget: Budget) -> bool:
        """True where it has something left to spend."""
        return not self.out and self.step < self.most and (budget.by == "steps" or self.seconds < budget.seconds)

    def block_steps(self, budget: Budget) -> int:
        """Return the steps of its next block: fewer where its time is nearly spent, as its pace tells."""
        left = self.most - self.step
        if budget.by == "steps":
            return min(max(1, min(BLOCK, self.most // _FEWEST_BLOCKS)), left)
        if not self.step or self.seconds <= 0:
            return 1
        return max(1, min(BLOCK, left, int((budget.seconds - self.seconds) / (self.seconds / self.step))))

    def _next_batch(self) -> Tensor:
        """Return the next batch: those of (seed, epoch), as a run of these settings has them."""
        if self._at == len(self._batches):
            self._epoch += self._at > 0
            self._at = 0
            options = self.spec.train
            self._batches = data.epoch_batches(self.task, self._examples, options.seed, self._epoch, options.batch_size)
            self.task.begin_epoch(self.model, self._epoch)
        self._at += 1
        return self._batches[self._at - 1]


def make_racers(
    specs: Sequence[RunSpec], examples: Data, budget: Budget, device: torch.device, amp: torch.dtype | None
) -> list[Racer]:
    """Return the networks that race, each with a task of its own: of twins with the weights of the first one named.

    Each begins as a run of its settings does, its random draws among them; a twin as its twin.
    """
    racers: list[Racer] = []
    drawn: dict[str, dict[str, Tensor]] = {}  # by cell, the generators' states after its network was made
    for spec in specs:
        task = data.task_of(spec, examples.state)
        same = next((racer for racer in racers if racer.spec.cell in cells.twins(spec.cell)), None)
        if same is None:
            torch.manual_seed(spec.train.seed)
            with network.within_memory(spec, device, training=True):
                model = network.build(spec, task)
            model.to(device)
            task.initialise(model, examples)
            drawn[spec.cell] = checkpoint.generators(device)
        else:
            model = twins.with_cell(same.spec, task, same.model, spec.cell)
        usual = _usual_steps(spec, task, examples)
        endless = budget.by == "time" and spec.train.schedule == "constant"
        twin_of = (same.twin_of or same.spec.cell) if same else ""
        racer = Racer(
            spec,
            task,
            examples,
            model,
            amp,
            drawn[twin_of or spec.cell],
            schedule=budget.steps if budget.by == "steps" else usual,
            most=MOST_STEPS if endless else budget.steps if budget.by == "steps" else usual,
        )
        racer.twin_of = twin_of
        racers.append(racer)
    return racers


def _usual_steps(spec: RunSpec, task: AnyTask, examples: Data) -> int:
    """Return the steps of a run with these settings: by time, the learning rate is scheduled over them."""
    options = spec.train
    epoch = len(data.epoch_batches(task, examples, options.seed, 0, options.batch_size))
    usual = max(options.epochs * epoch, options.min_steps) if options.epochs else 0
    return min(filter(None, (usual, options.max_steps)))
