"""The climate data: split in time without a leak, scaled from the training part, cached, recalled."""

from __future__ import annotations

import itertools
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from climate_files import NAME, START, course, hours, small, station
from hypothesis import given
from hypothesis import strategies as st

from tasks.base import DataError
from tasks.climate import data as climate
from tasks.climate import folds
from tasks.climate.data import ClimateData
from tasks.climate.settings import Settings
from tasks.climate.task import Task
from tasks.shared.datasets import locations

SPLITS = ("train", "val", "test")


def used(data: ClimateData, split: str, length: int) -> set[int]:
    """The readings that a split's windows touch."""
    return {int(row) + k for row in data.rows[split] for k in range(length)}  # type: ignore[index]


def load(folder: Path, **changes: Any) -> ClimateData:
    return climate.load(small(**changes), folder)


def test_no_window_reaches_over_a_border(tmp_path: Path) -> None:
    data = load(station(tmp_path, course(1000)))
    parts = [used(data, split, 72) for split in SPLITS]
    for (earlier, later), border in zip(itertools.pairwise(parts), (700, 850), strict=True):
        assert max(earlier) < border <= min(later)
    assert data.rows["train"].tolist() == list(range(0, 700 - 72 + 1, 5))
    assert data.rows["test"][0] == 850


def test_scaling_knows_the_training_part_only(tmp_path: Path) -> None:
    values = course(1000)
    data = load(station(tmp_path / "a", values))
    assert data.state["mean"][-1] == pytest.approx(values[:700].mean())
    assert data.state["spread"][-1] == pytest.approx(values[:700].std())
    assert data.target[:700].mean().item() == pytest.approx(0, abs=1e-5)
    assert data.target[:700].std(correction=0).item() == pytest.approx(1, abs=1e-5)
    assert torch.equal(data.features[:, 1], data.target)
    other = values.copy()
    other[700:] = other[700:] * 3 + 50
    again = load(station(tmp_path / "b", other))
    assert again.state["mean"] == data.state["mean"]
    assert torch.equal(again.target[:700], data.target[:700])


def test_a_window_is_its_history_and_its_future(tmp_path: Path) -> None:
    values = course(1000)
    data = load(station(tmp_path, values))
    rows = data.rows["val"][:3]
    features, past = data.history(rows, 48)
    assert features.shape == (3, 48, 2)
    whole = torch.cat([past, data.future(rows, 48, 24)], 1) * data.state["spread"][-1] + data.state["mean"][-1]
    for row, found in zip(rows.tolist(), whole.numpy(), strict=True):
        assert found == pytest.approx(values[row : row + 72], abs=1e-4)


def test_windows_over_long_gaps_are_dropped_and_told(tmp_path: Path) -> None:
    values: list[object] = course(1000).tolist()
    values[100:104] = [-9999.0] * 4
    values[300:310] = [-9999.0] * 10
    data = load(station(tmp_path, values), stride=1)
    hole = set(range(300, 310))
    assert not used(data, "train", 72) & hole
    starts = set(data.rows["train"].tolist())
    assert starts == {k for k in range(700 - 71) if not hole & set(range(k, k + 72))}
    assert data.notes == (
        "14 cells marked as missing: -9999 14.",
        "14 of 1,000 readings are missing or incomplete: 4 in gaps of up to 6 were interpolated, "
        "10 in longer ones were not.",
        "81 windows over long gaps were dropped.",
    )
    assert torch.isfinite(data.features).all()


def test_too_little_for_a_window_is_refused(tmp_path: Path) -> None:
    folder = station(tmp_path, course(450))
    with pytest.raises(DataError, match=r"The 67 readings from 2020-03-14 03:00 on, which are the val split, hold no"):
        load(folder)
    with pytest.raises(DataError, match=r"task\.history=12 readings are less than a day, which has 24: read more\.$"):
        load(folder, history=12)


def test_readings_that_make_no_day_are_refused(tmp_path: Path) -> None:
    times = [START + timedelta(hours=7 * k) for k in range(300)]
    with pytest.raises(DataError, match=r"Most readings are 7 h apart, which makes no whole day: .* set task\.step"):
        load(station(tmp_path, course(300), times))
    weeks = [START + timedelta(days=7 * k) for k in range(300)]
    with pytest.raises(
        DataError, match=r"Most readings are 7 days apart: at least one a day is needed\. .* task\.step=86400\.$"
    ):
        load(station(tmp_path, course(300), weeks))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no jena_climate_2009_2016\.csv or "):
        load(tmp_path)
    with pytest.raises(DataError, match=r"There is no file .*own\.csv: name one with task\.csv\.$"):
        load(tmp_path, csv=str(tmp_path / "own.csv"))


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    values = course(1000)
    lines = [f"{t:%Y-%m-%d %H:%M},{v},{2 * v}" for t, v in zip(hours(1000), values, strict=True)]
    (tmp_path / "own.csv").write_text("\n".join(["when,sales,stock", *lines]))
    settings = small(csv=str(tmp_path / "own.csv"), target="stock", features="sales, stock ,hour", time_column="when")
    assert settings.own_data == str(tmp_path / "own.csv")
    data = climate.load(settings, tmp_path / "nowhere")
    assert data.features.shape == (1000, 3)
    assert data.state["mean"][-1] == pytest.approx(2 * values[:700].mean(), rel=1e-5)


HOUR = 3600


@pytest.mark.parametrize("hours_late", [0, 1, 5000])
def test_the_years_2009_to_2016_are_split_by_year(hours_late: int) -> None:
    first = datetime(2009, 1, 1) + timedelta(hours=hours_late)
    start = int(np.datetime64(first, "s").astype(np.int64))
    end = datetime(2017, 1, 1)
    count = int((end - first).total_seconds()) // HOUR + 1  # and one reading of 2017
    parts, told = folds.split_ranges(start, HOUR, count)
    moments = [[first + timedelta(hours=edge) for edge in part] for part in parts]
    assert moments[2] == [datetime(2015, 1, 1), end]
    assert moments[0][0] == first
    assert moments[1][1] == datetime(2015, 1, 1)
    training = (datetime(2015, 1, 1) - first).total_seconds()
    assert (moments[1][1] - moments[0][1]).total_seconds() == pytest.approx(training / 10, abs=HOUR)
    assert told == ["Readings from before 2009 or after 2016 are left out: 1."]


@given(st.integers(2000, 2030), st.integers(100, 200_000))
def test_splits_follow_one_another_and_hold_what_is_told(year: int, count: int) -> None:
    start = int(np.datetime64(f"{year}-01-01", "s").astype(np.int64))
    parts, told = folds.split_ranges(start, HOUR, count)
    edges = [edge for part in parts for edge in part]
    assert edges == sorted(edges)
    assert [part[1] for part in parts[:2]] == [part[0] for part in parts[1:]]
    assert 0 <= edges[0] <= edges[-1] <= count
    left = count - (edges[-1] - edges[0])
    assert bool(told) == (left > 0)
    if left == 0 and year > 2009:
        assert edges[1] == round(count * 0.7)


def test_a_second_start_reads_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = station(tmp_path / "data", course(1000))
    data = load(folder)
    with monkeypatch.context() as patch:
        patch.setattr("tasks.climate.readings.read", lambda *_: pytest.fail("the file was parsed again"))
        again = load(folder)
        assert torch.equal(again.features, data.features)
        assert (again.state, again.notes) == (data.state, data.notes)
        assert load(folder, stride=7).rows["train"].tolist() == list(range(0, 629, 7))  # windows need no new reading
    (cached,) = (tmp_path / "cache" / "tensors").glob("climate-*")
    cached.write_bytes(cached.read_bytes()[:-100])
    assert torch.equal(load(folder).features, data.features)  # a damaged cache is built again
    values = course(1000)
    values[3] = 99.0
    station(tmp_path / "data", values)
    assert load(folder).target[3] > data.target.max()  # a changed file is read anew


def test_the_readings_are_recalled_when_their_file_is_gone(tmp_path: Path) -> None:
    settings = small()
    data = Task.load(settings, station(tmp_path / "data", course(1000)))
    shutil.rmtree(tmp_path / "data")
    again = Task.load_cached(settings, data.state)
    assert torch.equal(again.features, data.features)
    assert again.state == data.state
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(FileNotFoundError):
        Task.load_cached(settings, data.state)


def test_the_jena_file_of_another_length_is_told(tmp_path: Path) -> None:
    data = load(station(tmp_path, course(1000), name="jena_climate_2009_2016.csv"))
    assert data.notes == ("jena_climate_2009_2016.csv has 1,000 rows, the original 420,551: it is another file.",)


def test_the_original_wins_over_an_export(tmp_path: Path) -> None:
    station(tmp_path, course(1000))
    station(tmp_path, course(1000, seed=1), name="jena_climate_2009_2016.csv")
    assert climate.files(small(), tmp_path) == [tmp_path / "jena_climate_2009_2016.csv"]
    (tmp_path / "jena_climate_2009_2016.csv").unlink()
    assert climate.files(small(), tmp_path) == [tmp_path / NAME]


def test_the_starter_set_holds_windows_for_every_split() -> None:
    data = climate.load(Settings(), locations.starter("climate"))
    assert data.notes == ()
    assert data.state["day"] == 144
    assert min(data.size(split) for split in SPLITS) >= 50  # type: ignore[arg-type]


@pytest.mark.data
def test_the_real_climate(real_data: Path) -> None:
    data = climate.load(Settings(), real_data / "climate")
    assert data.notes == ()
    assert data.features.shape == (19_132, 7)
    assert [data.size(split) for split in SPLITS] == [2065, 311, 311]  # type: ignore[arg-type]
