"""What is typed wrongly: exit code 2, one sentence, nothing begun. What cannot be done: exit code 1."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from engine.toy_runs import contents, copied, nothing_lost, toy
from sentences import says

from workbench.runs.run import Run

TRAIN = ("train", "toy", "--headless")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("train", "nmaes", "--headless"), "There is no task 'nmaes': did you mean 'names'?"),
        (("train", "zzz", "--headless"), "There is no task 'zzz': choose one of "),
        ((*TRAIN, "--cell", "lstn"), "There is no cell 'lstn': did you mean 'lstm'?"),
        ((*TRAIN, "--set", "train.schedul=cosine"), "There is no setting 'train.schedul': did you mean 'train.sched"),
        ((*TRAIN, "--set", "cell.lr=1"), "There is no setting 'cell.lr': did you mean 'train.lr'?"),
        ((*TRAIN, "--preset", "tinny"), "There is no preset 'tinny': did you mean 'tiny'?"),
        ((*TRAIN, "--hidden", "0"), "cell.hidden cannot be 0: it must be a whole number ≥ 1, ≤ 8,192."),
        ((*TRAIN, "--hidden", "many"), "Invalid value for '--hidden'"),
        ((*TRAIN, "--lr", "-1"), "train.lr cannot be -1.0: it must be a number > 0"),
        ((*TRAIN, "--optimizer", "sdg"), "train.optimizer cannot be sdg: it must be one of adamw | adam | rmsprop"),
        (
            (*TRAIN, "--device", "gpu"),
            "train.device cannot be gpu: it must be auto (CUDA if there is one)",
        ),
        ((*TRAIN, "--set", "task.pause"), "--set task.pause has no value: write --set KEY=VALUE."),
        ((*TRAIN, "--epochs", "0"), "The run would never end: set train.epochs or train.max_steps above 0."),
        ((*TRAIN, "--epoch", "3"), "No such option: --epoch"),
        (("train",), "Missing argument 'TASK'"),
        (("trian",), "No such command 'trian'"),
        (("cells", "lst"), "There is no cell 'lst': did you mean 'lstm'?"),
        (("cells", "lstm", "--task", "toi"), "There is no task 'toi': did you mean 'toy'?"),
        (("cells", "lstm", "--hidden", "0"), "cell.hidden cannot be 0"),
        (("data", "path", "nmes"), "There is no task 'nmes': did you mean 'names'?"),
        (("data", "verify", "nmes"), "There is no task 'nmes': did you mean 'names'?"),
        (("show", "last"), "There are no runs in "),
        (("--readonly", "rm", "last"), "--readonly only shows: `workbench rm` without it acts."),
        (("eval", "last", "--split", "tset"), "Invalid value for '--split'"),
    ],
)
def test_wrong_usage(workbench, runs_folder: Path, words: tuple[str, ...], sentence: str) -> None:
    result = workbench(*words)
    assert says(result, 2, sentence).startswith(sentence)
    assert result.stdout == ""
    assert not runs_folder.exists()  # nothing was begun


@pytest.mark.parametrize("command", ["show", "watch", "stop", "resume", "rm", "eval", "predict"])
def test_a_run_that_is_not_there(workbench, finished: Run, command: str) -> None:
    sentence = says(workbench(command, "toy-lstm-2"), 2, "There is no run 'toy-lstm-2' in ")
    assert sentence.endswith("`workbench runs` lists them.")


def test_a_name_that_several_runs_begin_with(workbench, finished: Run, stopped: Run) -> None:
    assert says(workbench("show", "toy"), 2, "'toy' is the beginning of 2 runs: ").endswith("Type more of it.")
    assert workbench("show", "toy-r").returncode == 0


def test_a_folder_that_is_no_run(workbench, finished: Run, tmp_path: Path) -> None:
    says(workbench("show", tmp_path), 2, f"{tmp_path} is not a run's folder: it holds no spec.json.")
    sentence = "There is no model pretrained/poems: there are pretrained/names-lstm"  # and what else comes along
    says(workbench("show", "pretrained/poems"), 2, sentence)


def test_a_finished_run_is_not_resumed(workbench, finished: Run) -> None:
    before = contents(finished)
    sentence = f"Run {finished.id} is finished: there is nothing to go on with."
    assert says(workbench("resume", finished.id, "--headless"), 1, "") == sentence
    assert says(workbench("stop", finished.id), 1, "") == f"Run {finished.id} is not running: it is finished."
    assert contents(finished) == before


@pytest.mark.parametrize("command", [("eval",), ("predict", "012")])
def test_a_run_without_weights_cannot_be_asked(
    workbench, finished: Run, runs_folder: Path, command: tuple[str, ...]
) -> None:
    name, *rest = command
    bare = toy(runs_folder)
    sentence = says(workbench(name, bare.id, *rest), 1, f"Run {bare.id} has no task.json yet")
    assert sentence.endswith("it never reached its first step.")
    finished.best_file.unlink()
    sentence = says(workbench(name, finished.id, *rest), 1, f"{finished.best_file} is missing: ")
    assert sentence.endswith("Let it reach its first evaluation.")


def newer(content: bytes) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(content), "schema": 99, "wonder": True})


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (newer, "This run was described by a newer Workbench (schema 99, here 1): update Workbench to open it."),
        (cut, "spec.json is damaged: it is not a run's description."),
    ],
)
def test_a_description_that_cannot_be_read(workbench, finished: Run, runs_folder: Path, damage, sentence: str) -> None:
    good = copied(finished, runs_folder, "toy-rnn-good")
    finished.spec_file.write_bytes(damage(finished.spec_file.read_bytes()))
    before = contents(finished)
    for words in (("show",), ("resume", "--headless"), ("eval",), ("predict", "012")):
        result = workbench(words[0], finished.id, *words[1:])
        assert says(result, 1, f"Run {finished.id}: ").startswith(f"Run {finished.id}: {sentence}")
    assert contents(finished) == before
    listed = {run["run"]: run for run in msgspec.json.decode(workbench("runs", "--json").stdout)}
    assert listed[good.id]["status"] == "finished"  # the others are listed as ever
    assert listed[finished.id]["status"] == "unreadable"
    assert sentence in listed[finished.id]["message"]
    plain = workbench("runs")
    assert plain.returncode == 0
    assert "unreadable" in plain.stdout


def test_a_run_whose_cell_is_gone_is_still_shown(workbench, stopped: Run) -> None:
    stopped.spec_file.write_bytes(stopped.spec_file.read_bytes().replace(b'"cell": "lstm"', b'"cell": "mine"'))
    before = contents(stopped)
    assert workbench("show", stopped.id).returncode == 0
    sentence = "There is no cell 'mine' here any more: put its file back (WORKBENCH_CELLS)."
    assert says(workbench("predict", stopped.id, "012"), 2, "") == sentence
    assert says(workbench("resume", stopped.id, "--headless"), 1, "") == sentence
    nothing_lost(stopped, before)
