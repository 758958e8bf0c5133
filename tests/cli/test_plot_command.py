"""``workbench plot``."""

from __future__ import annotations

import json

import pytest


def test_it_prints_where_the_picture_is(workbench, finished, tmp_path) -> None:
    done = workbench("plot", "last")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    path = tmp_path / "here" / f"{finished.id}-curves.svg"
    assert done.stdout == f"{path}\n"
    assert path.read_text().startswith("<?xml")
    again = workbench("plot", "last", "--json")
    assert json.loads(again.stdout) == {"file": str(path.with_stem(f"{path.stem}-2")), "runs": [finished.id]}


def test_a_metric_by_its_name(workbench, finished, tmp_path) -> None:
    done = workbench("plot", "last", "--metric", "macro_f1", "-o", tmp_path / "a.svg")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "a.svg").exists()


def test_a_stopped_run_is_drawn_and_said_to_be_one(workbench, stopped, tmp_path) -> None:
    done = workbench("plot", stopped.id, "-o", tmp_path / "a.png", "--what", "confusion", "--shares", "--theme", "dark")
    assert done.returncode == 0, done.stderr
    assert f"Run {stopped.id} is stopped: the picture shows it as it is now." in done.stderr
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--what", "curve"), "--what curve: did you mean 'curves'?"),
        (("-o", "a.gif"), "-o a.gif: the name must end in .svg, .png, .pdf."),
        (("--lang", "de"), "--lang de: choose one of en, zh."),
        (("--metric", "acuracy"), "--metric acuracy: did you mean 'accuracy'?"),
        (("--what", "confusion", "--metric", "accuracy"), "--metric accuracy: it chooses a metric of --what curves."),
        (("--window", "1"), "--window 1: it chooses a window of --what forecast, from 1."),
        (("--what", "forecast", "--window", "0"), "--window 0: it chooses a window of --what forecast, from 1."),
        (("--width", "3"), "--width 3: give 5 to 60 cm."),
    ],
)
def test_wrong_usage(workbench, finished, words, sentence) -> None:
    done = workbench("plot", "last", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"workbench: {sentence}\n"
