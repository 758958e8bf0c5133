"""Training in a process that does what rank 0 orders."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from workbench.engine.distributed.world import Command, World
from workbench.engine.replica import Replica
from workbench.engine.state import TrainingState
from workbench.runs.run import Run


def follow(run: Run, state: TrainingState, device: str, world: World) -> None:
    """Train a run's network beside rank 0 until it orders the end. No file is written.

    Args:
        state: kept up to date, so that the caller can say where an error ended the training.
        device: computes in place of ``train.device``; empty: none.

    Raises:
        DataError, DeviceError, SpecError, CheckpointError, ConnectionLost: each with one plain sentence.
    """
    replica = Replica(run, state, device, world)
    batches: Sequence[Tensor] | None = None  # of the present epoch
    while True:
        order = world.order()
        match order.command:
            case Command.STEP:
                if batches is None or order.epoch != state.epoch:
                    state.epoch = order.epoch
                    replica.begin_epoch()
                    batches = replica.batches()
                state.batch = order.batch
                replica.train_on(batches[order.batch])
            case Command.SAVE:
                replica.collect()
            case Command.END:
                world.leave()
                return
