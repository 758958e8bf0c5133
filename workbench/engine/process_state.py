"""State that each process of a training has of its own: random generators, and what the task carries on."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from tasks.base import AnyTask
from workbench.engine import checkpoint
from workbench.engine.distributed.world import World

_STREAM = 15_485_863  # keeps the draws of the processes apart


class ProcessState:
    """Random generators of this process and its task's training state, as a checkpoint holds them for all.

    A checkpoint has the generators of rank 0 under ``generators``, those of the others under ``processes``, and under
    ``task`` the training state of whole batches: with other numbers of processes it opens as well.
    """

    def __init__(self, world: World, task: AnyTask, device: torch.device, seed: int) -> None:
        self._world, self._task, self._device, self._seed = world, task, device, seed

    @staticmethod
    def processes(saved: Mapping[str, Any]) -> int:
        """Return the number of processes that wrote a checkpoint."""
        return 1 + len(saved.get("processes", ()))

    def begin(self, step: int) -> None:
        """Let this process draw numbers of its own; rank 0 draws those of a training in one process."""
        if not self._world.leads:
            mixed = (self._seed * 1_000_003 + self._world.rank * _STREAM + step) % 2**63
            torch.manual_seed(mixed)

    def restore(self, saved: Mapping[str, Any], step: int) -> None:
        """Take this process's state from a checkpoint.

        Raises:
            KeyError, ValueError, TypeError, AttributeError, RuntimeError: it holds none.
        """
        self.restore_generators(saved, step)
        self.restore_task(saved)

    def restore_generators(self, saved: Mapping[str, Any], step: int) -> None:
        """Take the states of the generators; a process that the checkpoint does not know begins its own.

        Raises:
            KeyError, TypeError, AttributeError, RuntimeError: they are no such states.
        """
        every = [saved["generators"], *saved.get("processes", ())]
        if self._world.rank < len(every):
            checkpoint.set_generators(every[self._world.rank], self._device)
        else:
            self.begin(step)

    def restore_task(self, saved: Mapping[str, Any]) -> None:
        """Take this process's share of what the task carries on from batch to batch; older checkpoints have none.

        Raises:
            KeyError, ValueError, TypeError, AttributeError: it is not this task's.
        """
        carried = saved.get("task", {})
        if carried and self._world.size > 1:
            carried = self._task.share_training_state(carried, self._world.rank, self._world.size)
        self._task.restore_training_state(carried)

    def collect(self, *, idle: bool) -> dict[str, object]:
        """Return what a checkpoint holds of all processes.

        Args:
            idle: this process had no rows in the last batch: what its task carries is none of the batch's.
        """
        generators = checkpoint.generators(self._device)
        carried = {} if idle else dict(self._task.training_state())
        if self._world.size == 1:
            return _state(generators, carried)
        packed = io.BytesIO()
        torch.save({"generators": generators, "task": carried}, packed)
        handed = self._world.collect(packed.getvalue())
        if not self._world.leads:
            return {}
        states = [torch.load(io.BytesIO(one), map_location=self._device, weights_only=True) for one in handed]
        shares: Sequence[Mapping[str, Tensor]] = [state["task"] for state in states]
        whole = dict(self._task.join_training_state(shares)) if any(shares) else {}
        others = [{name: part.cpu() for name, part in state["generators"].items()} for state in states[1:]]
        return {**_state(generators, whole), "processes": others}


def _state(generators: Mapping[str, Tensor], carried: Mapping[str, Tensor]) -> dict[str, object]:
    return {"generators": generators, **({"task": carried} if carried else {})}
