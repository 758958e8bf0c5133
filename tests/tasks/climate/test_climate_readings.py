"""A station's files: read in both encodings and column sets, and refused in one sentence where they are wrong."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from climate_files import NAME, START, course, hours, station, written

from tasks.base import DataError
from tasks.climate import readings
from tasks.climate.readings import Readings
from tasks.climate.settings import FEATURES

JENA_COLUMNS = (
    *("Date Time", "p (mbar)", "T (degC)", "Tpot (K)", "Tdew (degC)", "rh (%)", "VPmax (mbar)", "VPact (mbar)"),
    *("VPdef (mbar)", "sh (g/kg)", "H2OC (mmol/mol)", "rho (g/m**3)", "wv (m/s)", "max. wv (m/s)", "wd (deg)"),
)


def read(path: Path, *columns: str, time_column: str = "Date Time", date_format: str = "") -> Readings:
    return readings.read([path], columns or ("T (degC)",), time_column, date_format)


def first_second() -> int:
    return int(np.datetime64(START, "s").astype(np.int64))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
def test_latin_1_and_utf_8_are_read_alike(tmp_path: Path, encoding: str) -> None:
    values = course(30)
    found = read(station(tmp_path, values, encoding=encoding) / NAME, "T (degC)", "PAR (µmol/m²/s)")
    assert found.values[:, 0].tolist() == values.tolist()
    assert (found.values[:, 1] == 1).all()
    assert found.seconds.tolist() == [first_second() + 3600 * k for k in range(30)]
    assert (found.rows, found.notes) == (30, ())


@pytest.mark.parametrize(
    ("content", "date_format"),
    [
        ("when;t\n2020-03-01 00:00:00;1\n2020-03-01 01:00:00;2\n", ""),
        ("when,t\n2020-03-01T00:00:00,1\n2020-03-01T01:00:00,2\n", ""),
        ("when,t\n2020-03-01 00:00,1\n2020-03-01 01:00,2", ""),
        ("when,t\n01.03.2020 00:00:00,1\n\n01.03.2020 01:00:00,2\n", ""),
        ('"when","t"\n"3/1/20 12 AM","1"\n"3/1/20 1 AM","2"\n', "%m/%d/%y %I %p"),
        ("when,t\n1:03:2020 0h,1\n1:03:2020 1h,2\n", "%d:%m:%Y %Hh"),
        ("when,t\n00:00 01.03.20,1\n01:00 01.03.20,2\n", "%H:%M %d.%m.%y"),
        ("when,t\n2020-03-01 02:00+0200,1\n2020-03-01 03:00+0200,2\n", "%Y-%m-%d %H:%M%z"),
    ],
)
def test_other_files_are_read_too(tmp_path: Path, content: str, date_format: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(content)
    found = read(path, "t", time_column="when", date_format=date_format)
    assert found.values.tolist() == [[1.0], [2.0]]
    assert found.seconds.tolist() == [first_second(), first_second() + 3600]


def test_the_hour_and_the_day_of_the_year_are_made_from_the_time(tmp_path: Path) -> None:
    found = read(station(tmp_path, course(30)) / NAME, "hour", "year")
    assert found.values[:, 0].tolist() == [k % 24 for k in range(30)]
    assert np.diff(found.values[:, 1]) == pytest.approx(1 / 24)
    path = tmp_path / "own.csv"
    path.write_text("when,hour\n2020-03-01 00:00:00,7\n2020-03-01 01:00:00,8\n")
    assert read(path, "hour", time_column="when").values.tolist() == [[7.0], [8.0]]  # the file's own column wins


@pytest.mark.parametrize("cell", ["-9999", "-9999.00", "", " ", "nan", "inf"])
def test_missing_readings_are_missing(tmp_path: Path, cell: str) -> None:
    found = read(station(tmp_path, [1.5, cell, 2.5]) / NAME)
    assert np.isnan(found.values[:, 0]).tolist() == [False, True, False]


def test_rows_that_repeat_earlier_ones_are_dropped_and_counted(tmp_path: Path) -> None:
    def repeat(lines: list[str]) -> None:
        lines[21:21] = lines[11:16]  # a block stands twice, so the dates jump back
        lines.append(lines[-1])

    found = read(station(tmp_path, course(30), change=repeat) / NAME)
    assert found.values[:, 0].tolist() == course(30).tolist()
    assert found.rows == 36
    assert found.repeated == 6
    assert found.notes == (
        "The rows go back in time once, first from 2020-03-01 19:00 to 2020-03-01 10:00, and were sorted.",
        "6 rows repeat earlier ones exactly and were dropped.",
    )


def test_files_follow_one_another(tmp_path: Path) -> None:
    when, values = hours(40), course(40)
    for name, part in (("a.csv", slice(0, 20)), ("b.csv", slice(20, 40))):
        station(tmp_path, values[part], when[part], name=name)
    both = readings.read([tmp_path / "a.csv", tmp_path / "b.csv"], ["T (degC)"], "Date Time")
    assert both.values[:, 0].tolist() == values.tolist()
    turned = readings.read([tmp_path / "b.csv", tmp_path / "a.csv"], ["T (degC)"], "Date Time")
    assert turned.values[:, 0].tolist() == values.tolist()
    assert turned.notes == (
        "The rows go back in time once, first from 2020-03-02 15:00 to 2020-03-01 00:00, and were sorted.",
    )


@pytest.mark.parametrize(
    ("line", "text", "sentence"),
    [
        (
            12,
            "01.03.2020 11:00:00,warm,1",
            r"line 13: T \(degC\) is 'warm', where a number was expected: .* task\.missing",
        ),
        (12, "01.03.2020 11:00:00,1", r"line 13: 2 cells, where there are 3 column names\.$"),
        (
            12,
            "1 March 2020,1,1",
            r"line 13: '1 March 2020' is no time in a known form .* task\.date_format, .*time_column",
        ),
        (12, "31.02.2020 11:00:00,1,1", r"line 13: '31\.02\.2020 11:00:00' is no day or time of day in a known form: "),
        (12, "01.03.2020 25:00:00,1,1", r"line 13: '01\.03\.2020 25:00:00' is no day or time of day in a known form: "),
        (1, "soon,1,1", r"line 2: 'soon' is no time in a known form "),
        (0, "x" * 200_000, r"line 1 is not CSV: field larger than field limit"),
        (
            0,
            "Date Time,Temp,PAR",
            r"line 1: there is no column 'T \(degC\)': .*task\.features .*; its columns are: Date Time, Temp, PAR",
        ),
        (
            0,
            "When,T (degC),PAR",
            r"line 1: there is no column 'Date Time': .* task\.time_column; its columns are: When, T \(degC\), PAR\.$",
        ),
    ],
    ids=[
        "no number",
        "cells",
        "format",
        "no such day",
        "no such hour",
        "first row",
        "endless",
        "no column",
        "no time",
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: int, text: str, sentence: str) -> None:
    def change(lines: list[str]) -> None:
        lines[line] = text

    with pytest.raises(DataError, match=rf"mpi_roof_2020\.csv {sentence}"):
        read(station(tmp_path, course(30), change=change) / NAME)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", r"is empty: fetch it again\.$"),
        (b"Date Time,T (degC)\n", r"holds no reading: "),
        (b"\n\n", r"line 1: '' names no columns: commas, semicolons, tabs or bars must separate them\.$"),
        ("Date Time,T (degC)\n".encode("utf-16"), r"holds no reading: "),
        (
            "Date Time,T (degC)\n".encode("utf-16-le"),
            r"seems to be UTF-16 text without a mark: save it as UTF-8\.$",
        ),
    ],
    ids=["empty", "only a head", "blank", "UTF-16", "no mark"],
)
def test_a_file_without_readings_is_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(DataError, match=rf"mpi_roof_2020\.csv {sentence}"):
        read(tmp_path / NAME)


def test_a_zipped_file_is_read_and_a_truncated_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "jena.csv.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(station(tmp_path, course(30)) / NAME, "jena.csv")
    assert read(path).values[:, 0].tolist() == course(30).tolist()
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"jena\.csv\.zip .*fetch it again\.$"):
        read(path)


@pytest.mark.data
def test_the_real_file_and_its_fifteen_columns_are_read_alike(real_data: Path, tmp_path: Path) -> None:
    path = real_data / "climate" / "mpi_roof_2024.csv"
    whole = read(path, *FEATURES)
    assert whole.values.shape == (19_132, 7)
    assert not np.isnan(whole.values).any()
    assert readings.format_time(whole.seconds[0]) == "2024-06-09 11:40"
    rows = csv.DictReader(io.StringIO(path.read_bytes().decode("latin-1")))
    with (tmp_path / "jena.csv").open("w", newline="") as file:
        cut = csv.DictWriter(file, JENA_COLUMNS, extrasaction="ignore")
        cut.writeheader()
        cut.writerows(rows)
    again = read(tmp_path / "jena.csv", *FEATURES)
    assert np.array_equal(again.values, whole.values)
    assert np.array_equal(again.seconds, whole.seconds)
    wind = read(path, "max. PAR (µmol/m²/s)")
    assert np.isnan(wind.values).sum() == 18  # -9999


def test_times_are_written_as_a_person_reads_them() -> None:
    assert readings.format_time(first_second()) == written(START)[6:10] + "-03-01 00:00"
