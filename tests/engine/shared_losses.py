"""Losses of each kind of task in N processes beside those in one, in float64.

    python shared_losses.py RUNS RANK SIZE PORT [LISTENER]

Trains every run of a folder; rank 0 then trains each alone and prints the largest differences, a JSON object.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from workbench.distributed.place import Place
from workbench.engine import data, precision
from workbench.engine.distributed.world import World
from workbench.engine.replica import Replica
from workbench.engine.state import TrainingState
from workbench.runs.run import Run

STEPS = 20


def double(value: Any) -> Any:
    """The same with all fractions in float64."""
    if isinstance(value, Tensor):
        return value.double() if value.is_floating_point() else value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(
            value, **{f.name: double(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init}
        )
    return value


def in_float64() -> None:
    torch.set_default_dtype(torch.float64)
    Tensor.float = Tensor.double  # type: ignore[method-assign, assignment]
    load = data.load

    def loaded(*given: Any) -> Any:
        task, examples = load(*given)
        for name, value in vars(task).items():
            setattr(task, name, double(value))
        return task, double(examples)

    data.load = loaded
    precision.NAMES["float64"] = None


def train(run: Run, world: World) -> tuple[list[float], list[Tensor]]:
    """Twenty steps: the epoch's first, its last, which has fewer rows, and batches with fewer rows than processes."""
    replica = Replica(run, TrainingState(), "", world)
    replica.begin_epoch()
    batches = replica.batches()
    chosen = [*islice(cycle(batches), STEPS - 4), *batches[-2:], batches[0][:2], batches[0][:1]]
    losses = [float(replica.train_on(rows)[0].detach()) for rows in chosen]
    return losses, [weight.detach().clone() for weight in replica.model.parameters()]


def main() -> None:
    folder, rank, size, port, *listener = sys.argv[1:]
    in_float64()
    place = Place(int(rank), int(size), int(rank), int(size), int(port), int("".join(listener) or -1))
    world, apart = World(place), {}
    for path in sorted(Path(folder).iterdir()):
        losses, weights = train(Run(path), world)
        if world.leads:
            own, expected = train(Run(path), World())
            assert own[0] != own[-1]
            by_weights = max(float((a - b).abs().max()) for a, b in zip(weights, expected, strict=True))
            apart[path.name] = [max(abs(a - b) for a, b in zip(losses, own, strict=True)), by_weights]
    world.leave()
    if world.leads:
        print(json.dumps(apart))


if __name__ == "__main__":
    main()
