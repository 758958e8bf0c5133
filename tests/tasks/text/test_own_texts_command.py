"""A stranger's table, from the command line: trained, told of, asked and shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from own_texts import written

Workbench = Callable[..., "CompletedProcess[str]"]
GOOD, BAD = ("wonderful", "superb", "lovely"), ("awful", "boring", "dreadful")


def reviews(path: Path) -> Path:
    """300 rows, 10 of them without a text, between semicolons and in Windows-1252."""
    rows = ["Kommentar;Urteil"]
    for number in range(300):
        words, verdict = ((GOOD, "gut"), (BAD, "schlecht"))[number % 2]
        text = "" if number % 30 == 7 else f"The café number {number} is {words[number % 3]}"
        rows.append(f"{text};{verdict}")
    return written(path, "\r\n".join(rows), "cp1252")


def test_a_strangers_table_is_trained_on_and_all_that_was_guessed_is_told(workbench: Workbench, tmp_path: Path) -> None:
    path = reviews(tmp_path / "mine.csv")
    quick = ["--set", "cell.hidden=8", "--set", "task.embedding=8", "--set", "task.dropout=0", "--lr", "0.02"]
    more = ["--set", "train.batch_size=16", "--set", "train.device=cpu", "--set", "train.threads=1"]
    trained = workbench("train", "text", "--cell", "gru", "--headless", "--set", f"task.file={path}", *quick, *more)
    assert trained.returncode == 0, trained.stderr
    for sentence in (
        "mine.csv is read as Windows-1252: task.encoding names another.",
        "mine.csv has semicolons between the cells (task.delimiter).",
        "The texts are taken from the column 'Kommentar' (its cells are the longest): task.text names another.",
        "The classes are taken from the column 'Urteil' (its values are few): task.label names another.",
        "Rows with an empty text, left out: 10 of 300.",
    ):
        assert sentence in trained.stdout + trained.stderr
    shown = json.loads(workbench("show", "last", "--json").stdout)
    assert shown["test"]["accuracy"] == 1.0
    asked = workbench("predict", "last", "the café is dreadful", "--json")
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["views"][0]["rows"][0][0] == "schlecht"


def test_a_fault_of_the_table_is_one_sentence(workbench: Workbench, tmp_path: Path) -> None:
    path = written(tmp_path / "mine.csv", "text,label\n" + "a,b\nc,d\n" * 9 + "one\n")
    refused = workbench("train", "text", "--cell", "gru", "--headless", "--set", f"task.file={path}")
    assert refused.returncode == 1
    assert "mine.csv, line 20: 1 cell, where the table has 2 columns" in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr
    folder = workbench("train", "text", "--cell", "gru", "--headless", "--set", f"task.file={tmp_path}")
    assert folder.returncode == 2
    assert f"{tmp_path} is a folder: name it with task.folder in place of task.file." in folder.stderr
    missing = workbench("train", "text", "--cell", "gru", "--headless", "--set", "task.file=gone.csv")
    assert missing.returncode != 0
    assert "gone.csv is missing or no file: name the text data's file again (task.file)." in missing.stderr
    missing = workbench("train", "text", "--cell", "gru", "--headless", "--set", "task.folder=gone")
    assert "gone is missing or no folder: name the text data's folder again (task.folder)." in missing.stderr
