"""Plan of a study, as people write it: groups of runs, each a grid over settings; read from TOML or made of options.

A lab is a plan too: the runs of a published report, with the figures that it printed.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from tasks.base import EVAL_SPLITS, UsageError, Value
from tasks.shared.datasets.bounded import whole
from workbench.config import spec
from workbench.config.fields import as_typed
from workbench.config.spec import RunSpec
from workbench.config.suggestions import did_you_mean
from workbench.runs.comparison import setting_words

SEED, CELL, LABEL, PRESET = "train.seed", "cell", "label", "preset"
TRAINING_LOSS = "train.loss"  # metric: that of the last steps
RUN = "run"  # metrics of a run as a whole: run.seconds
MOST_RUNS = 10_000
OF_THE_RUN = (CELL, PRESET, "task")  # named like settings, without a section
_LARGEST = 1e18  # number
Section = Literal[
    "network", "curves", "confusion", "classes", "forecast", "samples", "table", "published", "gradients", "equations"
]
_Values = dict[str, Value]


class PlanError(UsageError, ValueError):
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
    grid: dict[str, list[Value]] = {}  # of the groups whose grids vary these settings


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
    also: list[str] = []  # further metrics, each in a table of its own
    rows: list[str] = []  # of the table; empty: what varies
    columns: list[str] = []
    shows: list[Section] = []  # sections of the report; empty: those that the runs have
    beginnings: list[str] = []  # of the texts that the report lets the networks write
    seeds: int | list[int] = 1  # so many, from 0; or these
    set: _Values = {}  # of every run
    quick: Quick | None = None
    published: list[Published] = []


_TABLES: dict[str, type[msgspec.Struct]] = {"runs": RunGroup, "published": Published, "quick": Quick}
_UNKNOWN = re.compile(r"unknown field `([^`]*)`(?: - at `\$\.(\w+))?")


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
        raw = tomllib.loads(whole(path).decode())
    except OSError as error:
        raise PlanError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise PlanError(f"{path} is not UTF-8: a plan is a TOML file in UTF-8.") from None
    except (ValueError, RecursionError) as error:  # Python's own too, of an integer with thousands of digits
        raise PlanError(f"{path} is not TOML: {error}.") from None
    try:
        _check_numbers(raw, path)
        return msgspec.convert(raw, Plan)
    except (msgspec.ValidationError, RecursionError) as error:
        raise PlanError(f"{path} is not a plan: {_reason(str(error))}") from None


def _reason(error: str) -> str:
    """Return why a document is no plan; of an unknown key, with the nearest that there is."""
    unknown = _UNKNOWN.search(error)
    if not unknown:
        return f"{error}."
    key, table = unknown[1], unknown[2] or ""
    where = {"": "", "quick": " in [quick]"}.get(table, f" in [[{table}]]")
    return f"there is no {key!r}{where}{did_you_mean(key, _TABLES.get(table, Plan).__struct_fields__)}"


def _check_numbers(raw: object, path: Path) -> None:
    """Check that JSON, in which a study keeps its plan, has every number of a TOML document.

    Raises:
        PlanError: a number is not finite, or too large.
    """
    if isinstance(raw, dict | list):
        for value in raw.values() if isinstance(raw, dict) else raw:
            _check_numbers(value, path)
    elif isinstance(raw, float | int) and not abs(raw) <= _LARGEST:  # nor is it, of one that is not a number
        shown = raw if isinstance(raw, float) else Decimal(raw)  # of any size
        raise PlanError(f"{path} holds the number {shown:.6g}, which no setting can have.")


def quickened(plan: Plan) -> Plan:
    """Return a plan with its quick values in place of its own.

    Raises:
        PlanError: it has none, or one for a setting that no group varies.
    """
    if plan.quick is None:
        raise PlanError("This plan has no quick form: it lacks a [quick] table.")
    fewer = plan.quick.grid
    if idle := [key for key in fewer if not any(key in group.grid for group in plan.runs)]:
        raise PlanError(f"The quick form's grid varies {idle[0]}, which no grid of the plan does: leave it out.")
    runs = [
        msgspec.structs.replace(
            group,
            set={**group.set, **plan.quick.set},
            grid={key: fewer.get(key, values) for key, values in group.grid.items()},
        )
        for group in plan.runs
    ]
    return msgspec.structs.replace(plan, seeds=plan.quick.seeds, runs=runs, quick=None)


def expand(plan: Plan, *, over: Mapping[str, object] | None = None) -> list[PlannedRun]:
    """Return every run of a plan, in its order; of a group, the grid's last key varies fastest but for the seed.

    Args:
        over: values in place of whatever the plan says.

    Raises:
        SpecError, PlanError: a run cannot be described, or there are too many or equal ones, or the plan's table or
            published figures name what its runs do not have.
    """
    seeds = plan.seeds if isinstance(plan.seeds, int) else len(plan.seeds)
    if seeds < 1:
        raise PlanError("A study needs a seed at least: --seeds 1.")
    count = sum(seeds * len(group.cells) * _product(group.grid) for group in plan.runs)
    if count > MOST_RUNS:
        raise PlanError(f"This plan has {count:,} runs, more than a study holds ({MOST_RUNS:,}): narrow its grid.")
    found = [one for group in plan.runs for cell in group.cells for one in _of_group(plan, group, cell, over or {})]
    _check_names(plan, [one.described for one in found])
    return _labelled(found)


class _Found(NamedTuple):
    """A run of a group, with the keys that the group's grid and its ``set`` give."""

    group: RunGroup
    grid: list[str]
    set: list[str]
    described: RunSpec


def _of_group(plan: Plan, group: RunGroup, cell: str, over: Mapping[str, object]) -> Iterator[_Found]:
    """Yield the runs of a group with one of its cells."""
    full = {key: spec.full_key(plan.task, cell, key) for key in (*plan.set, *group.set, *group.grid, *over)}
    shared, own, above = ({full[key]: value for key, value in given.items()} for given in (plan.set, group.set, over))
    grid = {full[key]: values for key, values in group.grid.items()}
    seeds = list(range(plan.seeds)) if isinstance(plan.seeds, int) else plan.seeds
    if SEED in (*shared, *own, *grid):
        raise PlanError("Seeds are no setting of a grid: write seeds = [1, 2] in a plan's file, or --seeds 2.")
    if len(grid) < len(group.grid) or not own.keys().isdisjoint(grid):
        raise PlanError(f"A setting of the grid ({', '.join(group.grid)}) is given twice: leave it out once.")
    varied: dict[str, Sequence[Value]] = {**grid, SEED: seeds}
    for key, values in varied.items():
        if key in above and len(values) > 1:
            raise PlanError(f"{key} has {len(values)} values in this plan: leave --set {key}={above[key]} out.")
    for values, seed in itertools.product(itertools.product(*grid.values()), seeds):
        given = {**shared, **own, **dict(zip(grid, values, strict=True)), SEED: seed, **above}
        yield _Found(group, [*grid], [*own], spec.make(plan.task, cell, given, preset=group.preset))


def _product(grid: Mapping[str, Sequence[Value]]) -> int:
    count = 1
    for key, values in grid.items():
        if not values:
            raise PlanError(f"The grid's {key} has no values: write {key}=A,B.")
        count *= len(values)
    return count


def _check_names(plan: Plan, runs: Sequence[RunSpec]) -> None:
    """Check the settings and metrics that a plan names beside its runs."""
    by_cell = {one.cell: one for one in runs}
    known = [LABEL, *OF_THE_RUN, *dict.fromkeys(key for one in by_cell.values() for key in spec.keys(one))]
    short = {key.partition(".")[2] for key in known} - {""}
    for key in (*plan.rows, *plan.columns, *(key for figure in plan.published for key in figure.where)):
        if key not in known and key not in short:
            raise PlanError(f"The plan's table names no setting of its runs with {key!r}{did_you_mean(key, known)}")
    for metric in (*filter(None, [plan.metric]), *plan.also, *(figure.metric for figure in plan.published)):
        if metric.partition(".")[0] not in (*EVAL_SPLITS, RUN) and metric != TRAINING_LOSS:
            raise PlanError(f"The plan's metric {metric!r} is of no split: write test.NAME, val.NAME or run.NAME.")


def _labelled(found: Sequence[_Found]) -> list[PlannedRun]:
    """Return the runs with what tells them apart: group, cell, preset, given settings and seed, each where it varies.

    Raises:
        PlanError: nothing tells two of them apart.
    """
    in_grids = dict.fromkeys(key for one in found for key in one.grid)
    in_sets = dict.fromkeys(key for one in found if not one.group.label for key in one.set)
    rows: list[_Values] = []
    for group, _, _, described in found:
        row: _Values = {LABEL: group.label} if group.label else {}
        row |= {CELL: described.cell, PRESET: described.preset}
        own = in_grids if group.label else {**in_grids, **in_sets}  # a label stands for what its group sets
        row |= {key: value_of(described, key) for key in own if key in spec.keys(described)}
        rows.append(row | {SEED: described.train.seed})
    varying = [key for key in dict.fromkeys(itertools.chain(*rows)) if len({row.get(key) for row in rows}) > 1]
    implied = implied_by_labels(rows)
    runs: dict[tuple[object, ...], PlannedRun] = {}
    for row, one in zip(rows, found, strict=True):
        coordinates = {key: row[key] for key in dict.fromkeys((LABEL, CELL, *varying, SEED)) if key in row}
        named = [key for key in row if key in (LABEL, *varying) and key not in implied.get(row.get(LABEL), ())]
        words = [setting_words(key, as_typed(row[key])) for key in named if row[key] != ""]
        run = PlannedRun(", ".join(words) or one.described.cell, coordinates, one.described)
        before = runs.setdefault(tuple(coordinates.items()), run)
        if before is not run and before.described == run.described:
            raise PlanError(f"Two runs of this plan are the same ({run.label}): give each value once.")
        if before is not run:
            raise PlanError(f"Nothing tells two runs of this plan apart: give each group a label ({run.label}).")
    return [*runs.values()]


def implied_by_labels(rows: Iterable[Mapping[str, Value]]) -> dict[Value | None, frozenset[str]]:
    """Return for each label which of cell and preset are the same in all of its rows: the label stands for them."""
    found: dict[Value | None, dict[str, set[Value | None]]] = {}
    for row in rows:
        if LABEL in row:
            of = found.setdefault(row[LABEL], {key: set() for key in (CELL, PRESET)})
            for key, values in of.items():
                values.add(row.get(key))
    return {label: frozenset(key for key, values in of.items() if len(values) == 1) for label, of in found.items()}


def value_of(described: RunSpec, key: str) -> Any:
    """Return a run's value for ``cell``, ``preset``, ``task`` or a setting's key; ``None`` where it has none."""
    if key in OF_THE_RUN:
        return getattr(described, key)
    full = next((one for one in spec.keys(described) if key in (one, one.partition(".")[2])), None)
    return None if full is None else spec.value(described, full)
