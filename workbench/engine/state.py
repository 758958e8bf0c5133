"""State of a training between two steps, apart from the tensors. No torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import msgspec

Activity = Literal[
    "reading the data",
    "building the network",
    "reading the checkpoint",
    "preparing the kernel",
    "training",
    "evaluating",
    "measuring the baselines",
    "measuring the gradient through time",
    "saving",
]


@dataclasses.dataclass
class TrainingState:
    """Position in the data, best evaluation and raised alarms; the field names are those in ``last.pt``.

    ``activity`` is no field, and not saved: what the process is doing, for the sentence on an error.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0  # within the epoch
    examples: int = 0
    wall_s: float = 0.0
    best_step: int = -1  # -1: never evaluated
    best_value: float | None = None
    best_metrics: dict[str, float | None] = dataclasses.field(default_factory=dict)  # none in older checkpoints
    worse: int = 0  # evaluations since the best one
    reached: bool = False  # the last evaluation was as good as ``train.target``
    alarms: list[str] = dataclasses.field(default_factory=list)  # causes that were raised and have not passed

    kept: list[int] = dataclasses.field(default_factory=list)  # steps of the kept evaluations, in their order

    def __post_init__(self) -> None:
        self.activity: Activity = "reading the data"

    def epochs(self, steps_per_epoch: int) -> float:
        """Return the epochs done, with the fraction of the present one."""
        return self.epoch + self.batch / steps_per_epoch

    @contextmanager
    def doing(self, activity: Activity) -> Iterator[None]:
        """Name what is being done, for the sentence on an error in it; after an error it stays named."""
        before, self.activity = self.activity, activity
        yield
        self.activity = before


def saved_position(saved: Mapping[str, Any]) -> TrainingState:
    """Return the position in a state that ``checkpoint.load_last`` read.

    Raises:
        KeyError, TypeError, ValueError, msgspec.ValidationError: it holds none, or one that cannot be.
    """
    names = {field.name for field in dataclasses.fields(TrainingState)}
    known = {name: value for name, value in dict(saved["position"]).items() if name in names}
    position = msgspec.convert(known, TrainingState)
    if min(position.step, position.epoch, position.batch, position.examples, position.worse) < 0:
        raise ValueError("A position in the training is negative.")
    return position
