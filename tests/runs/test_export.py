"""Export of runs to CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from run_summaries import record, unreadable

from workbench.runs import export
from workbench.runs.metadata import RunMetadata

RUNS = [
    record("names-lstm-1", val={"accuracy": 0.5, "loss": None}, settings={"hidden": 64}),
    record("imdb-gru-2", task="imdb", cell="gru", test={"accuracy": 0.9, "f1": 0.7}, epochs=3.5),
    record("names-rnn-3", cell="rnn", accuracy=None, status="failed", message='no "memory", 内存\n不足'),
    unreadable("broken-4"),
]


def test_a_table_has_a_line_a_run_and_a_column_a_fact() -> None:
    rows = list(csv.DictReader(io.StringIO(export.to_csv(RUNS))))
    assert [row["run"] for row in rows] == ["names-lstm-1", "imdb-gru-2", "names-rnn-3", "broken-4"]
    assert (rows[0]["cell.hidden"], rows[0]["val.accuracy"], rows[0]["val.loss"]) == ("64", "0.5", "")
    assert (rows[1]["test.f1"], rows[1]["epochs"], rows[0]["test.f1"]) == ("0.7", "3.5", "")
    assert (rows[0]["best.value"], rows[2]["best.value"]) == ("0.8", "")
    assert rows[2]["message"] == 'no "memory", 内存\n不足'
    assert (rows[3]["status"], rows[3]["task"], rows[3]["cell.hidden"]) == ("unreadable", "?", "")
    heads = list(rows[0])
    assert heads[:4] == ["run", "status", "task", "cell"]
    assert heads.index("test.f1") == heads.index("test.accuracy") + 1  # together, though the first run has none
    assert "task.input" in heads


def test_json_holds_an_object_a_run() -> None:
    told = json.loads(export.to_json(RUNS))
    assert [one["run"] for one in told] == ["names-lstm-1", "imdb-gru-2", "names-rnn-3", "broken-4"]
    assert told[0]["val"] == {"accuracy": 0.5, "loss": None}
    assert told[0]["settings"]["cell.hidden"] == 64
    assert (told[0]["test"], told[1]["test"]) == (None, {"accuracy": 0.9, "f1": 0.7})
    assert told[3]["message"] == "spec.json is damaged [red]."


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_no_file_is_ever_written_over(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export.time, "strftime", lambda *_: "20260102-101500")
    first, second = (export.write(RUNS[:n], kind, tmp_path) for n in (1, 2))
    assert [first.name, second.name] == [f"workbench-runs-20260102-101500{end}.{kind}" for end in ("", "-2")]
    assert first.read_text(encoding="utf-8") != second.read_text(encoding="utf-8")
    assert len(list(tmp_path.iterdir())) == 2


def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        export.write(RUNS, "csv", tmp_path / "gone")


def test_no_cell_is_a_formula() -> None:
    """Texts that a spreadsheet would compute get a ``'``; a negative number stays one."""
    run = record("=1+1", status="failed", message='@HYPERLINK("http://x")', val={"=x": -1.5})
    (row,) = csv.DictReader(io.StringIO(export.to_csv([run])))
    assert (row["run"], row["message"], row["val.=x"]) == ("'=1+1", '\'@HYPERLINK("http://x")', "-1.5")


def test_what_people_call_runs_is_exported() -> None:
    about = RunMetadata(name="=wide", note="one\ntwo", tags=("draft", "gpu"), study="grid")
    runs = [record("a", metadata=about), record("b")]
    first, second = csv.DictReader(io.StringIO(export.to_csv(runs)))
    assert [first[key] for key in ("name", "study", "tags", "note")] == ["'=wide", "grid", "draft gpu", "one\ntwo"]
    assert [second[key] for key in ("name", "study", "tags", "note")] == ["", "", "", ""]
    told, _ = json.loads(export.to_json(runs))
    assert (told["name"], told["study"], told["tags"], told["note"]) == ("=wide", "grid", ["draft", "gpu"], "one\ntwo")
