"""Files as loggers and spreadsheets write them: read right, or refused with the setting that cures it; all is told."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from climate_files import START, course, hours, small

from tasks.base import DataError
from tasks.climate import data as climate
from tasks.climate import readings, times
from tasks.climate.readings import Readings

N = 300
VALUES = course(N)
SECONDS = int(START.replace(tzinfo=UTC).timestamp()) + 3_600 * np.arange(N)


def iso(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M}"


def lines(
    when: Callable[[datetime], str] = iso, values: Sequence[object] = VALUES.tolist(), between: str = ","
) -> list[str]:
    return [f"{when(t)}{between}{value}" for t, value in zip(hours(N), values, strict=True)]


def text(rows: Sequence[str], head: str = "when,t", end: str = "\n") -> str:
    return end.join([head, *rows]) + end


def read(folder: Path, content: str | bytes, **changes: Any) -> Readings:
    path = folder / "own.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return readings.read([path], ["t"], **{"time_column": "when", **changes})


def zipped(name: str, content: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def comma(value: object) -> str:
    return str(value).replace(".", ",")


def midnight_as_24(time: datetime) -> str:
    return f"{time - timedelta(days=1):%d.%m.%Y} 24:00" if time.hour == 0 else f"{time:%d.%m.%Y %H:%M}"


def midnight_as_a_date(time: datetime) -> str:
    return f"{time:%d.%m.%Y}" if time.hour == 0 else f"{time:%d.%m.%Y %H:%M:%S}"


def seconds_of(time: datetime) -> int:
    return int(time.replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        (
            "\ufeff"
            + text([f'"{row.replace(",", chr(34) + "," + chr(34))}"' for row in lines()], '"when","t"', "\r\n"),
            [],
        ),
        (text(lines(), end="\r"), []),
        (text(lines(between="\t"), "when\tt").encode("utf-16"), []),
        (gzip.compress(text(lines()).encode()), []),
        (zipped("own.csv", text(lines())), []),
        (text(lines(lambda t: f"{t:%Y-%m-%dT%H:%M:%S}.123Z")), []),
        (
            text(lines(lambda t: f"{t + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}+02:00")),
            ["Times were turned into UTC by the offsets written with them."],
        ),
        (text(lines(lambda t: f"{t:%m/%d/%Y %I:%M %p}")), []),
        (text(lines(lambda t: f"{t:%d/%m/%Y %H:%M}")), []),
        (text(lines(lambda t: f"{t:%d.%m.%y %H:%M}")), []),
        (text(lines(lambda t: f"{t.year}/{t.month}/{t.day} {t.hour}:00")), []),
        (text(lines(lambda t: str(seconds_of(t)))), []),
        (text(lines(lambda t: f"{seconds_of(t)}000")), []),
        (text(lines(lambda t: f"{t:%Y%m%d%H}", between=";"), "when;t"), []),
        (text(lines(lambda t: f"{t:%Y%m%dT%H%M%S}")), []),
        (text(lines(midnight_as_24)), []),
        (text(lines(midnight_as_a_date)), []),
        (
            text(lines(values=[comma(v) for v in VALUES], between=";"), "when;t"),
            ["300 numbers with a comma were read as decimals (1,5 as 1.5)."],
        ),
        (text(lines(values=[str(v).replace("-", "\N{MINUS SIGN}") for v in VALUES])), []),
        (text(lines()[::-1]), ["The rows run backwards in time and were turned round."]),
        (
            text([*lines()[:9], lines()[10], lines()[9], *lines()[11:]]),
            ["The rows go back in time once, first from 2020-03-01 10:00 to 2020-03-01 09:00, and were sorted."],
        ),
        (
            text(lines(), "# station 5\n# 155 m\nwhen,t"),
            ["own.csv: what stands above the column names in line 3 was passed over."],
        ),
        (
            text([*lines()[:9], "when,t", *lines()[9:]]),
            ["own.csv: 1 more line of column names passed over."],
        ),
        (text([*lines()[:9], ",5", *lines()[9:]]), ["1 row without a time was left out."]),
        (text([f"{row},,," for row in lines()]), []),
    ],
    ids=[
        *("BOM, CRLF, quotes", "CR", "UTF-16", "gzip", "zip", "ISO Z fraction", "offset", "AM/PM", "day first"),
        *("short year", "unpadded", "Unix", "Unix ms", "yyyymmddhh", "compact", "24:00", "dates alone", "comma"),
        *("minus sign", "backwards", "swapped", "lines above", "names twice", "no time", "empty cells"),
    ],
)
def test_it_just_works(tmp_path: Path, content: str | bytes, notes: list[str]) -> None:
    found = read(tmp_path, content)
    assert found.seconds.tolist() == SECONDS.tolist()
    assert found.values[:, 0].tolist() == VALUES.tolist()
    assert list(found.notes) == notes


def test_a_date_and_a_time_may_stand_apart(tmp_path: Path) -> None:
    rows = [f"{t:%d/%m/%Y};{t:%H.%M.%S};{comma(v)};;" for t, v in zip(hours(N), VALUES, strict=True)]
    found = read(tmp_path, text([*rows, *[";;;;"] * 114], "Date;Time;t;;"), time_column="Date,Time")
    assert found.seconds.tolist() == SECONDS.tolist()
    assert found.values[:, 0].tolist() == VALUES.tolist()
    assert found.notes[0] == "114 rows without a time were left out."
    assert (found.rows, found.untimed) == (N + 114, 114)


@pytest.mark.parametrize(
    ("content", "changes", "sentence"),
    [
        (
            gzip.compress(text(lines()).encode())[:-9],
            {},
            r"is truncated or damaged, not a whole archive: fetch it again",
        ),
        (zipped("xl/workbook.xml", "<x/>"), {}, r"is an Excel workbook: save its sheet as CSV\.$"),
        (text([*lines()[:9], "2020-03-01 09:00Z,5"]), {}, r"line 11: '2020-03-01 09:00Z' and .* offset from UTC"),
        (
            text(lines(lambda t: f"{t:%d/%m/%Y %H:%M}")[:240]),
            {},
            r"line 2: .* set task\.date_format to %d/%m/%Y %H:%M or %m/%d",
        ),
        (
            text(lines(lambda t: f"{t:%d/%m/%y}")),
            {},
            r"line 2: '01/03/20' is no day or time of day .* task\.date_format",
        ),
        (text(["13/01/2020,1", "01/13/2020,1"]), {}, r"line 3: '01/13/2020' is no date with the day first"),
        (text(lines(lambda t: f"{t:%d-%b-%Y}")), {}, r"line 2: '01-Mar-2020' is no time .* task\.date_format"),
        (text([f"{k},1" for k in range(9)]), {}, r"line 2: '0' is no time .* task\.time_column"),
        (
            text(lines()),
            {"date_format": "%d/%m/%Y"},
            r"line 2: .* where %d/%m/%Y was expected: correct .* task\.date_format",
        ),
        (text([",1", ",2"]), {}, r"line 2: the column when is empty: name another with task\.time_column"),
        (text(lines(values=["ERR"] * N)), {}, r"line 2: t is 'ERR', where a number .* task\.missing"),
        (text(lines(values=['"1,5"'] * N)), {}, r"line 2: t is '1,5', with a comma: set task\.decimal=comma"),
        (text(lines(values=["1,5"] * N)), {}, r"line 2: 3 cells, where there are 2 column names: .* decimal commas"),
        (text(lines(values=["1.234,5"] * N, between=";"), "when;t"), {}, r"line 2: t is '1\.234,5', .* of thousands"),
        (text(["2020-01-01;1,5", "2020-01-02;1.5"], "when;t"), {}, r"line 2: t is '1,5' here and '1\.5' elsewhere"),
        (text(lines(values=[""] * N)), {}, r"the column 't' holds no reading, all of its 300 cells .* task\.features"),
        (text([f"{row},1" for row in lines()], "when,t,t"), {}, r"line 1: 2 columns are called 't': rename them"),
        (text(lines(between="   "), "when   t"), {}, r"line 1: 'when   t' names no columns: commas, semicolons"),
        (text(lines(), "when,UTC\nwhen,t\nUTC,degC"), {}, r"line 3: 'UTC' is no time"),
        (text([*lines(), "2020-03"]), {}, r"line 302: 1 cell, where there are 2 column names"),
    ],
    ids=lambda value: "packed" if isinstance(value, bytes) else None,  # packed with the time of day
)
def test_what_cannot_be_read_names_its_cure(
    tmp_path: Path, content: str | bytes, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        read(tmp_path, content, **changes)


@pytest.mark.parametrize(
    ("values", "changes"),
    [
        (lines(values=['"' + comma(v) + '"' for v in VALUES]), {"decimal": "comma"}),
        (lines(lambda t: f"{t:%d-%b-%Y %H:%M}"), {"date_format": "%d-%b-%Y %H:%M"}),
        (lines(lambda t: f"{t:%m/%d/%y %H:%M}"), {"date_format": "%m/%d/%y %H:%M"}),
    ],
)
def test_the_settings_cure_it(tmp_path: Path, values: list[str], changes: dict[str, Any]) -> None:
    found = read(tmp_path, text(values), **changes)
    assert found.seconds.tolist() == SECONDS.tolist()
    assert found.values[:, 0].tolist() == VALUES.tolist()
    assert found.notes == ()


def test_marks_of_missing_readings_are_counted(tmp_path: Path) -> None:
    values: list[object] = VALUES.tolist()
    values[10:16] = ["NA", "--", "", "#N/A", "ERR", "ERR"]
    found = read(tmp_path, text(lines(values=values)), missing="ERR, 77,n.s.")
    assert np.isnan(found.values[:, 0]).nonzero()[0].tolist() == list(range(10, 16))
    assert found.notes == (
        "5 cells marked as missing: ERR 2, NA 1, -- 1, #N/A 1.",
        "task.missing names 77, n.s., which stands in no cell.",
    )


@pytest.mark.parametrize(
    ("values", "sentinels", "note"),
    [
        (
            VALUES,
            {5: -200.0, 6: -200.0},
            "t is -200 2 times, far outside its other readings ({low:g} to {high:g}): taken for missing.",
        ),
        (
            VALUES,
            {5: -999.0},
            "t is -999 once, far outside its other readings ({low:g} to {high:g}): taken for missing.",
        ),
        (
            VALUES,
            {5: 1e20},
            "t is 1e+20 once, far outside its other readings ({low:g} to {high:g}): taken for missing.",
        ),
        (
            np.arange(N) % 5 + 20.0,  # few levels
            {5: -200.0, 6: -200.0},
            "t is -200 2 times, far outside its other readings ({low:g} to {high:g}): taken for missing.",
        ),
        (
            np.full(N, 7.0),
            {5: -999.0},
            "t is -999 once, far outside its other readings ({low:g} to {high:g}): taken for missing.",
        ),
        (
            np.abs(VALUES) * 100,  # the range of the others is wider than the gap to them
            {5: -200.0, 6: -200.0, 7: -200.0},
            "t is -200 3 times, far outside its other readings ({low:g} to {high:g}): taken for missing.",
        ),
    ],
)
def test_values_that_loggers_write_for_a_missing_reading_are_missing(
    tmp_path: Path, values: Any, sentinels: dict[int, float], note: str
) -> None:
    values = np.round(values, 2)
    values[list(sentinels)] = list(sentinels.values())
    found = read(tmp_path, text(lines(values=values.tolist())))
    assert np.isnan(found.values[:, 0]).nonzero()[0].tolist() == list(sentinels)
    rest = np.delete(values, list(sentinels))
    assert found.notes == (note.format(low=rest.min(), high=rest.max()),)


def test_an_unknown_value_far_outside_is_told_and_its_cure_works(tmp_path: Path) -> None:
    values = VALUES.copy()
    values[100:104] = 7777
    content = text(lines(values=values.tolist()))
    found = read(tmp_path, content)
    assert found.values[100:104, 0].tolist() == [7777] * 4
    (note,) = found.notes
    assert note.startswith("t is 7777 4 times, far outside its other readings (")
    assert note.endswith("): if that marks a missing reading, set task.missing=7777.")
    cured = read(tmp_path, content, missing="7777")
    assert np.isnan(cured.values[:, 0]).nonzero()[0].tolist() == [100, 101, 102, 103]
    assert cured.notes == ("4 cells marked as missing: 7777 4.",)


def test_several_known_values_alone_below_zero_are_missing_at_any_distance(tmp_path: Path) -> None:
    values = np.linspace(650, 2040, N).round(1)
    values[10:40], values[50:55] = -200, -999
    values[60:62] = 99999
    found = read(tmp_path, text(lines(values=values.tolist())))
    assert np.isnan(found.values[:, 0]).nonzero()[0].tolist() == [*range(10, 40), *range(50, 55), 60, 61]
    far = "far outside its other readings (650 to 2040): taken for missing."
    assert found.notes == (
        f"t is -999 5 times, {far}",
        f"t is -200 30 times, {far}",
        f"t is 99999 2 times, {far}",
    )


@pytest.mark.parametrize(
    ("values", "value", "count"),
    [
        (np.linspace(-10, 40, N).round(2), -200.0, 1),
        (np.linspace(650, 2040, N).round(1), -200.0, 1),
        (np.arange(N) % 6 * 278 + 650.0, -200.0, 30),  # few levels, and no gap as wide as their range
        (np.zeros(N), 999.0, 3),
    ],
    ids=["once", "once, alone below zero", "levels", "constant"],
)
def test_a_known_value_that_may_be_a_reading_is_kept_and_told(
    tmp_path: Path, values: Any, value: float, count: int
) -> None:
    values = values.copy()
    values[5 : 5 + count] = value
    found = read(tmp_path, text(lines(values=values.tolist())))
    assert found.values[:, 0].tolist() == values.tolist()
    (note,) = found.notes
    times = "once" if count == 1 else f"{count} times"
    assert note.startswith(f"t is {value:g} {times}, far outside its other readings (")
    assert note.endswith(f"): if that marks a missing reading, set task.missing={value:g}.")


@pytest.mark.parametrize("others", [["5"] * 10, ["5"] * 9 + ["NA"]], ids=["plain", "marked"])
def test_an_underscore_is_no_part_of_a_number(tmp_path: Path, others: list[str]) -> None:
    content = text([f"{iso(t)},{v}" for t, v in zip(hours(11), ["1_000", *others], strict=True)])
    with pytest.raises(DataError, match=r"line 2: t is '1_000', with an underscore, .* leave out separators of"):
        read(tmp_path, content)
    found = read(tmp_path, content, missing="1_000")
    assert np.isnan(found.values[0, 0])


@pytest.mark.parametrize(
    "values",
    [
        VALUES * 30 - 200,  # -200 amid readings of its kind
        np.where(np.arange(N) % 20 < 18, 0.0, np.arange(N) / 50),  # rain: mostly none
        np.where(np.arange(N) == 50, 80.0, VALUES),  # one gust
        np.arange(N) % 2,
        np.minimum(np.arange(N), 100.0),  # saturated
        np.arange(N) % 4 * 200.0 - 200,  # -200, 0, 200, 400
        np.arange(N) % 2 + 999.0,  # 999 and 1000 hPa
        np.arange(N) % 2 - 99.0,  # -99 and -98 dBm
        np.arange(N) / 10 + 985.0,  # 999 amid readings
        np.full(N, -200.0),
    ],
    ids=["wide", "rain", "gust", "switch", "saturated", "levels", "pressure", "signal", "amid", "constant"],
)
def test_readings_are_no_sentinels(tmp_path: Path, values: Any) -> None:
    found = read(tmp_path, text(lines(values=np.asarray(values).tolist())))
    assert found.values[:, 0].tolist() == np.asarray(values).tolist()
    assert found.notes == ()


def load(folder: Path, rows: Sequence[str], head: str = "when,t", **changes: Any) -> climate.ClimateData:
    path = folder / "own.csv"
    path.write_text(text(rows, head))
    settings = small(**{"csv": str(path), "time_column": "when", "target": "t", "features": "t", **changes})
    settings.check()
    return climate.load(settings, folder)


LONG = [f"{iso(t)},{v}" for t, v in zip(hours(900), course(900), strict=True)]


def test_columns_without_use_are_told(tmp_path: Path) -> None:
    data = load(tmp_path, [f"{row},7" for row in LONG], "when,t,c", features="t,c")
    assert data.notes == (
        "own.csv: t is forecast (task.target) from t, c (task.features), its times are in when (task.time_column).",
        "There is a reading every 1 h: 48 (2 days) are read and the next 24 (1 day) forecast (task.history, "
        "task.horizon).",
        "c is 7 in the whole training part: the network learns nothing from it.",
    )
    with pytest.raises(
        DataError, match=r"The target 't' is 5 in the whole training part: there is nothing to forecast"
    ):
        load(tmp_path, [f"{row.split(',')[0]},5" for row in LONG])
    gaps = [f"{row},{k if k % 100 > 60 else ''}" for k, row in enumerate(LONG)]
    with pytest.raises(DataError, match=r"the train split, .* without a long gap: 'c' is missing in .* task\.features"):
        load(tmp_path, gaps, "when,t,c", features="t,c")


@pytest.mark.parametrize("year", ["2091", "2021", "1970"])
def test_a_date_far_off_is_named_with_its_line(tmp_path: Path, year: str) -> None:
    rows = list(LONG)
    rows[400] = rows[400].replace("2020", year)
    with pytest.raises(DataError) as error:
        load(tmp_path, rows)
    assert str(error.value) == (
        f"{tmp_path / 'own.csv'} line 402: {rows[400].partition(',')[0]!r} lies far off the other times, from "
        "2020-03-01 00:00 to 2020-04-07 11:00: correct the date, or leave the row out."
    )


def test_a_series_in_two_parts_has_no_wrong_date() -> None:
    parts = np.concatenate([SECONDS, SECONDS + 366 * 86_400])
    assert times.far_off(parts) is None
    assert times.far_off(np.append(SECONDS, SECONDS[-1] + 5 * 86_400)) is None  # a pause shorter than the series
    assert times.far_off(np.append(SECONDS, SECONDS[0] - 366 * 86_400)) == (N, 0, N - 1)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"date_format": "yyyy-mm-dd"},
            r"^task\.date_format=yyyy-mm-dd is no form of a time: write it as in strptime, ",
        ),
        ({"step": 7_000}, r"^task\.step=7000 seconds make no whole day: give 600 or 3600, for instance\.$"),
    ],
)
def test_settings_that_say_nothing_are_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        small(**changes).check()
