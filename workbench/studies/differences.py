"""Differences between the settings of a study, with a paired bootstrap interval on the test rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tasks.base import Settings
from workbench.render.metrics import formatted
from workbench.runs.events import Finished
from workbench.runs.history import LatestEvents
from workbench.studies.metrics import higher_is_better
from workbench.studies.study import Member, Study
from workbench.studies.table import Setting, settings, spread, task_settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ACCURACY = "test.accuracy"  # the metric that is a mean over rows


HEADS = ("setting", "difference", "95 % interval", "clear", "test rows")  # of a table of differences


class Difference(NamedTuple):
    """Mean difference of two settings' test accuracy, and its 95 % interval."""

    first: str
    second: str
    mean: float
    low: float
    high: float
    rows: int
    runs: tuple[int, int] | None = None  # of each setting over these rows, where seeds draw the test rows as well

    @property
    def clear(self) -> bool:
        """True where the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


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
    return [found for _, one in means if one is not best and (found := difference(best, one))]


def of_study(study: Study, members: Sequence[Member]) -> list[Difference]:
    """Return the differences in test accuracy; none of a search, whose trials are chosen on the validation rows."""
    return against_best(members, ACCURACY, task_settings(study)) if study.search is None else []


def cells(pair: Difference, of: Settings) -> list[str]:
    """Return a difference under ``HEADS``."""
    mean, low, high = (formatted("accuracy", value, of) for value in (pair.mean, pair.low, pair.high))
    runs = f" ({pair.runs[0]} and {pair.runs[1]} runs)" if pair.runs else ""
    return [pair.second, mean, f"[{low}, {high}]", "yes" if pair.clear else "no", f"{pair.rows:,}{runs}"]


def title(pairs: Sequence[Difference]) -> str:
    """Return the heading of a table of differences from the best setting."""
    return f"{pairs[0].first}: test accuracy above that of the others, paired bootstrap"


def difference(first: Setting, second: Setting) -> Difference | None:
    """Return the difference of two settings' test accuracy; ``None`` where they did not test the same rows."""
    from tasks.shared.baselines.bootstrap import paired_interval

    right, wrong = _right(first.members), _right(second.members)
    common = [rows for rows in right if rows in wrong]
    if not common:
        return None
    rows = max(common, key=lambda one: min(len(right[one]), len(wrong[one])))
    found = paired_interval(right[rows], wrong[rows])
    others = len(right) > 1 or len(wrong) > 1  # a seed that draws the split as well
    runs = (len(right[rows]), len(wrong[rows])) if others else None
    return Difference(first.label, second.label, *found, len(right[rows][0]), runs)


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
