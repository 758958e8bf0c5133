"""Search space of a study: the settings that a sampler chooses, each within bounds or among values."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tasks.base import Value
from workbench.config import spec
from workbench.config.fields import Field
from workbench.config.spec import RunSpec, SpecError
from workbench.config.suggestions import did_you_mean
from workbench.studies.plan import CELL, PlanError

_DIGITS = 4  # of a drawn value that is no whole number


class Dimension(msgspec.Struct, frozen=True, kw_only=True):
    """Values of a setting that may be chosen."""

    key: str
    kind: Literal["int", "float", "choice"]
    low: float = 0
    high: float = 0
    log: bool = False
    choices: list[Value] = []


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Search of a study: its space, and how many trials it makes."""

    space: Annotated[list[Dimension], Meta(min_length=1)]
    trials: Annotated[int, Meta(ge=1, le=10_000)]
    metric: str  # of the validation split
    maximize: bool
    seed: int = 0


def dimension(text: str, base: RunSpec) -> Dimension:
    """Read ``KEY=LOW..HIGH``, ``KEY=LOW..HIGH:log`` or ``KEY=A,B,C``.

    Raises:
        PlanError, SpecError: it is none, or no setting of the run has such values; one sentence says why.
    """
    key, sign, values = (part.strip() for part in text.partition("="))
    if not (key and sign and values):
        raise PlanError(f"--space {text} is not finished: write KEY=LOW..HIGH, KEY=LOW..HIGH:log or KEY=A,B.")
    if key == CELL:
        choices = [part.strip() for part in values.split(",")]
        for cell in choices:
            spec.make(base.task, cell)
        return Dimension(key=CELL, kind="choice", choices=list(choices))
    field = _field(key, base)
    bounds, _, scale = values.partition(":")
    if ".." not in bounds:
        return Dimension(
            key=field.key, kind="choice", choices=[_read(field, part.strip()) for part in values.split(",")]
        )
    if field.kind not in ("int", "float") or scale not in ("", "log"):
        raise PlanError(f"--space {text}: {field.key} takes no bounds of this kind: write {field.key}=A,B.")
    low, high = (float(_read(field, part.strip())) for part in bounds.split("..", 1))
    if not low < high or (scale and low <= 0):
        raise PlanError(f"--space {text}: the bounds must rise{' and be above 0' if scale else ''}.")
    return Dimension(key=field.key, kind="int" if field.kind == "int" else "float", low=low, high=high, log=bool(scale))


def rounded(value: float, within: Dimension) -> float:
    """Return a drawn value with as many digits as tell anything, within the bounds."""
    return min(max(float(f"{value:.{_DIGITS}g}"), within.low), within.high)


def chosen(base: RunSpec, values: dict[str, Value]) -> RunSpec:
    """Return the description of a trial: the base with the values that were chosen.

    Raises:
        SpecError: they do not fit together.
    """
    usual = {key: value for key, value in spec.values(base).items() if key not in values}
    cell = str(values.get(CELL, base.cell))
    if cell != base.cell:
        usual = {key: value for key, value in usual.items() if key.partition(".")[2] not in base.cell_options}
    given = usual | {key: value for key, value in values.items() if key != CELL}
    made = spec.make(base.task, cell, given)
    return msgspec.structs.replace(made, preset=base.preset, data=base.data, data_dir=base.data_dir)


def _field(key: str, base: RunSpec) -> Field:
    every = {field.key: field for field in spec.fields(base.task, base.cell)}
    matching = [full for full in every if key in (full, full.partition(".")[2])]
    if len(matching) != 1:
        raise PlanError(f"There is no setting {key!r}{did_you_mean(key, list(every))}")
    return every[matching[0]]


def _read(field: Field, text: str) -> Value:
    try:
        return field.read(text)  # type: ignore[no-any-return]
    except ValueError as error:
        raise SpecError(str(error)) from None
