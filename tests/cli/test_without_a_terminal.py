"""Where there is no terminal, the screen is refused before a run is made."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize("words", [[], ["train", "toy"]])
def test_the_screen_is_refused(workbench, runs_folder: Path, words: list[str]) -> None:
    done = workbench(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("workbench: This is not a terminal: ")
    assert done.stdout == ""
    assert not runs_folder.exists()


def test_a_wrong_name_comes_before_the_terminal(workbench) -> None:
    done = workbench("train", "nmaes")
    assert done.returncode == 2
    assert done.stderr.startswith("workbench: There is no task 'nmaes'")


def test_headless_and_detach_are_two_things(workbench, runs_folder: Path) -> None:
    done = workbench("train", "toy", "--headless", "--detach")
    assert (done.returncode, runs_folder.exists()) == (2, False)
    assert "choose one" in done.stderr


def test_a_hint_names_a_run_that_is_kept_elsewhere_by_its_folder(workbench, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other runs"
    done = workbench("train", "toy", "--max-steps", 2, "--detach", "--runs", elsewhere)
    assert done.returncode == 0
    hint = done.stderr.split("`workbench watch ")[1].split("`")[0]
    assert hint == f"'{elsewhere}/{done.stdout.strip()}'"
    assert workbench("watch", hint.strip("'")).returncode == 0
