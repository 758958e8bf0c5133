"""Budget of a race: steps, or seconds of each cell; and the cells that take part. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

import cells
from workbench.config import spec
from workbench.config.spec import RunSpec, SpecError
from workbench.config.suggestions import did_you_mean

By = Literal["steps", "time"]
STEPS, SECONDS = 300, 30.0  # where none are named
MOST_STEPS = 10**9
_MOST_SECONDS = 7 * 86400.0
_WAYS = ("steps", "time")
_SHOWN = 6  # cells that are raced at most: a screen shows no more of them


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """Steps that each cell may make, or seconds of the race's clock that it may spend."""

    by: By = "steps"
    steps: int = STEPS
    seconds: float = SECONDS

    def __str__(self) -> str:
        return f"{self.steps:,} steps each" if self.by == "steps" else f"{self.seconds:g} s each"


def budget(by: str = "", steps: int | None = None, seconds: float | None = None) -> Budget:
    """Return the budget that was asked for: by time where seconds alone are named.

    Raises:
        SpecError: no such way, a number out of bounds, or both of them.
    """
    by = by or ("time" if seconds is not None and steps is None else "steps")
    if by not in _WAYS:
        raise SpecError(f"--by {by}{did_you_mean(by, _WAYS)}")
    if by == "steps" and seconds is not None:
        raise SpecError("--seconds goes with --by time, --steps with --by steps: give one of them.")
    if by == "time" and steps is not None:
        raise SpecError("--steps goes with --by steps, --seconds with --by time: give one of them.")
    if steps is not None and not 1 <= steps <= MOST_STEPS:
        raise SpecError(f"--steps {steps}: it must be a whole number from 1 to {MOST_STEPS:,}.")
    if seconds is not None and not 0 < seconds <= _MOST_SECONDS:
        raise SpecError(f"--seconds {seconds:g}: it must be above 0 and at most {_MOST_SECONDS:,.0f}.")
    return Budget(
        by="time" if by == "time" else "steps",
        steps=STEPS if steps is None else steps,
        seconds=SECONDS if seconds is None else seconds,
    )


def described(task: str, names: str, values: Mapping[str, object]) -> list[RunSpec]:
    """Return the descriptions of the networks that race: of one task with the same settings, a cell each.

    Args:
        names: of the cells, separated by commas.
        values: dotted keys to values, as for ``spec.make``; a cell's own option goes to the cells that have it.

    Raises:
        SpecError: fewer than two cells or too many, one named twice, several processes, or what cannot be described.
    """
    chosen = [name for name in map(str.strip, names.split(",")) if name]
    twice = next((name for name in chosen if chosen.count(name) > 1), "")
    if twice:
        raise SpecError(f"--cells {names}: {twice} is named twice, and a race needs different cells.")
    if len(chosen) == 1:
        made = spec.make(task, chosen[0], values)  # whatever is wrong with it comes first
        example = next(iter(cells.twins(made.cell)), "gru" if made.cell != "gru" else "lstm")
        raise SpecError(f"--cells {names}: a race needs two cells or more, such as --cells {made.cell},{example}.")
    if not 2 <= len(chosen) <= _SHOWN:
        count = f"{len(chosen)} cells" if chosen else "no cell"
        raise SpecError(f"--cells names {count}: a race needs 2 to {_SHOWN}, such as --cells lstm,torch-lstm.")
    having = {key: [name for name in chosen if _has(task, name, key)] for key in values}
    specs = [
        spec.make(task, name, {key: value for key, value in values.items() if name in (having[key] or chosen)})
        for name in chosen
    ]
    if (processes := specs[0].train.processes) > 1:
        raise SpecError(f"train.processes={processes}: a race trains its cells in turns in one process. Leave it at 1.")
    return specs


def _has(task: str, cell: str, key: str) -> bool:
    """Return whether there is such a setting of a cell's runs."""
    try:
        spec.full_key(task, cell, key)
    except SpecError:
        return False
    return True
