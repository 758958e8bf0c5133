"""A series of one's own: its times, columns and windows are seen in its file; what cannot be seen is asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import series_shapes
from climate_files import course, hours
from hypothesis import given
from hypothesis import strategies as st

from tasks.base import DataError
from tasks.climate import guesses, sample, spans
from tasks.climate.settings import FEATURES, Settings
from tasks.climate.task import Task
from workbench.config import spec
from workbench.config.spec import SpecError
from workbench.tui.lab.selection import Selection
from workbench.tui.services.data_preview import words_for


def own(folder: Path, content: str, **given: Any) -> dict[str, Any]:
    """Settings that are guessed of a file."""
    path = folder / "own.csv"
    path.write_text(content)
    return dict(Settings.guess({"csv": str(path), **given}))


def hourly(when: Callable[[datetime], str], head: str, end: str = ",5,x", count: int = 300) -> str:
    rows = [f"{when(t)},{v}{end}" for t, v in zip(hours(count), course(count), strict=True)]
    return "\n".join([head, *rows]) + "\n"


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (series_shapes.transformers, ("date", "OT", "hour,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT", 120, 48, 1, 1)),
        (series_shapes.air_quality, ("Date,Time", "CO(GT)", "hour,CO(GT),PT08.S1(CO),T", 120, 48, 1, 1)),
        (
            series_shapes.particles,
            ("year,month,day,hour", "pm2.5", "hour,pm2.5,DEWP,TEMP,PRES,Iws,Is,Ir", 120, 48, 1, 1),
        ),
        (
            series_shapes.household,
            (
                "Date,Time",
                "Global_active_power",
                "hour,Global_active_power,Global_reactive_power,Voltage,Global_intensity,Sub_metering_1,Sub_metering_2,"
                "Sub_metering_3",
                *(7_200, 2_880, 60, 60),
            ),
        ),
    ],
    ids=["transformers", "air quality", "particles", "household"],
)
def test_public_shapes_are_read_as_they_are(
    tmp_path: Path, shape: Callable[[Path], Path], expected: tuple[Any, ...]
) -> None:
    names = ("time_column", "target", "features", "history", "horizon", "stride", "patch_length")
    found = guesses.guess({"csv": str(shape(tmp_path / "own.csv"))})
    assert found == dict(zip(names, expected, strict=True))


@pytest.mark.parametrize(
    ("head", "when", "columns"),
    [
        ("a,t,x,word", lambda t: f"{t:%Y-%m-%dT%H:%MZ}", "a"),
        ("when,t,x,word", lambda t: f"{t:%m/%d/%Y %I:%M %p}", "when"),
        ("Zeit,t,x,word", lambda t: f"{t:%d.%m.%Y %H:%M}", "Zeit"),
        ("n,t,x,word", lambda t: f"{t:%Y%m%d%H}", "n"),
        ("day,Time,t,x", lambda t: f"{t:%Y/%m/%d},{t:%I:%M %p}", "day,Time"),
        ("dteday,hr,t,x", lambda t: f"{t:%Y-%m-%d},{t.hour}", "dteday,hr"),
        ("yr,mo,dd,hh,mi,t", lambda t: f"{t.year},{t.month},{t.day},{t.hour},0", "yr,mo,dd,hh,mi"),
        ("Month,Day,Year,t,x", lambda t: f"{t.month},{t.day},{t.year}", "Year,Month,Day"),
    ],
    ids=["content", "month first", "dotted", "compact", "two", "hour", "five", "another order"],
)
def test_the_columns_of_the_time_are_found(
    tmp_path: Path, head: str, when: Callable[[datetime], str], columns: str
) -> None:
    count = len(head.split(","))
    end = ",5,x"[: 2 * max(0, count - len(when(datetime(2020, 1, 1)).split(",")) - 1)]
    found = own(tmp_path, hourly(when, head, end))
    assert found["time_column"] == columns
    assert found["target"] == "t"


def test_a_time_and_one_value_are_enough(tmp_path: Path) -> None:
    found = own(tmp_path, hourly(str, "date,flow (m3/s)", ""))
    assert (found["target"], found["features"]) == ("flow (m3/s)", "hour,flow (m3/s)")
    described = spec.make("climate", "lstm", {"task.csv": str(tmp_path / "own.csv")})
    assert described.settings.unit == "m3/s"
    data = Task.load(described.settings, tmp_path)
    assert data.features.shape == (300, 2)
    assert [data.size(split) for split in ("train", "val", "test")] == [175, 10, 10]  # type: ignore[arg-type]


def test_what_is_set_is_not_guessed_and_the_rest_goes_with_it(tmp_path: Path) -> None:
    content = hourly(str, "date,t,x", ",5")
    given = {"target": "x", "history": 100, "features": "t,x"}
    found = own(tmp_path, content, **given)
    assert not given.keys() & found.keys()
    assert found["patch_length"] == 1
    assert own(tmp_path, content, features="x,hour")["target"] == "x"
    ten = "\n".join(["date,t", *(f"{datetime(2020, 1, 1) + timedelta(minutes=10 * k)},{k % 7}" for k in range(9_000))])
    assert own(tmp_path, ten, history=100)["patch_length"] == 5
    assert own(tmp_path, ten)["history"] == 720  # the station's own


def test_the_run_s_description_keeps_what_was_guessed(tmp_path: Path) -> None:
    path = series_shapes.transformers(tmp_path / "own.csv")
    described = spec.make("climate", "lstm", {"task.csv": str(path), "task.horizon": 24})
    again = spec.from_json(described.to_json())
    assert again == described
    path.unlink()
    changed = spec.changed(again)
    assert changed["task.target"] == "OT"
    assert changed["task.history"] == 120
    assert changed["task.stride"] == 1
    assert spec.make("climate", "lstm", changed) == described  # without the file


def test_a_file_without_times_asks_for_the_step_and_takes_it(tmp_path: Path) -> None:
    content = "\n".join(["flow", *map(str, course(600))]) + "\n"
    with pytest.raises(SpecError) as error:
        own_spec(tmp_path, content)
    assert str(error.value) == (
        f"{tmp_path / 'own.csv'} line 1: no column holds times (flow): name it with task.time_column and its form with "
        "task.date_format, or, where there is none, set task.step to the seconds between one row and the next (3600)."
    )
    settings = own_spec(tmp_path, content, step=3600).settings
    assert (settings.time_column, settings.features, settings.history) == ("", "flow", 48)
    data = Task.load(settings, tmp_path)
    assert len(data.target) == 600
    assert (
        "own.csv holds no times: its 600 rows are taken as 1 h apart (task.step), counted from 1970-01-01 00:00 on."
        in data.notes
    )


def own_spec(folder: Path, content: str, **values: Any) -> spec.RunSpec:
    path = folder / "own.csv"
    path.write_text(content)
    return spec.make("climate", "lstm", {"task.csv": str(path), **{f"task.{k}": v for k, v in values.items()}})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "2020-01-01,5\n2020-01-02,6\n",
            r"own\.csv names no columns, or has no readings below them: a line of column ",
        ),
        ("date,t\n", r"own\.csv names no columns, or has no readings below them: "),
        ("", r"own\.csv is empty"),
        (
            "date,t,word\n" + "".join(f"{t},x,\n" for t in hours(50)),
            r"line 1: no column can be forecast: t holds no numbers, word is empty; one of "
            r"numbers, with a name of its own, is expected\.$",
        ),
        ("a b c\n1 2 3\n1 2 3\n", r"line 1: no column holds times \(a b c\): name it with task\.time_column"),
    ],
    ids=["no names", "no rows", "nothing", "no numbers", "blanks between"],
)
def test_what_cannot_be_a_series_is_refused_with_its_cure(tmp_path: Path, content: str, sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        own_spec(tmp_path, content)


def test_columns_that_cannot_be_read_are_left_out_with_their_reason(tmp_path: Path) -> None:
    rows = [
        f"{k},{t},{v},NW,,{'' if k % 3 else 4},{k % 5},{k % 4 or 'ERR'},-999"
        for k, (t, v) in enumerate(zip(hours(300), course(300), strict=True))
    ]
    settings = own_spec(tmp_path, "\n".join(["no,date,t,wind,gap,thin,a,err,gone", *rows])).settings
    assert settings.features == "hour,t,a"
    (told,) = (note for note in Task.load(settings, tmp_path).notes if note.startswith("Columns that are left out"))
    assert told == (
        "Columns that are left out: no (numbers the rows), wind (holds no numbers), gap (is empty), thin (is missing "
        "in 67% of the rows looked at), err (holds words ('ERR') among its numbers), gone (is missing in 100% of the "
        "rows looked at)."
    )


def test_a_large_file_is_looked_at_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = series_shapes.particles(tmp_path / "own.csv", 20_000)
    whole = guesses.guess({"csv": str(path)})
    monkeypatch.setattr(sample, "_WHOLE", 1 << 16)
    monkeypatch.setattr(sample, "_PIECE", 1 << 14)
    sample._take.cache_clear()
    taken = sample.take(path)
    assert taken is not None
    assert taken.rows == pytest.approx(20_000, rel=0.05)
    assert taken.spread[-1][0] == "20000"
    assert guesses.guess({"csv": str(path)}) == whole
    sample._take.cache_clear()


@given(st.integers(1, 86_400), st.integers(0, 10**7))
def test_guessed_windows_fit_together_and_are_a_day_at_least(seconds: int, ticks: int) -> None:
    step = spans.whole_step(spans.near_step(seconds))
    assert 86_400 % step == 0
    found = spans.windows(step, ticks, {})
    history, horizon = int(found["history"]), int(found["horizon"])
    assert 86_400 // step <= history <= 100_000
    assert 1 <= horizon <= 10_000
    assert history % int(found["patch_length"]) == 0
    if ticks >= 50 * 86_400 // step and ticks > 400:
        assert (history + horizon) * 1.2 <= 0.15 * ticks


@pytest.mark.parametrize(
    ("seconds", "step"), [(600, 600), (605, 605), (1, 60), (7 * 3_600, 8 * 3_600), (450, 450), (86_400, 86_400)]
)
def test_a_distance_that_makes_no_day_or_too_many_readings_is_a_longer_one(seconds: int, step: int) -> None:
    assert spans.whole_step(seconds) == step if seconds != 605 else spans.near_step(seconds) == 600


def test_readings_a_second_apart_are_averaged_by_the_minute(tmp_path: Path) -> None:
    rows = [f"{datetime(2020, 1, 1) + timedelta(seconds=20 * k)},{k % 60}" for k in range(600)]
    found = own(tmp_path, "\n".join(["time,t", *rows]))
    assert "step" not in found
    rows = [f"{datetime(2020, 1, 1) + timedelta(seconds=k)},{k % 60}" for k in range(600)]
    assert own(tmp_path, "\n".join(["time,t", *rows]))["step"] == 60


def test_a_preview_tells_columns_span_and_what_is_lost(tmp_path: Path) -> None:
    settings = spec.make("climate", "lstm", {"task.csv": str(series_shapes.particles(tmp_path / "own.csv"))}).settings
    shown = Task.preview(settings, tmp_path)
    assert shown.columns[:5] == ["year", "month", "day", "hour", "pm2.5"]
    assert shown.rows[0][:5] == ["2010", "1", "1", "0", "NA"]
    assert "The target is pm2.5 (task.target)." in shown.guessed
    assert "The times are in year,month,day,hour (task.time_column)." in shown.guessed
    assert "Missing readings by column: pm2.5 24." in shown.dropped
    assert "Columns that are left out: No (numbers the rows), cbwd (holds no numbers)." in shown.dropped
    assert "24 cells marked as missing: NA 24." in shown.dropped
    assert shown.notes[0] == (
        "2,000 readings, one every 1 h, 2010-01-01 00:00 to 2010-03-25 07:00; a split counts its windows."
    )
    assert shown.splits == {"train": 1_400 - 24 - 167, "val": 133, "test": 133}
    assert not set(shown.dropped) & set(shown.notes)


def test_the_hour_is_made_from_a_column_of_the_time(tmp_path: Path) -> None:
    path = series_shapes.particles(tmp_path / "own.csv", 1_200)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:700], *lines[703:]]) + "\n")  # a gap that is bridged
    settings = spec.make("climate", "lstm", {"task.csv": str(path)}).settings
    data = Task.load(settings, tmp_path)
    hour = data.features[:, 0] * data.state["spread"][0] + data.state["mean"][0]
    assert np.allclose(hour.numpy(), np.arange(1_200) % 24, atol=1e-4)


def test_weekly_rows_are_taken_as_they_follow_one_another(tmp_path: Path) -> None:
    rows = [f"{datetime(2000, 1, 1) + timedelta(days=7 * k)},{v}" for k, v in enumerate(course(500))]
    settings = own_spec(tmp_path, "\n".join(["week,t", *rows]), time_column="", step=86_400).settings
    assert (settings.features, settings.history, settings.horizon) == ("t", 28, 7)
    data = Task.load(settings, tmp_path)
    assert len(data.target) == 500
    assert "Columns that are left out: week (holds no numbers)." in data.notes


def test_capitals_next_to_a_name_are_no_unit() -> None:
    units = {name: Settings(target=name).unit for name in ("CO(GT)", "P (MW)", "level(m)", "T [degC]", "flow")}
    assert units == {"CO(GT)": "CO(GT)", "P (MW)": "MW", "level(m)": "m", "T [degC]": "°C", "flow": "flow"}


def test_a_series_of_ones_own_over_the_station_s_years_is_split_by_shares(tmp_path: Path) -> None:
    days = [datetime(2008, 1, 1) + timedelta(days=k) for k in range(4_000)]
    rows = [f"{t:%Y-%m-%d},{v}" for t, v in zip(days, course(4_000), strict=True)]
    settings = own_spec(tmp_path, "\n".join(["date,sales", *rows])).settings
    assert settings.features == "year,sales"
    data = Task.load(settings, tmp_path)
    assert [data.size(split) for split in ("train", "val", "test")] == [2_766, 566, 566]  # type: ignore[arg-type]


def test_a_file_with_the_station_s_columns_keeps_the_station_s_settings(tmp_path: Path) -> None:
    heads = ["Date Time", "p (mbar)", *(name for name in FEATURES if name != "hour")]
    times = [datetime(2020, 1, 1) + timedelta(minutes=10 * k) for k in range(9_000)]
    rows = [f"{t:%d.%m.%Y %H:%M:%S}" + f",{k % 7}" * (len(heads) - 1) for k, t in enumerate(times)]
    found = own(tmp_path, "\n".join([",".join(heads), *rows]))
    assert found == {"history": 720, "horizon": 288, "stride": 6, "patch_length": 6}


def test_a_form_that_asks_at_each_key_reads_the_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def take(path: Path) -> sample.Sample | None:
        read.append(path)
        return original(path)

    original = sample.take
    monkeypatch.setattr(sample, "take", take)
    path = series_shapes.transformers(tmp_path / "own.csv")
    first = Settings.guess({"csv": str(path)})
    assert Settings.guess({"csv": str(path)}) == first
    assert len(read) == 1
    assert Settings.guess({"csv": str(path), "target": "HUFL"})["features"] == first["features"]
    assert len(read) == 2
    path.write_text("date,words\n" + "2020-01-01,north\n" * 9)
    for _ in range(3):
        with pytest.raises(DataError, match=r"no column can be forecast: words holds no numbers;"):
            Settings.guess({"csv": str(path)})
    assert len(read) == 3


def test_the_lab_shows_what_is_guessed_and_takes_the_station_s_values_too(tmp_path: Path) -> None:
    path = str(series_shapes.transformers(tmp_path / "own.csv"))
    named = Selection("climate", "lstm", "", {"task.csv": path}, {})
    assert (named.seen()["task.target"], named.seen()["task.history"]) == ("OT", 120)
    longer = Selection("climate", "lstm", "", {"task.csv": path, "task.history": 720}, {})
    assert longer.seen()["task.history"] == 120
    assert longer.described().settings.history == 720
    words = words_for("climate", longer.settings(), None)
    assert "task.history=720" in words
    (tmp_path / "own.csv").write_text("a\n")
    assert named.seen() == {}
