"""Differences between the settings of a study, with a paired bootstrap interval on the test rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tasks.base import Settings
from workbench.render.metrics import formatted
from workbench.runs.events import Finished
from workbench.runs.history import LatestEvents
from workbench.studies.study import Member
from workbench.studies.table import Setting, higher_is_better, settings, spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ACCURACY = "test.accuracy"  # the metric that is a mean over rows


class Difference(NamedTuple):
    """Mean difference of two settings' test accuracy, and its interval."""

    first: str
    second: str
    mean: float
    low: float
    high: float
    rows: int
    sentence: str


def against_best(members: Sequence[Member], metric: str, of: Settings) -> list[Difference]:
    """Return the differences between the setting with the best mean and each other, over the rows that both tested.

    None where the metric is not the accuracy, or where the runs did not keep which rows they had right.
    """
    if metric != ACCURACY:
        return []
    means = [(of_one.mean, one) for one in settings(members) if (of_one := spread(one.values(metric), 0))]
    if len(means) < 2:
        return []
    sign = 1 if higher_is_better(metric, of) is not False else -1
    _, best = max(means, key=lambda pair: sign * pair[0])
    return [found for _, one in means if one is not best and (found := difference(best, one, of))]


def difference(first: Setting, second: Setting, of: Settings) -> Difference | None:
    """Return the difference of two settings' test accuracy; ``None`` where they did not test the same rows."""
    from tasks.shared.baselines.bootstrap import paired_interval

    right, wrong = _right(first.members), _right(second.members)
    common = [rows for rows in right if rows in wrong]
    if not common:
        return None
    rows = max(common, key=lambda one: min(len(right[one]), len(wrong[one])))
    found = paired_interval(right[rows], wrong[rows])
    count = len(right[rows][0])
    figures = [formatted("accuracy", value, of) for value in found]
    verdict = "" if found.excludes_zero else ": no clear difference"
    others = len(right) > 1 or len(wrong) > 1  # a seed that draws the split as well
    runs = f" that {len(right[rows])} and {len(wrong[rows])} of the runs tested" if others else ""
    sentence = (
        f"{first.label} − {second.label}: accuracy {figures[0]} [{figures[1]}, {figures[2]}], 95 % paired bootstrap "
        f"over {count:,} test rows{runs}{verdict}"
    )
    return Difference(first.label, second.label, *found, count, sentence)


def _right(members: Sequence[Member]) -> dict[tuple[str, int], list[NDArray[np.bool_]]]:
    """Return which test rows each finished run had right, by the rows that it tested and their number."""
    found: dict[tuple[str, int], list[NDArray[np.bool_]]] = {}
    for member in members:
        if member.state != "finished":
            continue
        ended = LatestEvents(member.run.events_file).read().ended
        right = correct_rows(ended) if isinstance(ended, Finished) else None
        if right is not None:
            found.setdefault((ended.correctness.rows, len(right)), []).append(right)  # type: ignore[union-attr]
    return found


def correct_rows(ended: Finished) -> NDArray[np.bool_] | None:
    """Return which test rows a run had right, (N,); ``None`` where it did not keep them."""
    import numpy as np

    kept = ended.correctness
    if kept is None or not 0 < kept.count <= 8 * len(kept.bits):
        return None
    return np.unpackbits(np.frombuffer(kept.bits, np.uint8), count=kept.count).astype(bool)
