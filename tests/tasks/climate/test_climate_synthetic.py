"""Generated weather: the same file for the same seed, air that obeys physics, and the starter set made from it."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tasks.climate import humidity, readings, synthetic
from tasks.climate.settings import FEATURES
from tasks.shared.datasets import locations

STARTER_DAYS = 63


def test_the_seed_makes_the_weather() -> None:
    assert synthetic.as_csv(3) == synthetic.as_csv(3)
    assert synthetic.as_csv(3) != synthetic.as_csv(3, seed=1)


def test_years_have_their_days() -> None:
    assert [synthetic.days_of(years) for years in (1, 4, 8)] == [365, 4 * 365 + 1, 8 * 365 + 2]


def test_the_columns_belong_together() -> None:
    times, column = synthetic.weather_like(40)
    temperature, vapour, pressure = column["T (degC)"], column["VPact (mbar)"], column["p (mbar)"]
    assert tuple(column) == synthetic.COLUMNS
    assert np.unique(np.diff(times)) == np.timedelta64(600, "s")
    for name, values in {
        "VPmax (mbar)": humidity.vp_max(temperature),
        "Tdew (degC)": humidity.dew_point(vapour),
        "rho (g/m**3)": humidity.density(temperature, vapour, pressure),
    }.items():
        assert np.abs(column[name] - values).max() < 0.006, name
    assert (vapour <= column["VPmax (mbar)"]).all()
    assert (column["rh (%)"] <= 100).all()
    assert (column["Tdew (degC)"] <= temperature).all()
    assert (column["wv (m/s)"] <= column["max. wv (m/s)"]).all()


def test_a_year_has_seasons_and_a_day_has_its_course() -> None:
    times, column = synthetic.weather_like(365)
    temperature = column["T (degC)"]
    months = times.astype("M8[M]").astype(int) % 12
    mean = [temperature[months == month].mean() for month in range(12)]
    assert mean[6] - mean[0] > 12
    clock = (times - times.astype("M8[D]")).astype("m8[h]").astype(int)
    summer = (months == 6) | (months == 5)
    by_hour = [temperature[summer & (clock == hour)].mean() for hour in range(24)]
    assert 12 <= int(np.argmax(by_hour)) <= 16
    assert max(by_hour) - min(by_hour) > 4


@pytest.mark.parametrize(
    ("formula", "given", "value", "within"),
    [  # tables: saturation over water, and air at the standard atmosphere
        (humidity.vp_max, (0.0,), 6.11, 0.01),
        (humidity.vp_max, (20.0,), 23.37, 0.1),
        (humidity.potential_temperature, (15.0, 1000.0), 288.15, 1e-9),
        (humidity.potential_temperature, (-20.0, 500.0), 308.6, 0.2),
        (humidity.specific_humidity, (10.0, 1000.0), 6.24, 0.01),
        (humidity.concentration, (10.0, 1000.0), 10.0, 1e-9),
        (humidity.density, (15.0, 0.0, 1013.25), 1225.0, 0.2),
    ],
)
def test_the_formulas_give_what_tables_give(formula, given, value, within) -> None:  # type: ignore[no-untyped-def]
    assert float(formula(*map(np.float64, given))) == pytest.approx(value, abs=within)


def test_the_dew_point_is_where_air_is_saturated() -> None:
    temperature = np.linspace(-30, 40, 50)
    assert humidity.dew_point(humidity.vp_max(temperature)) == pytest.approx(temperature, abs=1e-9)


def test_the_starter_set_is_what_the_generator_makes() -> None:
    (path,) = locations.starter("climate").iterdir()
    assert path.name == "mpi_roof_generated.zip"
    assert path.stat().st_size < 500_000
    with zipfile.ZipFile(path) as archive:
        kept = archive.read("mpi_roof_generated.csv").decode().splitlines()
    made = synthetic.as_csv(STARTER_DAYS).decode().splitlines()
    assert len(kept) == len(made) == STARTER_DAYS * 144 + 1
    assert kept[0] == made[0]
    apart = [(a, b) for a, b in zip(kept[1:], made[1:], strict=True) if a != b]
    for a, b in apart:  # another machine's exp may round a last digit otherwise
        assert a[:19] == b[:19]
        numbers = [list(map(float, line.split(",")[1:])) for line in (a, b)]
        assert numbers[0] == pytest.approx(numbers[1], abs=0.011)
    assert len(apart) < 10


@pytest.mark.parametrize("name", ["made.csv", "made.zip", "made.csv.zip"])
def test_the_command_writes_a_file_that_the_reader_takes(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    monkeypatch.setattr(sys, "argv", ["generate", "--days", "2", "--seed", "5", "--out", str(path)])
    synthetic.main()
    found = readings.read([path], FEATURES, "Date Time")
    assert found.values.shape == (288, 7)
    assert readings.format_time(found.seconds[0]) == "2009-01-01 00:10"
    _, column = synthetic.weather_like(2, seed=5)
    assert found.values[:, 1].tolist() == column["T (degC)"].tolist()


@pytest.mark.data
def test_the_formulas_reproduce_the_real_files_columns(real_data: Path) -> None:
    names = ("T (degC)", "p (mbar)", "VPact (mbar)", "VPmax (mbar)", "Tdew (degC)", "Tpot (K)", "sh (g/kg)")
    names += ("H2OC (mmol/mol)", "rho (g/m**3)")
    found = readings.read([real_data / "climate" / "mpi_roof_2024.csv"], names, "Date Time").values.T
    temperature, pressure, vapour = found[:3]
    made = {
        "VPmax (mbar)": (humidity.vp_max(temperature), 0.02),
        "Tdew (degC)": (humidity.dew_point(vapour), 0.02),
        "Tpot (K)": (humidity.potential_temperature(temperature, pressure), 0.011),
        "sh (g/kg)": (humidity.specific_humidity(vapour, pressure), 0.011),
        "H2OC (mmol/mol)": (humidity.concentration(vapour, pressure), 0.011),
        "rho (g/m**3)": (humidity.density(temperature, vapour, pressure), 0.13),
    }
    for name, (values, within) in made.items():
        apart = np.abs(values - found[names.index(name)])
        assert apart.max() < within, name
        assert apart.mean() < 0.006, name
