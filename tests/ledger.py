"""The toy task ``ledger``, whose data are a file of one's own, and files for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import tasks
from tasks.preview import Preview

FOLDER = Path(__file__).parent / "toys" / "own"
NAMED = os.pathsep.join([str(FOLDER.parent / "tasks"), str(FOLDER)])  # WORKBENCH_TASKS of a process that has it

TABLE = "entry,account\n\x1b[31mbread[/],food\n咖啡馆的早餐,food\ntaxi,travel\n,food\n"
SEEN = Preview(
    source="/home/ada/sales/ledger.csv",
    columns=["entry", "account"],
    rows=[["bread \x1b[31mand [red]butter", "food"], ["咖啡馆的早餐和午餐都很好吃", "food"], ["taxi", "travel"]],
    counts={"food": 120, "travel [b]": 60, "娱乐": 20},
    splits={"train": 160, "val": 20, "test": 20},
    lengths={"shortest": 4, "median": 12.5, "95 %": 40, "longest": 61},
    length_unit="characters",
    guessed=["The accounts stand in the second column: task.account=NAME takes another."],
    dropped=["3 empty entries are left out."],
    notes=["200 entries are few: the preset small is made for them."],
)


def with_ledger(patch: pytest.MonkeyPatch) -> None:
    """List the task, here and in processes that are started."""
    patch.setenv("WORKBENCH_TASKS", NAMED)
    patch.setattr(tasks, "__path__", [*tasks.__path__, str(FOLDER)])


def write_table(folder: Path) -> Path:
    """Write a table and two neighbours; the table's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ledger.csv").write_text(TABLE)
    (folder / "ledger-old.csv").write_text("entry,account\n")
    (folder / ".hidden").write_text("")
    return folder / "ledger.csv"
