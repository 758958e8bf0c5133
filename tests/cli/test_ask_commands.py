"""``eval`` and ``predict``: a trained network is measured, and asked."""

from __future__ import annotations

import json
import os
import re

import msgspec
import pytest
import torch
from sentences import says

from workbench.runs.history import read_history
from workbench.runs.run import Run


def objects(stdout: str) -> list[dict]:
    return [msgspec.json.decode(line) for line in stdout.splitlines()]


@pytest.mark.parametrize("split", ["train", "test"])
def test_eval_json(workbench, finished: Run, split: str) -> None:
    result = workbench("eval", finished.id, "--split", split, "--json")
    assert result.returncode == 0, result.stderr
    (told,) = objects(result.stdout)
    assert (told["run"], told["split"], told["data"]) == (finished.id, split, "full")
    assert [view["title"] for view in told["views"]] == ["confusion", "per symbol"]
    assert told["baseline"].keys() == (set() if split == "train" else {"majority"})
    history = read_history(finished.events_file)
    counts = told["views"][0]["counts"]
    rows = sum(map(sum, counts))
    assert rows == {"train": 192, "test": 64}[split]
    assert told["metrics"]["accuracy"] == pytest.approx(sum(counts[k][k] for k in range(3)) / rows)
    if split == "test":
        assert told["metrics"] == history.ended.test


def test_eval_prints_the_table(workbench, finished: Run) -> None:
    result = workbench("eval", "last")
    assert result.returncode == 0, result.stderr
    assert re.search(r"^ *method +loss +accuracy +macro F1", result.stdout, re.M)
    assert "confusion" in result.stdout
    assert re.search(r"^ *two \[red\] +\d\.\d{4} +\d\.\d{4} +\d\.\d{4} +\d+", result.stdout, re.M)


def test_a_device_that_is_not_here_is_a_sentence(workbench, finished: Run) -> None:
    for command in (("eval", finished.id), ("predict", finished.id, "012"), ("resume", finished.id, "--headless")):
        assert says(workbench(*command, "--device", "gpu"), 2, "--device: there is no device 'gpu'")
    if not torch.cuda.is_available():
        for command in (("eval", finished.id), ("predict", finished.id, "012")):
            assert says(workbench(*command, "--device", "cuda:1"), 1, "Device cuda:1 cannot be used")
    assert objects(workbench("eval", finished.id, "--device", "cpu", "--json").stdout)[0]["device"].startswith("CPU")


def test_predict_words(workbench, finished: Run) -> None:
    result = workbench("predict", finished.id, "012", "2")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("two [red]") == 2
    assert result.stdout.index("012") < result.stdout.index("echo")


def test_predict_stdin_as_json(workbench, finished: Run) -> None:
    result = workbench("predict", finished.id, "--json", input="012\n\n2\n")
    assert result.returncode == 0, result.stderr
    told = objects(result.stdout)
    assert [one["text"] for one in told] == ["012", "2"]
    shares = [row[1] for row in told[0]["views"][0]["rows"]]
    assert sum(shares) == pytest.approx(1)


def test_what_cannot_be_answered_is_said_and_the_rest_is_answered(workbench, finished: Run) -> None:
    result = workbench("predict", finished.id, "[bold]x", "012")
    assert "two [red]" in result.stdout
    assert says(result, 1, "") == "'[bold]x' is not a row of digits: type digits below 3."


def test_bytes_that_are_no_text_are_said_like_any_other_character(workbench, finished: Run) -> None:
    result = workbench("predict", finished.id, os.fsdecode(b"\xff2"), "--json")
    assert says(result, 1, "").startswith("'�2' is not a row of digits")
    assert [one["text"] for one in objects(result.stdout)] == ["�2"]


def test_a_mark_of_byte_order_is_no_part_of_what_is_piped(workbench, finished: Run) -> None:
    result = workbench("predict", finished.id, "--json", input="\ufeff012\n2\n")
    assert result.returncode == 0, result.stderr
    assert [one["text"] for one in objects(result.stdout)] == ["012", "2"]


def test_nothing_to_ask(workbench, finished: Run) -> None:
    sentence = "There is nothing to ask: give a TEXT, or lines on stdin."
    assert says(workbench("predict", finished.id, input=""), 2, "") == sentence


def test_an_error_in_a_task_is_one_sentence_and_debug_shows_its_traceback(workbench, finished: Run) -> None:
    described = json.loads(finished.spec_file.read_text())
    described["settings"]["trouble"] = "defect"
    finished.spec_file.write_text(json.dumps(described))
    sentence = says(workbench("predict", finished.id, "012"), 1, ": KeyError: 'a bug of the toy'. ")
    assert "toys/tasks/toy/task.py, line " in sentence
    assert sentence.endswith("WORKBENCH_DEBUG=1 shows the traceback.")
    debug = workbench("predict", finished.id, "012", WORKBENCH_DEBUG="1")
    assert debug.returncode == 1
    assert "Traceback (most recent call last)" in debug.stderr
    assert "KeyError" in debug.stderr


def test_a_damaged_task_file_is_no_defect(workbench, finished: Run) -> None:
    finished.task_file.write_bytes(finished.task_file.read_bytes()[:-5])
    sentence = says(workbench("predict", finished.id, "012"), 1, "")
    assert sentence == f"{finished.task_file} is damaged: the run cannot be asked."
