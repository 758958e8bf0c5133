"""Weather like a station's, made up: ``python -m tasks.climate.synthetic --years 8 --out FILE``.

A yearly and a daily cycle of temperature, fronts as autoregressive processes that move temperature, humidity, pressure
and cloud together, and the derived columns by the formulas of ``weather``. The file has the columns of
``jena_climate_2009_2016.csv``, a row every ten minutes from 01.01.2009 00:10:00 on; the same seed gives the same file.
With a name that ends in ``.zip`` it is packed. The starter set is ``--days 63 --out mpi_roof_generated.zip``.

Shapes: R readings.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tasks.climate import humidity
from tasks.climate.humidity import Floats
from tasks.shared import files

COLUMNS = (
    *("p (mbar)", "T (degC)", "Tpot (K)", "Tdew (degC)", "rh (%)", "VPmax (mbar)", "VPact (mbar)", "VPdef (mbar)"),
    *("sh (g/kg)", "H2OC (mmol/mol)", "rho (g/m**3)", "wv (m/s)", "max. wv (m/s)", "wd (deg)"),
)
START = np.datetime64("2009-01-01T00:10:00", "s")
_STEP = 600  # s
_DAY = 144  # readings
_YEAR = 365.2425 * _DAY
_HOUR = 6  # readings: fronts move by the hour, readings between two hours lie between them


def days_of(years: int) -> int:
    """Return the number of days in ``years`` years from the start on."""
    first = START.astype("M8[Y]")
    return int(((first + years).astype("M8[D]") - first.astype("M8[D]")) / np.timedelta64(1, "D"))


def weather_like(days: int, seed: int = 0) -> tuple[NDArray[np.datetime64], dict[str, Floats]]:
    """Times (R,) and columns (R,), rounded as the station writes them."""
    random = np.random.default_rng(seed)
    readings = days * _DAY
    times = START + np.arange(readings) * np.timedelta64(_STEP, "s")
    clock = np.arange(1, readings + 1) / _DAY  # days since the start's midnight
    season = -np.cos(2 * np.pi * (clock * _DAY / _YEAR - 0.055))  # −1 in late January, 1 in late July
    front = _drift(random, readings, 2.5)  # warm above zero, cold below
    cloud = 1 / (1 + np.exp(-1.5 * (_drift(random, readings, 1.0) - 0.4 * front)))  # 0 clear, 1 overcast
    sun = np.clip(np.cos(2 * np.pi * (clock - 0.61)), -0.45, None) + 0.2  # warmest at half past two
    swing = (3.4 + 2.4 * season) * (1.25 - 0.9 * cloud)
    gusts = _drift(random, readings, 0.15)
    temperature = np.round(9.4 + 9.2 * season + 3.9 * front + swing * sun + 0.45 * gusts, 2)
    pressure = np.round(989.2 - 4.0 * front + 7.0 * _drift(random, readings, 3.5), 2)
    dry = 0.45 * np.maximum(temperature - 16, 0)
    spread = np.maximum(0.3, 1.2 + 2.2 * np.maximum(sun, 0) * (1 + season) + 4.5 * (1 - cloud) + 1.5 * gusts + dry)
    vapour = np.round(humidity.vp_max(temperature - spread), 2)
    wind: Floats = np.asarray(np.exp(0.55 + 0.5 * _drift(random, readings, 0.3) + 0.3 * np.maximum(sun, 0)))
    saturated = humidity.vp_max(temperature)
    derived: dict[str, Floats] = {
        "p (mbar)": pressure,
        "T (degC)": temperature,
        "Tpot (K)": humidity.potential_temperature(temperature, pressure),
        "Tdew (degC)": humidity.dew_point(vapour),
        "rh (%)": 100 * vapour / saturated,
        "VPmax (mbar)": saturated,
        "VPact (mbar)": vapour,
        "VPdef (mbar)": saturated - vapour,
        "sh (g/kg)": humidity.specific_humidity(vapour, pressure),
        "H2OC (mmol/mol)": humidity.concentration(vapour, pressure),
        "rho (g/m**3)": humidity.density(temperature, vapour, pressure),
        "wv (m/s)": wind,
        "max. wv (m/s)": np.asarray(wind * (1.35 + 0.3 * random.random(readings))),
        "wd (deg)": np.asarray(
            (200 + 70 * _drift(random, readings, 1.0) + 15 * random.standard_normal(readings)) % 360
        ),
    }
    return times, {name: np.round(derived[name], 2) for name in COLUMNS}


def as_csv(days: int, seed: int = 0) -> bytes:
    """The file's text: a line of column names, a line for each reading."""
    times, columns = weather_like(days, seed)
    dates = [f"{t[8:10]}.{t[5:7]}.{t[:4]} {t[11:]}" for t in np.datetime_as_string(times, unit="s").tolist()]
    cells = np.stack([columns[name] for name in COLUMNS], 1).tolist()
    lines = [",".join(["Date Time", *COLUMNS])]
    lines += [date + "," + ",".join([f"{cell:.2f}" for cell in row]) for date, row in zip(dates, cells, strict=True)]
    return ("\n".join(lines) + "\n").encode()


def write(path: Path, days: int, seed: int = 0) -> None:
    """Put the file in place, whole; packed if its name ends in ``.zip``."""
    content = as_csv(days, seed)
    if path.suffix == ".zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            name = path.stem if path.stem.endswith(".csv") else f"{path.stem}.csv"
            member = zipfile.ZipInfo(name)  # dated 1980: the same bytes each time
            archive.writestr(member, content, zipfile.ZIP_DEFLATED, 9)
        content = packed.getvalue()
    files.write(path, content)


def _drift(random: Generator, readings: int, days: float) -> Floats:
    """An autoregressive process of the first order, mean 0 and variance 1, that forgets within ``days``: (R,)."""
    hours = readings // _HOUR + 2
    kept = float(np.exp(-1 / (24 * days)))
    shocks = (random.standard_normal(hours) * np.sqrt(1 - kept**2)).tolist()
    value = float(random.standard_normal())
    path = []
    for shock in shocks:
        value = kept * value + shock
        path.append(value)
    return np.asarray(np.interp(np.arange(readings) / _HOUR, np.arange(hours), path))


def main() -> None:
    parser = argparse.ArgumentParser(description="Weather like a station's, made up, in the Jena file's columns.")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--years", type=int, help="years from 2009 on")
    length.add_argument("--days", type=int, help="days from 2009-01-01 on")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other weather (default 0)")
    parser.add_argument("--out", type=Path, required=True, help="the file to be written, .csv or .zip")
    options = parser.parse_args()
    if (options.days or options.years or 0) < 1:
        parser.error("at least one day is needed")
    write(options.out, options.days or days_of(options.years), options.seed)


if __name__ == "__main__":
    main()
