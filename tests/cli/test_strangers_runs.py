"""A stranger's run folder on the command line: one bad line, one sentence, nothing of the user's touched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from workbench.runs.run import Run


@pytest.fixture
def strange(finished: Run, tmp_path: Path) -> Run:
    """A run whose reserve is a link to a file of the user's."""
    (tmp_path / "diary.txt").write_text("Dear diary")
    copy = finished.path.with_name("strange")
    shutil.copytree(finished.path, copy)
    (copy / "reserve").symlink_to(tmp_path / "diary.txt")
    return Run(copy)


def test_it_is_one_line_of_the_list_with_its_reason(workbench, strange: Run, finished: Run) -> None:
    result = workbench("runs")
    assert result.returncode == 0
    assert {tuple(line.split()[:2]) for line in result.stdout.splitlines()[1:]} == {
        ("strange", "unreadable"),
        (finished.id, "finished"),
    }
    assert result.stderr == "Run strange is not opened: reserve is a link, not a file of its own.\n"


@pytest.mark.parametrize(
    "words", [("show",), ("resume", "--headless"), ("predict", "x"), ("eval",), ("watch", "--once")]
)
def test_no_command_opens_it(workbench, strange: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    result = workbench(words[0], "strange", *words[1:])
    assert result.returncode == 1
    assert result.stderr == "workbench: Run strange is not opened: reserve is a link, not a file of its own.\n"
    assert (tmp_path / "diary.txt").read_text() == "Dear diary"


def test_it_can_be_removed_and_what_it_points_at_stays(workbench, strange: Run, tmp_path: Path) -> None:
    assert workbench("rm", "strange", "--yes").returncode == 0
    assert not strange.path.exists()
    assert (tmp_path / "diary.txt").read_text() == "Dear diary"


def test_of_a_run_that_is_a_link_the_link_is_removed(workbench, finished: Run) -> None:
    linked = finished.path.with_name("linked")
    linked.symlink_to(finished.path)
    asked = workbench("rm", "linked", input="n\n")
    assert f"Remove run linked, which is a link to {finished.path} (its files stay there)?" in asked.stderr
    assert os.path.lexists(linked)
    result = workbench("rm", "linked", "--yes")
    assert result.stderr == f"Run linked was a link: the link is removed, the files in {finished.path} stay.\n"
    assert not os.path.lexists(linked)
    assert finished.best_file.is_file()
