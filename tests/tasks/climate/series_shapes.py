"""Small files in the shapes of public series: electricity transformers, a household's power, a city's air."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from climate_files import course, hours


def _written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def transformers(path: Path, count: int = 2_000) -> Path:
    """ETTh1's shape: hourly, seven columns, the oil temperature last."""
    columns = np.stack([course(count, seed) for seed in range(7)], 1)
    start = datetime(2016, 7, 1)
    rows = [
        f"{t:%Y-%m-%d %H:%M:%S},{','.join(f'{v:.3f}' for v in row)}"
        for t, row in zip(hours(count, start), columns, strict=True)
    ]
    return _written(path, ["date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT", *rows])


def household(path: Path, days: int = 60) -> Path:
    """UCI household power's shape: a reading a minute, day first, ``?`` for a missing one; 25 rows are missing."""
    count = days * 1_440
    power = np.round(1 + 0.1 * np.abs(course(count)), 3)
    start = datetime(2006, 12, 16, 17, 24)
    rows = []
    for k in range(count):
        time = start + timedelta(minutes=k)
        cells = (
            "?;?;?;?;?;?;" if 5_000 <= k < 5_025 else f"{power[k]:.3f};0.418;234.840;18.400;0.000;{k % 3}.000;17.000"
        )
        rows.append(f"{time.day}/{time.month}/{time:%Y;%H:%M:%S};{cells}")
    heads = "Date;Time;Global_active_power;Global_reactive_power;Voltage;Global_intensity;"
    return _written(path, [f"{heads}Sub_metering_1;Sub_metering_2;Sub_metering_3", *rows])


def air_quality(path: Path, count: int = 2_000) -> Path:
    """UCI air quality's shape: semicolons, decimal commas, 18.00.00, -200, columns and rows without content."""
    start = datetime(2004, 3, 10, 18)
    carbon, hot = np.abs(course(count)) / 5, course(count, 1)
    rows = []
    for k, time in enumerate(hours(count, start)):
        first = "-200" if k in (30, 31, 700) else f"{carbon[k]:.1f}".replace(".", ",")
        second = "-200" if k > 200 else "150"
        rows.append(
            f"{time:%d/%m/%Y;%H.%M.%S};{first};{1_000 + k % 300};{second};{f'{hot[k]:.1f}'.replace('.', ',')};;"
        )
    return _written(path, ["Date;Time;CO(GT);PT08.S1(CO);NMHC(GT);T;;", *rows, *[";;;;;;;"] * 114])


def particles(path: Path, count: int = 2_000) -> Path:
    """Beijing PM2.5's shape: the time in four columns, NA, a wind direction in words, and a number for each row."""
    start = datetime(2010, 1, 1)
    values = np.round(np.abs(course(count)) * 10)
    rows = []
    for k, time in enumerate(hours(count, start)):
        dust = "NA" if k < 24 else f"{values[k]:.0f}"
        wind = ("NW", "cv", "SE")[k % 3]
        weather = f"-21,{k % 7 - 11},1021,{wind},{k % 9}.79,0,0"
        rows.append(f"{k + 1},{time.year},{time.month},{time.day},{time.hour},{dust},{weather}")
    return _written(path, ["No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir", *rows])
