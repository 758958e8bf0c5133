"""Plan of a study, as people write it: groups of runs, each a grid over settings; read from TOML or made of options.

A lab is a plan too: the runs of a published report, with the figures that it printed.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from tasks.base import PlainError, Value
from tasks.shared.datasets.bounded import whole
from workbench.config import spec
from workbench.config.fields import as_typed
from workbench.config.spec import RunSpec
from workbench.runs.comparison import setting_words

SEED, CELL, LABEL = "train.seed", "cell", "label"
MOST_RUNS = 1_000
Section = Literal[
    "network", "curves", "confusion", "classes", "forecast", "samples", "table", "published", "gradients", "equations"
]
_Values = dict[str, Value]


class PlanError(PlainError, ValueError):
    """A plan that no study can be made of. The message is one plain sentence."""


class RunGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Runs that share their settings apart from cells, grid and seed."""

    label: str = ""
    label_zh: str = ""
    cells: Annotated[list[str], Meta(min_length=1)]
    preset: str = ""
    grid: dict[str, list[Value]] = {}
    set: _Values = {}
    note: str = ""  # how its protocol differs from the published one
    note_zh: str = ""


class Published(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure that a report printed."""

    where: dict[str, Value]  # the runs that it belongs to: by cell, label, preset or setting
    metric: str
    value: float
    about: bool = False  # printed as an approximate one
    protocol: str = ""
    protocol_zh: str = ""


class Quick(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values in place of a plan's own, so that all of it takes minutes."""

    seeds: int | list[int] = 1
    set: _Values = {}


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Runs to train, and the table that they make."""

    task: str
    runs: Annotated[list[RunGroup], Meta(min_length=1)]
    title: str = ""
    title_zh: str = ""
    question: str = ""
    question_zh: str = ""
    source: str = ""  # what was published, and its protocol
    source_zh: str = ""
    metric: str = ""  # of the table, with its split: test.accuracy; empty: the task's main one
    rows: list[str] = []  # of the table; empty: what varies
    columns: list[str] = []
    shows: list[Section] = []  # sections of the report; empty: those that the runs have
    beginnings: list[str] = []  # of the texts that the report lets the networks write
    seeds: int | list[int] = 1  # so many, from 0; or these
    set: _Values = {}  # of every run
    quick: Quick | None = None
    published: list[Published] = []


class PlannedRun(NamedTuple):
    """A run as planned: the words that tell it apart, the settings that vary, its description."""

    label: str
    coordinates: _Values
    described: RunSpec


def read(path: Path) -> Plan:
    """Read a plan from a TOML file.

    Raises:
        PlanError: it cannot be read, or is no plan; one sentence says what and where.
    """
    try:
        return msgspec.convert(tomllib.loads(whole(path).decode()), Plan)
    except OSError as error:
        raise PlanError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise PlanError(f"{path} is not UTF-8: a plan is a TOML file in UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PlanError(f"{path} is not TOML: {error}.") from None
    except msgspec.ValidationError as error:
        raise PlanError(f"{path} is not a plan: {error}.") from None


def quickened(plan: Plan) -> Plan:
    """Return a plan with its quick values in place of its own.

    Raises:
        PlanError: it has none.
    """
    if plan.quick is None:
        raise PlanError("This plan has no quick form: it lacks a [quick] table.")
    return msgspec.structs.replace(plan, seeds=plan.quick.seeds, set={**plan.set, **plan.quick.set}, quick=None)


def expand(plan: Plan, *, over: Mapping[str, object] | None = None) -> list[PlannedRun]:
    """Return every run of a plan, in its order; of a group, the grid's last key varies fastest but for the seed.

    Args:
        over: values in place of whatever the plan says.

    Raises:
        SpecError, PlanError: a run cannot be described, or there are too many or equal ones.
    """
    seeds = list(range(plan.seeds)) if isinstance(plan.seeds, int) else plan.seeds
    if not seeds:
        raise PlanError("A study needs a seed at least: --seeds 1.")
    count = sum(len(seeds) * len(group.cells) * _product(group.grid) for group in plan.runs)
    if count > MOST_RUNS:
        raise PlanError(f"This plan has {count:,} runs, more than a study holds ({MOST_RUNS:,}): narrow its grid.")
    found: list[tuple[RunGroup, RunSpec]] = []
    for group in plan.runs:
        for cell, values, seed in itertools.product(group.cells, itertools.product(*group.grid.values()), seeds):
            chosen = {**dict(zip(group.grid, values, strict=True)), SEED: seed}
            given = {**plan.set, **group.set, **chosen, **(over or {})}
            found.append((group, spec.make(plan.task, cell, given, preset=group.preset)))
    keys = list(dict.fromkeys(_full(key, found) for group in plan.runs for key in group.grid))
    runs = _labelled(found, keys)
    if len({(run.label, run.described.to_json()) for run in runs}) < len(runs):
        raise PlanError("Two runs of this plan are the same: give each value of a grid once.")
    return runs


def _product(grid: Mapping[str, Sequence[Value]]) -> int:
    count = 1
    for key, values in grid.items():
        if not values:
            raise PlanError(f"The grid's {key} has no values: write {key}=A,B.")
        count *= len(values)
    return count


def _full(key: str, found: Sequence[tuple[RunGroup, RunSpec]]) -> str:
    """Return a setting's dotted key, of which a plan may give the last part alone."""
    every = spec.keys(found[0][1])
    return key if "." in key else next((full for full in every if full.partition(".")[2] == key), key)


def _labelled(found: Sequence[tuple[RunGroup, RunSpec]], keys: Sequence[str]) -> list[PlannedRun]:
    """Return the runs with what tells them apart: group, cell, preset, grid and seed, each where it varies."""
    rows: list[_Values] = []
    for group, described in found:
        row: _Values = {LABEL: group.label} if group.label else {}
        row |= {CELL: described.cell, "preset": described.preset}
        row |= {key: value_of(described, key) for key in keys if key in spec.keys(described)}
        rows.append(row | {SEED: described.train.seed})
    varying = [key for key in dict.fromkeys(itertools.chain(*rows)) if len({row.get(key) for row in rows}) > 1]
    runs = []
    for row, (_, described) in zip(rows, found, strict=True):
        named = [key for key in varying if key in row and not (LABEL in row and key in (CELL, "preset"))]
        words = [setting_words(key, as_typed(row[key])) for key in named if row[key] != ""]
        coordinates = {key: row[key] for key in dict.fromkeys((CELL, *varying, SEED)) if key in row}
        runs.append(PlannedRun(", ".join(words) or described.cell, coordinates, described))
    return runs


def value_of(described: RunSpec, key: str) -> Any:
    """Return a run's value for a coordinate: ``cell``, ``preset`` or a setting's dotted key."""
    return getattr(described, key) if key in (CELL, "preset", "task") else spec.value(described, key)
