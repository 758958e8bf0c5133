"""Parts of a series in time: the usual split, or one fold of blocked cross-validation.

For K folds the series is cut into K + 1 blocks of equal length. Fold k tests on block k + 1, validates on block k just
before it, and trains on all the others, those after the test block too. No window crosses a border of these parts.

Source: C. Bergmeir and J. M. Benítez, On the use of cross-validation for time series predictor evaluation,
Information Sciences 191 (2012).
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from tasks.base import Split
from tasks.climate.settings import Settings
from tasks.climate.wording import format_time

_YEARS = (2009, 2015, 2017)  # training, test and their end, where a file spans them
Range = tuple[int, int]  # of ticks: [begin, end)


class Parts(NamedTuple):
    """Ranges of ticks that each split has, and remarks on them."""

    ranges: dict[Split, list[Range]]
    remarks: list[str]


def split(settings: Settings, start: int, step: int, count: int) -> Parts:
    """Return the parts of a series of ``count`` ticks, one every ``step`` seconds from ``start`` on."""
    if settings.folds:
        return Parts(fold(count, settings.folds, settings.fold), [])
    (train, val, test), remarks = split_ranges(start, step, count, by_year=settings.is_the_station)
    return Parts({"train": [train], "val": [val], "test": [test]}, remarks)


def fold(count: int, folds: int, number: int) -> dict[Split, list[Range]]:
    """Return the parts of one fold, ``number`` from 1 to ``folds``."""
    borders = [round(count * block / (folds + 1)) for block in range(folds + 2)]
    begin, middle, end = borders[number - 1 : number + 2]
    train = [(first, last) for first, last in ((0, begin), (end, count)) if first < last]
    return {"train": train, "val": [(begin, middle)], "test": [(middle, end)]}


def describe(settings: Settings) -> str:
    """Return a sentence on the fold of a run; empty for the usual split."""
    if not settings.folds:
        return ""
    return (
        f"Fold {settings.fold} of {settings.folds} of blocked cross-validation: it trains on all but the test block "
        "and the validation block before it."
    )


def split_ranges(start: int, step: int, count: int, *, by_year: bool = True) -> tuple[list[Range], list[str]]:
    """Return the (begin, end) ticks of training, validation and test, and remarks on them.

    Of the station's readings (``by_year``), training is 2009 to 2014 and test 2015 and 2016, where there are readings
    from all these years (validation: the last tenth of the training years). All others are the first 70 %, the next
    15 % and the last 15 %.
    """
    first_year, last_year = (int(format_time(start + tick * step)[:4]) for tick in (0, count - 1))
    if by_year and first_year <= _YEARS[0] and last_year >= _YEARS[-1] - 1:
        begin, middle, end = (min(max(_first_tick(year, start, step), 0), count) for year in _YEARS)
        border = middle - (middle - begin) // 10
        outside = begin + count - end
        remarks = [f"Readings from before 2009 or after 2016 are left out: {outside:,}."] if outside else []
        return [(begin, border), (border, middle), (middle, end)], remarks
    borders = [0, round(count * 0.7), round(count * 0.85), count]
    return list(itertools.pairwise(borders)), []


def _first_tick(year: int, start: int, step: int) -> int:
    """The first tick of a year, which may lie outside the series."""
    seconds = int(np.datetime64(f"{year}-01-01", "s").astype(np.int64))
    return -((start - seconds) // step)
