"""Resampling: readings at irregular times, with gaps → one reading at every tick.

Shapes: N readings, R ticks, F columns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.base import DataError
from tasks.climate import calendar, spans
from tasks.climate.readings import Readings
from tasks.climate.wording import counted, format_span, format_time

_MOST_EMPTY = 50  # ticks for each reading: more is a wrong date, not a gap


class RegularSeries(NamedTuple):
    """Series with a reading at each of R ticks."""

    start: int  # the first tick, seconds since 1970
    step: int  # seconds between ticks
    values: NDArray[np.float64]  # (R,F), NaN within long gaps
    notes: tuple[str, ...]
    counts: NDArray[np.int64]  # (R,) readings at each tick


def resample(found: Readings, longest_gap: int, step: int = 0) -> RegularSeries:
    """Put readings on the nearest ticks, average those that share one, and bridge short gaps.

    Ticks are as far apart as most readings are, and where most of them stand. Calendar features are made anew from the
    ticks.

    Args:
        longest_gap: missing readings in a row that are interpolated linearly; longer gaps stay NaN.
        step: seconds between ticks; 0: the readings' most frequent distance, or one near it that makes a whole day.

    Raises:
        DataError: there are too few readings to see a distance, or a date is far off.
    """
    notes = [*found.notes]
    if found.seconds[0] == found.seconds[-1]:
        raise DataError(f"All readings stand at {format_time(found.seconds[0])}, which is no series: give later ones.")
    usual, remarks = _usual_step(found.seconds)
    if step and step < (1 - spans.NEAR) * usual:
        raise DataError(f"task.step={step} is less than the {format_span(usual)} between most readings: raise it.")
    if not step:
        step = usual
        notes += remarks
    start, ticks = _ticks(found.seconds, step)
    if ticks[-1] >= _MOST_EMPTY * len(ticks):
        raise DataError(
            f"Most readings are {format_span(step)} apart but they reach from {format_time(found.seconds[0])} to "
            f"{format_time(found.seconds[-1])}: a date must be wrong, or set task.step to the seconds between readings."
        )
    counts = np.bincount(ticks).astype(np.int64)
    values = np.stack([_averaged(column, ticks) for column in found.values.T], 1)
    notes += _collisions(found.seconds, start, step, ticks, counts)
    for place, name in enumerate(found.calendar):
        if name:
            values[:, place] = calendar.feature(name, start + step * np.arange(len(values)))
    missing = np.isnan(values).any(1)
    made = found.calendar or ("",) * values.shape[1]
    missing |= counts == 0
    bridged = np.stack(
        [column if name else _bridge(column, longest_gap) for column, name in zip(values.T, made, strict=True)], 1
    )
    lost = np.isnan(bridged).any(1)
    if missing.any():
        notes.append(
            f"{int(missing.sum()):,} of {len(values):,} readings are missing or incomplete: "
            f"{int((missing & ~lost).sum()):,} in gaps of up to {longest_gap} were interpolated, "
            f"{int(lost.sum()):,} in longer ones were not."
        )
    return RegularSeries(start, step, bridged, tuple(notes), counts)


def _usual_step(seconds: NDArray[np.int64]) -> tuple[int, list[str]]:
    """The readings' most frequent distance, or one near it that makes a whole day, and a remark on it."""
    distances = np.diff(seconds)
    lengths, counts = np.unique(distances[distances > 0], return_counts=True)
    step = int(lengths[counts.argmax()])
    nearest = spans.near_step(step)
    if nearest == step:
        return step, []
    tick = format_span(nearest)
    return nearest, [f"Readings about {tick} apart, {step:,} s most often, were put on ticks of {tick}."]


def _ticks(seconds: NDArray[np.int64], step: int) -> tuple[int, NDArray[np.int64]]:
    """The first tick's time, and each reading's tick: the nearest, the later of two."""
    phases, counts = np.unique(seconds % step, return_counts=True)
    phase = int(phases[counts.argmax()])
    ticks = (2 * (seconds - phase) + step) // (2 * step)
    return int(ticks[0]) * step + phase, ticks - ticks[0]


def _averaged(column: NDArray[np.float64], ticks: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean of the readings that share a tick, NaN where there is none: (N,) → (R,)."""
    size = int(ticks[-1]) + 1
    there = np.isfinite(column)
    sums = np.bincount(ticks[there], column[there], size)
    counts = np.bincount(ticks[there], minlength=size)
    means: NDArray[np.float64] = np.full(size, np.nan)
    return np.divide(sums, counts, out=means, where=counts > 0)


def _collisions(
    seconds: NDArray[np.int64], start: int, step: int, ticks: NDArray[np.int64], counts: NDArray[np.int64]
) -> list[str]:
    """Say how many readings stood between ticks or shared one."""
    notes = []
    same = np.concatenate([[False], seconds[1:] == seconds[:-1]])
    doubles = same | np.concatenate([same[1:], [False]])
    if doubles.any():
        hint = " If the file holds several series one below the other, keep one." if doubles.mean() > 0.5 else ""
        notes.append(
            f"{counted(int(doubles.sum()), 'row')} share their time with another of other values, at "
            f"{format_time(seconds[doubles.argmax()])} for one, and were averaged.{hint}"
        )
    moved = int((ticks * step + start != seconds).sum())
    shared = int(counts[counts > 1].sum())
    if moved:
        verb = "was" if moved == 1 else "were"
        notes.append(
            f"{counted(moved, 'reading')} stood between ticks of {format_span(step)} and {verb} put on the nearest."
        )
    if shared > int(doubles.sum()):
        notes.append(
            f"{counted(shared, 'reading')} shared {counted(int((counts > 1).sum()), 'tick')} of {format_span(step)} "
            "and were averaged."
        )
    return notes


def _bridge(column: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    """Interpolate the holes of up to ``longest`` readings that have a reading on either side: (R,) → (R,)."""
    hole = np.isnan(column)
    if not hole.any() or hole.all():
        return column
    edges = np.flatnonzero(np.diff(np.concatenate([[False], hole, [False]]).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]  # each hole is [begin, end)
    long = (ends - begins > longest) | (begins == 0) | (ends == len(column))
    filled = column.copy()
    filled[hole] = np.interp(np.flatnonzero(hole), np.flatnonzero(~hole), column[~hole])
    for begin, end in zip(begins[long], ends[long], strict=True):
        filled[begin:end] = np.nan
    return filled
