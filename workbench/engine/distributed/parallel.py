"""Loss and gradient of a batch that several processes share, equal to those of one process but for rounding.

Each computes the mean over its rows; the means, and by ``DistributedDataParallel`` their gradients, are averaged by
``Task.loss_weight``.

Shapes: B batch.
"""

from __future__ import annotations

import importlib

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tasks.base import AnyTask, Data, Task
from workbench.config.spec import SpecError
from workbench.engine.distributed.world import World, shares


class _Loss(nn.Module):
    """The task's loss as a module, which ``DistributedDataParallel`` wraps."""

    def __init__(self, task: AnyTask, model: nn.Module, examples: Data) -> None:
        super().__init__()
        self.model = model
        self._task, self._examples = task, examples

    def forward(self, rows: Tensor) -> Tensor:
        return self._task.loss(self.model, self._examples, rows)


class ParallelLoss:
    """Training loss of a network in several processes."""

    def __init__(self, world: World, task: AnyTask, model: nn.Module, examples: Data) -> None:
        self._world, self._task, self._examples = world, task, examples
        self._module = _Loss(task, model, examples)
        self._device = next(model.parameters()).device
        self._wrapped: DistributedDataParallel | None = None
        self._trained: list[bool] = []  # of each parameter, as it was wrapped
        self.idle = False  # this process had no rows in the last batch
        if world.size > 1:
            importlib.import_module("torch._dynamo")  # seconds, which wrapping would take within the first step

    def __call__(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return what this process derives the gradient of, and its part of the whole batch's loss, both ().

        A process without rows takes part with a row of another, whose weight is 0.

        Args:
            rows: (B,) of the whole batch, the same in each process.
        """
        own = shares(rows, self._world.size)[self._world.rank]
        self.idle = not len(own)
        loss: Tensor = self._parallel()(rows[:1] if self.idle else own)
        part = self._part(rows, own).to(loss)
        # the gradients of all are averaged with equal weights
        return loss * (part * self._world.size), loss.detach() * part

    def _part(self, rows: Tensor, own: Tensor) -> Tensor:
        """Return the share () of this process's rows in the weight of the batch."""
        if self.idle:
            return torch.zeros((), dtype=torch.float64)
        weight, whole = (self._task.loss_weight(self._examples, some) for some in (own, rows))
        return torch.as_tensor(weight, dtype=torch.float64) / whole

    def _parallel(self) -> DistributedDataParallel:
        """Return the wrapped loss, wrapped anew where the task froze or thawed parameters."""
        trained = [parameter.requires_grad for parameter in self._module.parameters()]
        if self._wrapped is None or trained != self._trained:
            self._wrapped = None  # its hooks go before there are others
            self._wrapped = DistributedDataParallel(
                self._module,
                device_ids=[self._device] if self._device.type == "cuda" else None,
                process_group=self._world.group_for(self._device),
                find_unused_parameters=True,  # without a gradient in all, they have none, as in one process
            )
            self._trained = trained
        return self._wrapped


def check_carried(name: str, kind: type[AnyTask]) -> None:
    """Refuse a task that carries on from batch to batch what it cannot share among processes.

    Raises:
        SpecError: it does.
    """
    if kind.training_state is not Task.training_state and kind.join_training_state is Task.join_training_state:
        raise SpecError(
            f"{name} carries a state on from batch to batch (training_state) and does not say how processes share it "
            "(join_training_state and share_training_state, docs/own-task.md): train it with train.processes=1."
        )
