"""Studies with real queues and workers: killed, stopped, asked twice, failed, followed."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
from fake_cluster import put
from processes import Start
from runs import event_makers
from sentences import says
from studies.made_studies import append, finish, group, made, toy_plan
from study_processes import NEW, SHORT, events_of, live, lives, queue_of, states, study_of
from waiting import until

from workbench.runs import monitor
from workbench.runs.events import Finished, Stopped
from workbench.runs.history import read_history


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A training that is told of it goes on for as long as it is there."""
    file = tmp_path / "gate"
    file.touch()
    return file


@pytest.mark.parametrize("instant", ["at once", "as two train", "as some are finished"])
def test_a_queue_that_is_killed_runs_nothing_twice_and_misses_nothing(
    workbench: Callable, start: Start, runs_folder: Path, gate: Path, instant: str
) -> None:
    workbench(*NEW, *SHORT, "--seeds", 5, "--cells", "rnn", "--set", f"task.gate={gate}")
    study = study_of(runs_folder)
    program = start("study", "run", "grid", "--jobs", 2)
    queue = queue_of(program)
    if instant != "at once":
        until(lambda: len(live(study)) == 2, "two train")
    if instant == "as some are finished":
        gate.unlink()
        until(lambda: states(study).count("finished") >= 2, "two are finished")
    with suppress(psutil.NoSuchProcess):
        queue.kill()
    _, narrated = program.communicate()
    assert program.returncode == 1
    assert narrated.splitlines()[-1] == (
        f"workbench: The queue of study grid could not do all: {study.log_file} says why."
    )
    assert not study.queued()
    gate.unlink(missing_ok=True)
    result = workbench("study", "run", "grid", "--jobs", 2)
    assert result.returncode == 0, result.stderr
    assert states(study) == ["finished"] * 5
    assert lives(study) == [[0]] * 5
    assert {history.ended.step for member in study.members() if (history := read_history(member.run.events_file))} == {
        6
    }


def test_workers_that_a_killed_queue_left_are_waited_for(
    workbench: Callable, start: Start, runs_folder: Path, gate: Path
) -> None:
    workbench(*NEW, *SHORT, "--seeds", 2, "--cells", "rnn", "--set", f"task.gate={gate}")
    study = study_of(runs_folder)
    program = start("study", "run", "grid", "--jobs", 2)
    until(lambda: len(live(study)) == 2, "two train")
    queue_of(program).kill()
    program.communicate()
    again = start("study", "run", "grid")  # nothing is left to start, and two still train
    until(study.queued, "the second queue has the study")
    gate.unlink()
    printed, _ = again.communicate()
    assert again.returncode == 0
    assert "0." in printed.splitlines()[2]
    assert states(study) == ["finished"] * 2
    assert lives(study) == [[0]] * 2


def test_two_that_ask_at_once_start_nothing_twice(
    workbench: Callable, start: Start, runs_folder: Path, gate: Path
) -> None:
    workbench(*NEW, *SHORT, "--seeds", 3, "--cells", "rnn", "--set", f"task.gate={gate}")
    study = study_of(runs_folder)
    both = [start("study", "run", "grid", "--jobs", 2) for _ in range(2)]
    until(lambda: len(live(study)) == 2, "two train")
    gate.unlink()
    outputs = [program.communicate() for program in both]
    assert [program.returncode for program in both] == [0, 0]
    assert outputs[0][0] == outputs[1][0]  # the same table
    follows = [narrated for _, narrated in outputs if "Study grid is already being run: this shows it" in narrated]
    assert len(follows) == 1
    assert states(study) == ["finished"] * 3
    assert lives(study) == [[0]] * 3


def test_who_only_follows_leaves_with_ctrl_c_and_stops_nothing(
    workbench: Callable, start: Start, runs_folder: Path, gate: Path
) -> None:
    workbench(*NEW, *SHORT, "--cells", "rnn", "--set", f"task.gate={gate}")
    study = study_of(runs_folder)
    begun = workbench("study", "run", "grid", "--detach", "--json")
    assert (begun.returncode, begun.stdout) == (0, '{"study":"grid"}\n')
    follower = start("study", "run", "grid")
    until(lambda: b"this shows it" in follower.stderr.readline(), "it follows")
    until(lambda: live(study), "the run trains")
    follower.send_signal(signal.SIGINT)
    assert follower.wait() == 130
    assert study.queued()
    assert not study.stop_requested()
    gate.unlink()
    until(lambda: not study.queued(), "the queue ends")
    assert states(study) == ["finished"]


@pytest.mark.parametrize("way", ["study stop", "SIGTERM"])
def test_stop_and_go_on(workbench: Callable, start: Start, runs_folder: Path, way: str) -> None:
    workbench(*NEW, "--seeds", 3, "--cells", "rnn", "--set", "train.epochs=2", "--set", "task.pause=0.1")
    study = study_of(runs_folder)
    program = start("study", "run", "grid", "--jobs", 2)
    until(lambda: len(live(study)) == 2, "two train")
    if way == "study stop":
        stopped = workbench("study", "stop", "grid")
        assert stopped.returncode == 0
        assert stopped.stderr == "Study grid is stopped: `workbench study run grid` goes on with it.\n"
    else:
        program.send_signal(getattr(signal, way))
    _, narrated = program.communicate()
    assert program.returncode == 0
    assert narrated.splitlines()[-1] == "3 of 3 runs are not finished: 2 stopped, 1 waiting."
    assert states(study) == ["stopped", "stopped", "waiting"]
    assert (study.queued(), study.stop_requested()) == (False, False)
    assert says(workbench("study", "stop", "grid"), 1, "") == "Study grid is not running."
    resumed = workbench("study", "resume", "grid", "--jobs", 3)
    assert resumed.returncode == 0, resumed.stderr
    assert states(study) == ["finished"] * 3
    for member, begun in zip(study.members(), lives(study), strict=True):
        ends = [event for event in events_of(member.run) if isinstance(event, Stopped | Finished)]
        assert [end.step for end in ends] == [*begun[1:], 24]  # each life begins where the one before it ended


def test_a_failed_run_costs_no_other_and_can_be_run_alone(workbench: Callable, runs_folder: Path) -> None:
    workbench(*NEW, *SHORT, "--cells", "rnn", "--grid", "task.trouble=none,defect,exit", "--set", "task.trouble_step=2")
    study = study_of(runs_folder)
    result = workbench("study", "run", "grid", "--jobs", 1)
    sentence = says(result, 1, "2 runs of study grid failed: ")
    assert sentence == "2 runs of study grid failed: `workbench show RUN` says why."
    assert states(study) == ["finished", "failed", "failed"]
    assert "grid-02  trouble defect: failed: " in result.stderr
    assert "\ntrouble none    0." in result.stdout  # the table is there all the same
    again = workbench("study", "run", "grid", "--only", "failed")
    assert again.returncode == 1
    assert [len(begun) for begun in lives(study)] == [1, 2, 2]
    nothing = workbench("study", "run", "grid", "--only", "waiting,lost", "--detach")
    assert (nothing.returncode, nothing.stdout) == (0, "grid\n")
    assert nothing.stderr == "Nothing of study grid is left to train.\n"
    assert [len(begun) for begun in lives(study)] == [1, 2, 2]


def test_a_run_that_cannot_be_started_is_told(workbench: Callable, runs_folder: Path) -> None:
    workbench(*NEW, *SHORT, "--seeds", 2, "--cells", "rnn")
    study = study_of(runs_folder)
    study.begin(1).log_file.mkdir()
    assert states(study) == ["unreadable", "waiting"]
    result = workbench("study", "run", "grid")
    assert result.returncode == 0, result.stderr  # nobody asked for the unreadable one
    assert "1 of 2 runs are not finished: 1 unreadable." in result.stderr
    study.run(1).log_file.rmdir()
    study.run(1).spec_file.write_bytes(study.run(1).spec_file.read_bytes().replace(b'"epochs": 2', b'"epochs": 0'))
    study.run(1).spec_file.write_bytes(
        study.run(1).spec_file.read_bytes().replace(b'"max_steps": 6', b'"max_steps": 0')
    )
    result = workbench("study", "run", "grid")
    says(result, 1, f"The queue of study grid could not do all: {study.log_file} says why.")
    assert "Run 1 of grid was not started: " in study.log_file.read_text()
    assert "The run would never end" in study.log_file.read_text()


def test_a_closed_stdout_stops_no_study(workbench: Callable, start: Start, runs_folder: Path) -> None:
    workbench(*NEW, *SHORT, "--cells", "rnn")
    program = start("study", "run", "grid")
    program.stdout.close()
    program.wait()
    study = study_of(runs_folder)
    until(lambda: not study.queued(), "the queue ends")
    assert states(study) == ["finished"]


def test_a_run_is_read_once_until_its_files_change(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = made(runs_folder, toy_plan(group("rnn"), seeds=3))
    finish(study, 1, {"accuracy": 0.5})
    append(study.begin(2), event_makers.started(), event_makers.failed(3))
    append(study.begin(3), event_makers.started())
    asked: list[str] = []
    real = monitor.read_and_summarize
    monkeypatch.setattr(monitor, "read_and_summarize", lambda run, read: (asked.append(run.id), real(run, read))[1])
    read = monitor.RunMonitors()
    told = [[member.state for member in study.members(read)] for _ in range(3)]
    assert told == [["finished", "failed", "lost"]] * 3
    assert [asked.count(f"grid-0{number}") for number in (1, 2, 3)] == [1, 1, 1]
    with closing(study.run(2).acquire_lock()):
        assert [member.state for member in study.members(read)] == ["finished", "starting", "lost"]
    append(study.run(2), event_makers.started(), event_makers.stopped(4))
    assert [member.state for member in study.members(read)] == ["finished", "stopped", "lost"]
    put(study.run(2))  # handed to a cluster
    assert [member.state for member in study.members(read)] == ["finished", "queued", "lost"]
    assert asked.count("grid-01") == 1
