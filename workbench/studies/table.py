"""Table of a study: a metric by settings in rows and columns, as mean ± standard deviation over what is left."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from tasks.base import Settings, Value
from workbench.config import spec
from workbench.config.fields import as_typed
from workbench.config.suggestions import did_you_mean, nearest
from workbench.runs import job
from workbench.runs.comparison import ResultFigure, setting_words
from workbench.studies import metrics, overview
from workbench.studies.plan import CELL, LABEL, OF_THE_RUN, SEED, implied_by_labels, value_of
from workbench.studies.study import Member, Study, StudyUsageError

_LARGE = 1e290
_Data = tuple[Value | None, ...]


class Setting(NamedTuple):
    """Runs of a study that differ by their seed alone."""

    coordinates: dict[str, Value]  # without the seed
    members: list[Member]
    implied: frozenset[str] = frozenset()  # coordinates that the label stands for

    @property
    def label(self) -> str:
        """Words that tell the setting from the study's others."""
        told = {key: value for key, value in self.coordinates.items() if key not in self.implied}
        return ", ".join(words(told)) or self.members[0].planned.described.cell

    def values(self, metric: str) -> list[float]:
        """Return the figures of a metric that are there."""
        found = [metrics.figure(member, metric) for member in self.members]
        return [value for value in found if value is not None]


class Spread(NamedTuple):
    """Mean and standard deviation (n - 1) of some runs' figures."""

    mean: float
    deviation: float | None  # None: of one run
    seeds: int
    planned: int


def words(coordinates: dict[str, Value]) -> list[str]:
    """Return the words of coordinates: ``lstm``, ``layers 2``, ``both ways``."""
    return [setting_words(key, as_typed(value)) for key, value in coordinates.items() if value != ""]


def spread(values: Sequence[float], planned: int) -> Spread | None:
    """Return the spread of some figures; ``None`` of none."""
    if not values:
        return None
    largest = max(map(abs, values))
    scale = largest if largest > _LARGE else 1.0  # the sum of a damaged run's figures may exceed any float
    scaled = [value / scale for value in values]
    deviation = statistics.stdev(scaled) * scale if len(values) > 1 else None
    return Spread(statistics.fmean(scaled) * scale, deviation, len(values), planned)


def settings(members: Sequence[Member]) -> list[Setting]:
    """Return the settings of a study, in the plan's order."""
    found: dict[tuple[tuple[str, Value], ...], Setting] = {}
    implied = implied_by_labels(member.planned.coordinates for member in members)
    for member in members:
        coordinates = {key: value for key, value in member.planned.coordinates.items() if key != SEED}
        of_label = implied.get(coordinates.get(LABEL), frozenset())
        found.setdefault(tuple(coordinates.items()), Setting(coordinates, [], of_label)).members.append(member)
    return list(found.values())


def main_metric(study: Study) -> str:
    """Return the metric that a study's table shows unless another is asked for."""
    if study.search is not None:  # chosen on the validation rows, never on the test's
        return f"val.{study.search.metric}"
    return study.content.plan.metric or f"test.{task_settings(study).metric}"


def task_settings(study: Study) -> Settings:
    """Return the settings of a study's first run, by which its task's metrics are called."""
    return study.content.runs[0].described.settings  # type: ignore[no-any-return]


class Pivot(NamedTuple):
    """A table of settings: the heads of its columns, and its rows, each with a head."""

    metric: str
    heads: list[str]
    rows: list[list[ResultFigure]]
    spreads: list[list[Spread | None]]  # by row and column, without the heads
    members: list[list[list[Member]]]  # likewise
    merged: tuple[str, ...] = ()  # settings that vary within a figure's runs, beside the seed


def pivot(
    members: Sequence[Member], metric: str, of: Settings, rows: Sequence[str] = (), columns: Sequence[str] = ()
) -> Pivot:
    """Return the table of a metric.

    Args:
        metric: one of ``metrics.known``.
        rows, columns: settings, or their last parts; without columns the cell is in them where it varies, without rows
            the rest of what varies is in them.

    Raises:
        StudyUsageError: there is no such metric, or no such setting.
    """
    _check_metric(metric, members, of)
    every = settings(members)
    varying = list(dict.fromkeys(key for one in every for key in one.coordinates))
    varying = [key for key in varying if len({one.coordinates.get(key) for one in every}) > 1]
    told = [key for key in varying if not all(key in one.implied for one in every)]
    rows, columns = (_full_keys(keys, every, told) for keys in (rows, columns))
    if not columns and CELL in told and CELL not in rows and LABEL not in told and (rows or len(told) > 1):
        columns = [CELL]
    if not rows:
        rows = [key for key in told if key not in columns] or [LABEL if LABEL in every[0].coordinates else CELL]
    groups: dict[tuple[str, str], list[Member]] = {}
    for one in every:
        place = _place(one, rows), _place(one, columns)
        groups.setdefault(place, []).extend(one.members)
    heads, firsts = (list(dict.fromkeys(place[at] for place in groups)) for at in (1, 0))
    found = [[groups.get((first, head), []) for head in heads] for first in firsts]
    spreads = [[spread(Setting({}, cell).values(metric), len(cell)) for cell in row] for row in found]
    return Pivot(
        metric,
        [" · ".join(map(_short, rows)), *(head or metrics.heading(metric, of) for head in heads)],
        _figures(firsts, spreads, [[_data(cell, of) for cell in row] for row in found], metric, of),
        spreads,
        found,
        tuple(key for key in told if any(_varies(key, cell) for row in found for cell in row)),
    )


def _varies(key: str, members: Sequence[Member]) -> bool:
    return len({member.planned.coordinates.get(key) for member in members}) > 1


def _data(members: Sequence[Member], of: Settings) -> _Data:
    """Return what chooses the test examples of some runs: figures are ranked where it is the same."""
    coordinates = members[0].planned.coordinates if members else {}
    return tuple(coordinates.get(f"task.{name}") for name in of.data_settings)


def _figures(
    firsts: Sequence[str],
    spreads: Sequence[Sequence[Spread | None]],
    data: Sequence[Sequence[_Data]],
    metric: str,
    of: Settings,
) -> list[list[ResultFigure]]:
    """Return the rows of a table as text, the best mean on the same examples marked."""
    means: dict[_Data, list[float]] = {}
    for row, on in zip(spreads, data, strict=True):
        for one, examples in zip(row, on, strict=True):
            if one:
                means.setdefault(examples, []).append(one.mean)
    higher = metrics.higher_is_better(metric, of)
    best = {
        examples: (max if higher else min)(several)
        for examples, several in means.items()
        if len(several) > 1 and higher is not None
    }
    return [
        [
            ResultFigure(first),
            *(
                ResultFigure(as_text(one, metric, of), one is not None and one.mean == best.get(examples))
                for one, examples in zip(row, on, strict=True)
            ),
        ]
        for first, row, on in zip(firsts, spreads, data, strict=True)
    ]


def as_text(found: Spread | None, metric: str, of: Settings) -> str:
    """Return a spread as ``0.8512 ± 0.0031``, with ``(2 of 3)`` where runs are missing; a dash for none."""
    if found is None:
        return "–"
    deviation = "" if found.deviation is None else f" ± {metrics.formatted(metric, found.deviation, of)}"
    missing = f" ({found.seeds} of {found.planned})" if found.seeds < found.planned else ""
    return metrics.formatted(metric, found.mean, of) + deviation + missing


def _place(one: Setting, keys: Sequence[str]) -> str:
    """Return the words of a setting in a row's or a column's head."""
    shown = [key for key in keys if not (LABEL in keys and key in one.implied)]
    described = one.members[0].planned.described
    values = {key: one.coordinates.get(key, value_of(described, key)) for key in shown}
    told = words({key: value for key, value in values.items() if value is not None})
    return ", ".join(told or [setting_words(key, "none") for key in shown])


def _short(key: str) -> str:
    return key.rpartition(".")[2].replace("_", " ")


def _full_keys(keys: Sequence[str], every: Sequence[Setting], varying: Sequence[str]) -> list[str]:
    """Return the settings that were named by their keys, or by the last parts of them.

    Raises:
        StudyUsageError: there is no such setting.
    """
    described = {one.coordinates.get(CELL): one.members[0].planned.described for one in every}
    known = [LABEL, *OF_THE_RUN, *dict.fromkeys(key for one in described.values() for key in spec.keys(one))]
    found = []
    for key in keys:
        matching = [one for one in (*varying, *known) if key in (one, one.partition(".")[2])]
        if not matching:
            raise StudyUsageError(f"The study has no setting {key!r}{did_you_mean(key, varying or known)}")
        found.append(matching[0])
    return list(dict.fromkeys(found))


def _check_metric(metric: str, members: Sequence[Member], of: Settings) -> None:
    measured = {key for member in members if member.summary for key in (*member.summary.val, *member.summary.test)}
    names = dict.fromkeys([of.metric, *of.metrics, *sorted(measured)])
    known = metrics.known([*names])
    if metric not in known:
        short = metric.removeprefix(f"{metrics.SPLITS[0]}.")  # as it may have been typed
        near = nearest(metric, known)
        alike = near is not None and nearest(short, [*names]) is not None
        ending = f": did you mean {near!r}?" if alike else f": choose one of {', '.join(known)}."
        raise StudyUsageError(f"There is no metric {short!r}{ending}")


def merged_note(found: Pivot) -> str:
    """Return a sentence on the settings over which a table's figures are means; empty where it is the seed alone."""
    if not found.merged:
        return ""
    return f"Each figure is a mean over {', '.join(map(_short, found.merged))} too: name it with --rows or --cols."


def to_json(study: Study, members: Sequence[Member], found: Pivot) -> dict[str, object]:
    """Return a study and its table as plain data."""
    runs = [
        {
            "run": member.run.id,
            "label": member.planned.label,
            "coordinates": member.planned.coordinates,
            "state": member.state,
            "val": member.summary.val if member.summary else None,
            "test": (member.summary.test or None) if member.summary else None,
            "job": job.facts(member.summary.job) if member.summary else None,
        }
        for member in members
    ]
    cells = [
        {"row": row[0].text, "column": head, "mean": one.mean, "deviation": one.deviation}
        | {"runs": one.seeds, "planned": one.planned, "best": text.best}
        for row, spreads in zip(found.rows, found.spreads, strict=True)
        for head, one, text in zip(found.heads[1:], spreads, row[1:], strict=True)
        if one
    ]
    shown = {"members": runs, "metric": found.metric, "merged": [*found.merged], "table": cells}
    return overview.overview(study, members) | shown
