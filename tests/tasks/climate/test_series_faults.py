"""Faults of a series' file: a sentence with file, line and cure for each, and what is mended without a word."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tasks.base import DataError
from tasks.climate import csv_table, own_series
from tasks.climate import data as climate
from workbench.config import spec


def series(
    path: Path, value: Callable[[int], str] = lambda k: f"{math.sin(k / 4):.3f}", head: str = "time,level"
) -> Path:
    """300 hourly readings."""
    times = (datetime(2024, 3, 1) + timedelta(hours=k) for k in range(300))
    path.write_text("".join([head, *(f"\n{time:%Y-%m-%d %H:%M},{value(k)}" for k, time in enumerate(times))]))
    return path


def load(path: Path, **values: str) -> climate.ClimateData:
    given = {f"task.{name}": value for name, value in values.items()}
    settings = spec.make("climate", "gru", {"task.csv": str(path), **given}).settings
    return climate.load(settings, path.parent)  # type: ignore[arg-type]


def fault(path: Path, **values: str) -> str:
    with pytest.raises((DataError, spec.SpecError)) as error:
        load(path, **values)
    return str(error.value).replace(f"{path.parent}/", "")


def test_a_column_of_times_without_a_name(tmp_path: Path) -> None:
    assert fault(series(tmp_path / "t.csv", head=",level")) == (
        "t.csv line 1: the column that holds the times has no name: write one there, such as time."
    )


def test_columns_without_a_name_of_their_own(tmp_path: Path) -> None:
    assert fault(series(tmp_path / "t.csv", head="time,")) == (
        "t.csv line 1: no column can be forecast: a column has no name; one of numbers, with a name of its own, is "
        "expected."
    )


@pytest.mark.filterwarnings("error")
def test_numbers_beyond_the_network_s(tmp_path: Path) -> None:
    assert fault(series(tmp_path / "t.csv", lambda k: f"{k + 1}e300")) == (
        "t.csv: the column 'level' reaches 3e+302, beyond what the network's numbers hold (1e+38): write it in a "
        "larger unit, or leave it out of task.features."
    )


def test_a_quote_that_never_closes_is_told_with_the_line_that_opens_it(tmp_path: Path) -> None:
    path = series(tmp_path / "t.csv", lambda k: '"1,2' if k == 99 else "1.5,2", head="time,level,wind")
    assert fault(path) == (
        "t.csv line 101: 2 cells, where there are 3 column names: a double quote that opens a cell here may never be "
        "closed."
    )
    path = series(tmp_path / "u.csv", lambda k: '"1' + " " * 200_000 if k == 99 else "1.5")  # csv refuses such a cell
    with pytest.raises(DataError) as error:
        csv_table.read(path, "time", ["level"])
    assert str(error.value) == (
        f"{path} line 101 is not CSV: a cell has more than 131,072 characters, or its double quote is never closed."
    )


def test_joined_files_keep_no_mark(tmp_path: Path) -> None:
    path = series(tmp_path / "t.csv")
    plain = load(path)
    path.write_text("\ufeff" + path.read_text().replace("\n2024-03-05 00", "\n\ufefftime,level\n\ufeff2024-03-05 00"))
    joined = load(path)
    assert joined.target.equal(plain.target)
    assert "t.csv: 1 more line of column names passed over." in joined.notes


def test_no_column_of_times_is_guessed_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("level\n" + "".join(f"{math.sin(k / 4):.3f}\n" for k in range(300)))
    settings = spec.make("climate", "gru", {"task.csv": str(path), "task.step": 3600}).settings
    assert not any("The times are in" in sentence for sentence in own_series.guessed(settings))  # type: ignore[arg-type]


def test_the_files_of_a_zip_but_the_first_are_told(tmp_path: Path) -> None:
    content = series(tmp_path / "t.csv").read_text()
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("a.csv", content)
        archive.writestr("b.csv", content)
    assert (
        "t.zip: of its files a.csv alone is read, b.csv left out: unpack it to name another."
        in load(tmp_path / "t.zip").notes
    )
