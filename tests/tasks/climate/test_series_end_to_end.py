"""Files as they are published, through the real command line with nothing set but their name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest
import series_shapes
from climate_files import course, hours

from workbench.runs import store
from workbench.runs.history import read_history

QUICK = ("--cell", "gru", "--headless", "--set", "train.max_steps=2", "--set", "train.eval_train=0", "--hidden", 4)


@pytest.mark.parametrize(
    ("shape", "windows", "notes"),
    [
        (series_shapes.transformers, 1_233, []),
        (
            partial(series_shapes.household, days=20),
            301 - 36,
            [
                "150 cells marked as missing: ? 150.",
                "25 of 28,800 readings are missing or incomplete: 0 in gaps of up to 6 were interpolated, 25 in longer "
                "ones were not.",
                "Global_intensity is 18.4 in the whole training part: the network learns nothing from it.",
            ],
        ),
        (
            series_shapes.air_quality,
            1_233,
            [
                "Columns that are left out: NMHC(GT) (is missing in 90% of the rows looked at), a column without "
                "a name (is empty).",
                "114 rows without a time were left out.",
                "3,997 numbers with a comma were read as decimals (1,5 as 1.5).",
                "3 of 2,000 readings are missing or incomplete: 3 in gaps of up to 6 were interpolated, 0 in longer "
                "ones were not.",
            ],
        ),
        (
            series_shapes.particles,
            1_209,
            [
                "Columns that are left out: No (numbers the rows), cbwd (holds no numbers).",
                "24 cells marked as missing: NA 24.",
                "24 windows over long gaps were dropped.",
            ],
        ),
    ],
    ids=["transformers", "household", "air quality", "particles"],
)
def test_a_published_file_trains_as_it_is(
    workbench,
    runs_folder: Path,
    tmp_path: Path,
    shape: Callable[[Path], Path],
    windows: int,
    notes: list[str],
) -> None:
    path = shape(tmp_path / "own.csv")
    trained = workbench("train", "climate", *QUICK, "--set", f"task.csv={path}", "--json")
    assert trained.returncode == 0, trained.stderr
    (run,) = store.listing(runs_folder)
    history = read_history(run.events_file)
    assert history.started is not None
    assert history.started.train_size == windows
    assert set(notes) <= set(history.started.notes)
    told = msgspec.json.decode(trained.stdout.splitlines()[-1])
    assert told["baseline"].keys() >= {"last value", "same time yesterday"}


def test_units_and_columns_of_the_file_stand_where_the_station_s_stood(
    workbench, runs_folder: Path, tmp_path: Path
) -> None:
    rows = [f"{t:%Y-%m-%d %H:%M},{v}" for t, v in zip(hours(400), course(400), strict=True)]
    path = tmp_path / "river.csv"
    path.write_text("\n".join(["when,flow (m3/s)", *rows]) + "\n")
    trained = workbench("train", "climate", *QUICK, "--set", f"task.csv={path}")
    assert trained.returncode == 0, trained.stderr
    asked = workbench("predict", "last", path)
    shown = workbench("show", "last")
    looked = workbench("inspect", "last", path)
    for result in (asked, shown, looked):
        assert result.returncode == 0, result.stderr
    everything = trained.stdout + trained.stderr + asked.stdout + shown.stdout + looked.stdout
    assert "°C" not in everything
    assert "RMSE m3/s" in trained.stdout
    assert "RMSE in m3/s" in shown.stdout
    assert "m3/s over hours from the last reading" in asked.stdout
    assert "task.target=flow (m3/s)" in shown.stdout


def test_what_stands_in_the_file_is_refused_by_line_before_a_run_is_made(
    workbench, runs_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "own.csv"
    path.write_text("flow\n" + "\n".join(map(str, course(50))) + "\n")
    refused = workbench("train", "climate", *QUICK, "--set", f"task.csv={path}")
    assert refused.returncode == 2
    assert f"{path} line 1: no column holds times (flow)" in refused.stderr
    assert "task.step" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert store.listing(runs_folder) == []


def test_a_file_that_is_too_short_says_how_many_readings_are_needed(workbench, tmp_path: Path) -> None:
    path = series_shapes.transformers(tmp_path / "own.csv", 100)
    refused = workbench("train", "climate", *QUICK, "--set", f"task.csv={path}")
    assert refused.returncode == 1
    assert "some 200 readings are needed in all, and there are 100" in refused.stderr
    assert "lower task.history or task.horizon" in " ".join(refused.stderr.split())
