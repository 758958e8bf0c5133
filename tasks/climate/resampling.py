"""Resampling: readings at irregular times, with gaps → one reading at every tick.

Shapes: N readings, R ticks, F columns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.base import DataError
from tasks.climate.readings import Readings, format_time

_MOST_EMPTY = 50  # ticks for each reading: more is a wrong date, not a gap


class RegularSeries(NamedTuple):
    """Series with a reading at each of R ticks."""

    start: int  # the first tick, seconds since 1970
    step: int  # seconds between ticks
    values: NDArray[np.float64]  # (R,F), NaN within long gaps
    notes: tuple[str, ...]


def resample(found: Readings, longest_gap: int) -> RegularSeries:
    """Put readings on the ticks of their most frequent distance, and bridge short gaps.

    Args:
        longest_gap: missing readings in a row that are interpolated linearly; longer gaps stay NaN.

    Raises:
        DataError: there are too few readings to see a distance, or a date is far off.
    """
    if len(found.seconds) < 2:
        raise DataError("One reading alone is no series: give a file with more.")
    distances = np.diff(found.seconds)
    lengths, counts = np.unique(distances, return_counts=True)
    step = int(lengths[counts.argmax()])
    ticks = np.rint((found.seconds - found.seconds[0]) / step).astype(np.int64)  # (N,)
    if ticks[-1] >= _MOST_EMPTY * len(ticks):
        raise DataError(
            f"The readings are {step} s apart but reach from {format_time(found.seconds[0])} to "
            f"{format_time(found.seconds[-1])}: a date must be wrong."
        )
    moved = int((ticks * step + found.seconds[0] != found.seconds).sum())
    ticks, first = np.unique(ticks, return_index=True)
    values = np.full((int(ticks[-1]) + 1, found.values.shape[1]), np.nan)
    values[ticks] = found.values[first]
    notes = [*found.notes]
    if moved:
        unit = f"{step} s" if step % 60 else f"{step // 60} min"
        notes.append(f"{moved:,} readings stood between ticks of {unit} and were moved to the nearest.")
    missing = np.isnan(values).any(1)
    bridged = np.stack([_bridge(column, longest_gap) for column in values.T], 1)
    lost = np.isnan(bridged).any(1)
    if missing.any():
        notes.append(
            f"{int(missing.sum()):,} of {len(values):,} readings are missing or incomplete: "
            f"{int((missing & ~lost).sum()):,} in gaps of up to {longest_gap} were interpolated, "
            f"{int(lost.sum()):,} in longer ones were not."
        )
    return RegularSeries(int(found.seconds[0]), step, bridged, tuple(notes))


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
