"""Small station files for the climate tests, and settings that fit them: an hourly day, two days of history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.climate.settings import Settings

NAME = "mpi_roof_2020.csv"
START = datetime(2020, 3, 1)


def small(**changes: Any) -> Settings:
    """Settings for hourly readings of one column."""
    given = {"history": 48, "horizon": 24, "stride": 5, "features": "hour,T (degC)", "patch_length": 6, "segment": 8}
    return Settings(**{**given, **changes})


def written(time: datetime) -> str:
    return time.strftime("%d.%m.%Y %H:%M:%S")


def hours(count: int, start: datetime = START) -> list[datetime]:
    return [start + timedelta(hours=k) for k in range(count)]


def course(count: int, seed: int = 0) -> NDArray[np.float64]:
    """A temperature with a daily cycle and a wandering level: (count,)."""
    random = np.random.default_rng(seed)
    level = np.cumsum(random.standard_normal(count)) * 0.2
    return np.round(10 + level + 5 * np.sin(2 * np.pi * np.arange(count) / 24), 2)


def station(
    folder: Path,
    values: Sequence[object] | NDArray[np.float64],
    times: Sequence[datetime] | None = None,
    *,
    name: str = NAME,
    change: Callable[[list[str]], None] = lambda lines: None,
    encoding: str = "latin-1",
) -> Path:
    """A folder with one file: ``Date Time``, ``T (degC)`` and a column that only Latin-1 or UTF-8 can spell."""
    folder.mkdir(parents=True, exist_ok=True)
    when = times or hours(len(values))
    lines = ["Date Time,T (degC),PAR (µmol/m²/s)"]
    lines += [f"{written(t)},{value},1" for t, value in zip(when, values, strict=True)]
    change(lines)
    (folder / name).write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return folder
