"""``runs``, ``show``, ``watch``: what stands in the run store, as text and as JSON."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import msgspec
from engine.toy_runs import copied
from processes import PROGRAM

from workbench.config import spec
from workbench.runs import store
from workbench.runs.history import read_history
from workbench.runs.run import Run


def test_no_runs_yet_names_the_next_action(workbench, runs_folder: Path) -> None:
    result = workbench("runs")
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == f"No runs in {runs_folder} yet: `workbench train names --cell lstm` starts one.\n"
    assert workbench("runs", "--json").stdout == "[]\n"


def test_runs_newest_first(workbench, finished: Run, stopped: Run) -> None:
    os.utime(finished.spec_file, (1_700_000_000, 1_700_000_000))
    result = workbench("runs")
    assert result.returncode == 0
    heads, first, second = (line.rstrip() for line in result.stdout.splitlines())
    assert heads.split() == ["run", "status", "task", "cell", "step", "best", "val", "test", "age"]
    assert first.startswith(f"{stopped.id}  stopped")
    assert re.match(rf"{finished.id} +finished +toy +rnn +24( +accuracy 0\.\d{{4}}){{2}} +\d+ (d|h|min)$", second)
    listed = msgspec.json.decode(workbench("runs", "--json").stdout)
    assert [run["run"] for run in listed] == [stopped.id, finished.id]
    assert {"run", "status", "task", "cell", "data", "step", "best", "val", "test", "settings"} <= listed[1].keys()
    assert (listed[1]["status"], listed[1]["step"], listed[1]["steps"]) == ("finished", 24, 24)
    assert listed[1]["test"] == read_history(finished.events_file).ended.test
    assert (listed[0]["test"], listed[0]["settings"]["cell.hidden"]) == (None, 64)


def test_runs_elsewhere(workbench, finished: Run, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    run = copied(finished, elsewhere, "toy-there")
    assert workbench("runs", "--runs", elsewhere, "--json").stdout.count("toy-there") == 1
    assert workbench("show", run.path).stdout.startswith("run ")  # by its folder
    assert msgspec.json.decode(workbench("show", "last", "--json", "--runs", elsewhere).stdout)["run"] == "toy-there"


def test_show(workbench, finished: Run) -> None:
    result = workbench("show", "toy-rnn")  # a unique beginning
    assert result.returncode == 0
    facts = dict(re.findall(r"^(\w+)  +(\S.*?) *$", result.stdout.partition("method")[0], re.M))
    assert facts["run"] == finished.id
    assert facts["status"] == "finished"
    assert (facts["task"], facts["cell"], facts["step"]) == ("toy", "rnn", "24 of 24")
    assert facts["folder"] == str(finished.path)
    assert "two [red]" in result.stdout  # a label, not markup
    assert re.search(r"^ *majority ", result.stdout, re.M)
    assert re.search(r"^ *symbol +precision +recall +F1 +support", result.stdout, re.M)


def test_show_json_holds_the_description_and_the_last_figures(workbench, finished: Run) -> None:
    told = msgspec.json.decode(workbench("show", finished.id, "--json").stdout)
    history = read_history(finished.events_file)
    assert (told["run"], told["status"]) == (finished.id, "finished")
    assert told["test"] == history.ended.test
    assert told["last"]["step"] == 24
    assert told["last"]["loss"] == history.steps[-1].loss
    assert spec.from_json(msgspec.json.encode(told["spec"])) == finished.spec


def test_watching_an_ended_run_tells_its_story_again(workbench, finished: Run, stopped: Run) -> None:
    result = workbench("watch", finished.id)
    assert result.returncode == 0
    assert [line.split()[3] for line in result.stderr.splitlines() if line.startswith("epoch")] == ["12", "24"]
    assert f"Run {finished.id} finished" in result.stdout
    assert f"`workbench resume {stopped.id}` goes on." in workbench("watch", stopped.id).stdout


def test_a_run_that_vanished_is_lost_and_says_what_to_do(workbench, stopped: Run) -> None:
    lines = stopped.events_file.read_bytes().splitlines(keepends=True)
    stopped.events_file.write_bytes(b"".join(lines[:-1]))
    stopped.log_file.write_text("Killed by the [red] machine\n")
    result = workbench("watch", stopped.id)
    assert result.returncode == 1
    assert "is lost: its worker vanished at step" in result.stderr
    assert f"`workbench resume {stopped.id}` goes on from its last checkpoint." in result.stderr
    assert "The end of its log: Killed by the [red] machine" in result.stderr
    told = msgspec.json.decode(workbench("show", stopped.id, "--json").stdout)
    assert told["status"] == "lost"
    assert "The end of its log: Killed by the [red] machine" in told["message"]


def test_a_reader_that_goes_away_is_no_error(workbench, finished: Run, runs_folder: Path) -> None:
    for k in range(30):
        copied(finished, runs_folder, f"toy-rnn-{k:02}")
    for words in (("runs",), ("runs", "--json"), ("show", "toy-rnn-00"), ("cells",), ("--help",)):
        gone, pipe = os.pipe()
        os.close(gone)
        process = subprocess.run([PROGRAM, *words], stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
        os.close(pipe)
        assert (process.returncode, process.stderr) == (0, ""), words
    head = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" runs | head -1', PROGRAM], capture_output=True, text=True, check=False
    )
    assert head.stdout.startswith("run ")
    assert head.stderr == ""


def test_ids_made_in_the_same_second_differ(runs_folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(store.time, "strftime", lambda _: "20260102-101500")
    made = [store.create(runs_folder, spec.make("toy", "rnn")) for _ in range(3)]
    assert [run.id for run in made] == [f"toy-rnn-20260102-101500{end}" for end in ("", "-2", "-3")]


def test_runs_can_be_filtered(workbench, finished: Run, stopped: Run) -> None:
    listed = msgspec.json.decode(workbench("runs", "--filter", "status:fin acc>=0", "--json").stdout)
    assert [run["run"] for run in listed] == [finished.id]
    none = workbench("runs", "--filter", "status:failed")
    assert (none.returncode, none.stdout) == (0, "")
    assert none.stderr == "No run matches --filter 'status:failed' (2 in all).\n"
    wrong = workbench("runs", "--filter", "tsk:toy")
    assert wrong.returncode == 2
    assert wrong.stderr == "workbench: There is no 'tsk' to filter by: did you mean 'task'?\n"
