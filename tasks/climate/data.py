"""The climate data: readings at regular times, split in time, scaled; windows are positions in them.

Shapes: R readings, F features, W windows.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tasks.base import SPLITS, DataError, Split, State
from tasks.climate import folds, own_series, readings, resampling
from tasks.climate.readings import Readings
from tasks.climate.resampling import RegularSeries
from tasks.climate.settings import JENA, PATTERNS, Settings
from tasks.climate.wording import counted, format_span, format_time
from tasks.shared.datasets import cache, reading, splits
from tasks.shared.datasets.cache import Encoding, Meta

_VERSION = 3  # of the encoding: a change makes every cached copy an old one
_OWN = "own, 1"  # the version of a user's own files, beside the one above
_JENA_ROWS = 420_551
_DAY = 86_400  # s


@dataclasses.dataclass(frozen=True)
class ClimateData(splits.SplitRows):
    """Every reading once; a window is the position of its first reading."""

    features: Tensor  # (R,F) float32, scaled, zero within long gaps, on the device
    target: Tensor  # (R,) float32, scaled, on the device
    rows: dict[Split, Tensor]  # (W,) each split's windows, on the CPU
    state: State
    notes: tuple[str, ...] = ()

    def to(self, device: torch.device) -> ClimateData:
        return dataclasses.replace(self, features=self.features.to(device), target=self.target.to(device))

    def history(self, rows: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """The readings of some windows: features (B,P,F), target (B,P)."""
        at = self._positions(rows, 0, length)
        return self.features[at], self.target[at]

    def future(self, rows: Tensor, history: int, horizon: int) -> Tensor:
        """Return the target over the horizon of some windows: (B,H)."""
        return self.target[self._positions(rows, history, horizon)]

    def _positions(self, rows: Tensor, offset: int, length: int) -> Tensor:
        device = self.target.device
        return rows.to(device, non_blocking=True)[:, None] + torch.arange(offset, offset + length, device=device)


def load(settings: Settings, folder: Path) -> ClimateData:
    """The station's readings in ``folder``, or the user's own file; cached by the files' hash and the columns.

    Raises:
        DataError: a file is missing or is not what it should be, or holds too little for the windows asked for.
    """
    return load_with_meta(settings, folder)[0]


def load_with_meta(settings: Settings, folder: Path) -> tuple[ClimateData, Meta]:
    """Return the readings as ``load``, and what was found in their files: ``notes``, and ``missing`` by column."""
    paths = files(settings, folder)
    shapes = (settings.time_column, settings.date_format, settings.missing, settings.decimal)
    wanted = (settings.columns, settings.target, settings.step, settings.longest_gap)
    own = [_OWN] if settings.csv else []
    key = "climate-" + cache.key(_VERSION, wanted, shapes, [path.name for path in paths], *own, paths=paths)
    kept, meta = cache.tensors(key, lambda: _encoded(settings, paths))
    if not settings.csv:
        return _arrange(settings, key, kept, meta), meta
    try:
        data = _arrange(settings, key, kept, meta)
    except DataError as error:
        raise DataError(f"{settings.csv}: {error}") from None
    step = int(data.state["step"])
    told = [
        *own_series.encoding(settings),
        *own_series.columns(settings),
        *own_series.windows(settings, step),
        *own_series.left_out(settings),
    ]
    return dataclasses.replace(data, notes=(*told, *data.notes)), meta


def load_cached(settings: Settings, key: str) -> ClimateData:
    """The readings as an earlier run cached them.

    Raises:
        FileNotFoundError: they are no longer cached.
    """
    return _arrange(settings, key, *cache.tensors(key, None))


def files(settings: Settings, folder: Path) -> list[Path]:
    """The files to be read: the user's own, or the station's in ``folder``.

    Raises:
        DataError: they are not there.
    """
    if settings.csv:
        if Path(settings.csv).is_dir():
            raise DataError(f"{settings.csv} is a folder: name a CSV file in it with task.csv.")
        if not Path(settings.csv).is_file():
            raise DataError(f"There is no file {settings.csv}: name one with task.csv.")
        return [Path(settings.csv)]
    return reading.find(folder, *PATTERNS)


def read_regular(settings: Settings, paths: Sequence[Path]) -> tuple[Readings, RegularSeries]:
    """The features and, in the last column, the target of some files: as they stand there, and at regular times.

    Raises:
        DataError: file, line and what was expected.
    """
    columns = [*settings.columns, settings.target]
    found = readings.read(
        paths,
        columns,
        settings.time_column,
        settings.date_format,
        settings.missing,
        settings.decimal,
        settings.step,
    )
    try:
        return found, resampling.resample(found, settings.longest_gap, settings.step)
    except DataError as error:
        raise DataError(f"{paths[0]}: {error}") from None


def readings_a_day(step: int) -> int:
    """Return the number of readings in a day, one every ``step`` seconds.

    Raises:
        DataError: they make no whole day.
    """
    if step > _DAY:
        raise DataError(
            f"Most readings are {format_span(step)} apart: at least one a day is needed. To take the rows as they "
            "follow one another, whatever their times, set task.time_column= (to nothing) and task.step=86400."
        )
    if _DAY % step:
        raise DataError(
            f"Most readings are {format_span(step)} apart, which makes no whole day: give them at another "
            "distance, or set task.step, to 3600 or 86400 for instance, to average them."
        )
    return _DAY // step


def _encoded(settings: Settings, paths: list[Path]) -> Encoding:
    found, made = read_regular(settings, paths)
    notes = list(made.notes)
    if paths[0].name.startswith(JENA) and found.rows != _JENA_ROWS:  # no hash of the original is known
        notes.append(f"{paths[0].name} has {found.rows:,} rows, the original {_JENA_ROWS:,}: it is another file.")
    meta = {"start": made.start, "step": made.step, "notes": notes, "missing": np.isnan(found.values).sum(0).tolist()}
    return {"values": torch.from_numpy(made.values.astype(np.float32))}, meta


def _arrange(settings: Settings, key: str, kept: dict[str, Tensor], meta: Meta) -> ClimateData:
    values, step = kept["values"].double().numpy(), int(meta["step"])
    day = readings_a_day(step)
    if settings.history < day:
        raise DataError(f"task.history={settings.history} readings are less than a day, which has {day}: read more.")
    parts = folds.split(settings, int(meta["start"]), step, len(values))
    notes = [*meta["notes"], *parts.remarks]
    complete = np.isfinite(values).all(1)
    length = settings.history + settings.horizon
    rows: dict[Split, Tensor] = {}
    dropped = 0
    for split in SPLITS:
        ranges = parts.ranges[split]
        windows = np.concatenate([_windows(begin, end, length, settings.stride) for begin, end in ranges])
        clean = _clean(windows, complete, length)
        dropped += len(windows) - len(clean)
        if not len(clean):
            within = np.concatenate([values[begin:end] for begin, end in ranges])
            raise _no_window(
                settings, split, format_time(meta["start"] + ranges[0][0] * step), within, len(windows), len(values)
            )
        rows[split] = torch.from_numpy(clean)
    if dropped:
        notes.append(f"{counted(dropped, 'window')} over long gaps {'was' if dropped == 1 else 'were'} dropped.")
    trained = np.concatenate([values[begin:end] for begin, end in parts.ranges["train"]])
    mean, spread = np.nanmean(trained, 0), np.nanstd(trained, 0)
    notes += _constants(settings, mean, spread)
    spread[spread == 0] = 1.0
    scaled = torch.from_numpy(np.nan_to_num((values - mean) / spread)).float()
    state = {
        "cache": key,
        "start": int(meta["start"]),
        "step": step,
        "day": day,
        "mean": mean.tolist(),  # of the features, then of the target
        "spread": spread.tolist(),
    }
    return ClimateData(scaled[:, :-1].contiguous(), scaled[:, -1].contiguous(), rows, state, tuple(notes))


def _no_window(
    settings: Settings, split: Split, since: str, values: NDArray[np.float64], windows: int, every: int
) -> DataError:
    """Say why a split (its readings (R,F)) has no window: it is too short, or a column has too many gaps."""
    length = f"{settings.history} + {settings.horizon}"
    part = (
        f"The {len(values):,} readings from {since} on, which are the {split} split, hold no whole window of {length}"
    )
    if not windows:
        needed = math.ceil((settings.history + settings.horizon) * every / max(1, len(values)))
        return DataError(
            f"{part}: some {needed:,} readings are needed in all, and there are {every:,}. Give a longer file, or "
            "lower task.history or task.horizon."
        )
    holes = np.isnan(values).sum(0)
    worst = int(holes.argmax())
    name = (*settings.columns, settings.target)[worst]
    if holes[worst] == np.isnan(values).any(1).sum() and (holes == holes[worst]).sum() > 1:
        return DataError(
            f"{part} without a long gap, {holes[worst]:,} of them are missing: correct a wrong date, give a file with "
            "fewer gaps, or bridge longer ones with task.longest_gap."
        )
    return DataError(
        f"{part} without a long gap: {name!r} is missing in {holes[worst]:,} of them. Leave it out of task.features, "
        "or bridge longer gaps with task.longest_gap."
    )


def _constants(settings: Settings, mean: NDArray[np.float64], spread: NDArray[np.float64]) -> list[str]:
    """Say which features never change in the training part.

    Raises:
        DataError: the target does not.
    """
    if spread[-1] == 0:
        raise DataError(
            f"The target {settings.target!r} is {mean[-1]:g} in the whole training part: there is nothing to forecast. "
            "Name another task.target, or give a longer file."
        )
    return [
        f"{name} is {mean[place]:g} in the whole training part: the network learns nothing from it."
        for place, name in enumerate(settings.columns)
        if spread[place] == 0
    ]


def _windows(begin: int, end: int, length: int, stride: int) -> NDArray[np.int64]:
    return np.arange(begin, end - length + 1, stride, dtype=np.int64)


def _clean(windows: NDArray[np.int64], complete: NDArray[np.bool_], length: int) -> NDArray[np.int64]:
    """The windows without a missing reading."""
    before = np.concatenate([[0], np.cumsum(~complete)])
    return np.asarray(windows[before[windows + length] == before[windows]])
