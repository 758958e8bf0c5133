"""Completions of the shell, as bash asks for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from engine.toy_runs import copied
from hostile_run import hostile_run
from ledger import write_table

from workbench.runs.run import Run


def completed(workbench, *words: str) -> list[str]:
    """Answer to the last word, which is not finished."""
    asked = {"COMP_WORDS": "\n".join(["workbench", *words]), "COMP_CWORD": str(len(words))}
    done = workbench(_WORKBENCH_COMPLETE="complete_bash", **asked)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("train", "na"), ["names"]),
        (("train", "toy", "--preset", ""), ["tiny"]),
        (("train", "toy", "--cell", "ls"), ["lstm"]),
        (("train", "toy", "--set", "task.trouble_"), ["task.trouble_step="]),
        (("train", "toy", "--set", "train.schedule", "=", "co"), ["constant", "cosine"]),
        (("train", "toy", "--set", "cell.hidden", "=", "8", "--set", "task.trouble", "=", "d"), ["defect", "data"]),
        (("train", "toy", "--set", "cell.bidirectional", "="), ["true", "false"]),
        (("train", "toy", "--optimizer", "a"), ["adamw", "adam"]),
        (("train", "toy", "--device", "c"), ["cpu"]),
        (("poem", "--form", "五"), ["五绝", "五律"]),
        (("data", "get", "po"), ["poems"]),
        (("cells", "tutorial"), ["tutorial-rnn"]),
        (("show", "toy"), ["toy-rnn-finished"]),
        (("poem", "pretrained/poems-l"), ["pretrained/poems-lstm"]),
    ],
)
def test_words_are_completed(workbench, finished: Run, words: tuple[str, ...], expected: list[str]) -> None:
    found = completed(workbench, *words)
    assert [word for word in found if not word.startswith("cuda")] == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("sal", ["sales/ledger-old.csv", "sales/ledger.csv"]), ("sales/ledger.", ["sales/ledger.csv"]), ("x", [])],
)
def test_a_setting_that_names_a_file_is_completed_from_the_files(
    workbench, tmp_path: Path, typed: str, expected: list[str]
) -> None:
    """In place of a single folder, its files: a shell would end it with a blank."""
    write_table(tmp_path / "here" / "sales")
    (tmp_path / "here" / "sales" / "ledger $(id).csv").write_text("")
    for words in (("train", "climate", "--set", "task.csv", "="), ("data", "preview", "climate", "--set", "csv", "=")):
        assert completed(workbench, *words, typed) == expected


def test_a_hostile_name_is_not_offered(workbench, finished: Run, runs_folder: Path) -> None:
    hostile_run(finished, runs_folder)
    assert [word for word in completed(workbench, "show", "") if "/" not in word] == ["last", "toy-rnn-finished"]


@pytest.mark.parametrize("name", ["toy-$(touch${IFS}x)", "toy-`id`", "toy-;id", "toy-a b", "toy-'", "toy-!x", "toy-*"])
def test_a_name_that_a_shell_would_act_on_is_not_offered(
    workbench, finished: Run, runs_folder: Path, name: str
) -> None:
    copied(finished, runs_folder, name)
    assert completed(workbench, "show", "toy") == ["toy-rnn-finished"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_completes_nothing(workbench, finished: Run, runs_folder: Path) -> None:
    runs_folder.chmod(0)
    try:
        assert completed(workbench, "show", "") == []
    finally:
        runs_folder.chmod(0o755)


def test_a_file_in_place_of_the_folder_completes_nothing(workbench, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    assert [word for word in completed(workbench, "show", "") if "pretrained" not in word] == []
    (tmp_path / "runs").unlink()
