"""Beginning of a branch: weights, optimiser's state, generators and position of the run that it was branched from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from workbench.config import branching
from workbench.config.spec import Parent
from workbench.engine import checkpoint
from workbench.engine.checkpoint import CheckpointError
from workbench.engine.optim import Optimization
from workbench.engine.process_state import ProcessState
from workbench.engine.state import saved_position
from workbench.runs.run import Run


class BranchStart:
    """The files that a branch was made with, used once: from its first checkpoint on it goes on from that.

    Raises:
        CheckpointError: as ``checkpoint.load_last``, or they are missing.
    """

    def __init__(self, run: Run, parent: Parent, device: torch.device) -> None:
        self._run, self._parent = run, parent
        self._file = run.start_weights_file if parent.weights_only else run.start_file
        self._saved: dict[str, Any] = {}
        if not parent.weights_only:
            saved = checkpoint.load_last(self._file, device)
            if saved is None:
                raise CheckpointError(f"{self._file} is missing, with which the run begins: branch anew.")
            self._saved = saved

    def position(self, steps_per_epoch: int, of_batch_size: Callable[[int], int]) -> tuple[int, int, int]:
        """Return step, epoch and batch within the epoch; where the batches' size has changed, at the same share of it.

        Args:
            steps_per_epoch: of the branch.
            of_batch_size: the steps of an epoch with batches of another size.

        Raises:
            CheckpointError: the file holds another position than the description says.
        """
        size = self._parent.before.get("train.batch_size", 0)
        before = of_batch_size(int(size)) if size else steps_per_epoch
        epoch, batch = divmod(self._parent.step, before)
        if not self._parent.weights_only:
            with checkpoint.reading(self._file):
                position = saved_position(self._saved)
                epoch, batch = position.epoch, position.batch
                if position.step != self._parent.step or batch > before:
                    raise ValueError
        return self._parent.step, epoch, batch * steps_per_epoch // before

    def apply(self, model: nn.Module, optimization: Optimization, own: ProcessState) -> None:
        """Give the network its weights and, as far as the settings let them go on, the rest its state.

        Raises:
            CheckpointError: they are another network's, or damaged.
        """
        spec, parent = self._run.spec, self._parent
        if parent.weights_only:
            checkpoint.load_best(self._file, model)
        with checkpoint.reading(self._file):
            if not parent.weights_only:
                checkpoint.restore(self._file, model, self._saved["model"])
                own.restore_task(self._saved)
            optimization.branch_from(
                self._saved,
                moments=branching.keeps_moments(spec, parent),
                schedule=branching.keeps_schedule(spec, parent),
            )
            if branching.keeps_generators(parent):
                own.restore_generators(self._saved, parent.step)
            else:
                own.begin(parent.step)
