"""``workbench export``."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec
import pytest

from workbench.runs import metadata
from workbench.runs.metadata import RunMetadata
from workbench.runs.run import Run


def test_a_table_on_stdout_or_in_a_file(workbench, finished: Run, stopped: Run, tmp_path: Path) -> None:
    metadata.write(finished, RunMetadata(name="=wide"))
    told = workbench("export", finished.id, stopped.id, finished.id)
    assert (told.returncode, told.stderr) == (0, "")
    rows = list(csv.DictReader(io.StringIO(told.stdout)))
    assert [(row["run"], row["name"]) for row in rows] == [(finished.id, "'=wide"), (stopped.id, "")]
    as_json = workbench("export", finished.id, "--json")
    assert [run["run"] for run in msgspec.json.decode(as_json.stdout)] == [finished.id]
    for name in ("runs.csv", "runs.csv", "runs.JSON"):  # replaced, as it is named
        written = workbench("export", finished.id, stopped.id, "-o", tmp_path / name)
        assert (written.returncode, written.stdout) == (0, f"{tmp_path / name}\n")
    assert (tmp_path / "runs.csv").read_text() == told.stdout
    assert len(msgspec.json.decode((tmp_path / "runs.JSON").read_bytes())) == 2


def test_wrong_usage_and_what_cannot_be_written(workbench, finished: Run, tmp_path: Path) -> None:
    wrong = workbench("export", "last", "-o", tmp_path / "runs.xlsx")
    assert wrong.returncode == 2
    assert wrong.stderr == f"workbench: -o {tmp_path / 'runs.xlsx'}: the name must end in .csv or .json.\n"
    gone = workbench("export", "last", "-o", tmp_path / "gone" / "runs.csv")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert gone.stderr == f"workbench: {tmp_path / 'gone' / 'runs.csv'} cannot be written: No such file or directory.\n"


def test_for_tensorboard(workbench, finished: Run, stopped: Run, tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    board = tmp_path / "my board"
    told = workbench("export", finished.id, stopped.id, "--tensorboard", board)
    assert (told.returncode, told.stdout) == (0, f"{board}\n")
    assert told.stderr == f"`tensorboard --logdir '{board}'` shows them.\n"
    assert sorted(path.name for path in board.iterdir()) == sorted([finished.id, stopped.id])
    both = workbench("export", finished.id, "--tensorboard", board, "-o", tmp_path / "runs.csv", "--json")
    (file,) = (board / finished.id).iterdir()
    assert msgspec.json.decode(both.stdout) == {
        **{"runs": [finished.id], "file": str(tmp_path / "runs.csv"), "tensorboard": [str(file)]}
    }
