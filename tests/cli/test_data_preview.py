"""``data preview``: what a training would read, in print and as JSON; what is wrong with it in a sentence."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from ledger import NAMED, write_table
from sentences import says

from tasks.preview import Preview


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_table(tmp_path / "sales")


def test_in_print(workbench, table: Path) -> None:
    result = workbench("data", "preview", "ledger", "--set", f"task.file={table}", WORKBENCH_TASKS=NAMED)
    assert (result.returncode, result.stderr) == (0, "")
    shown = [line.rstrip() for line in result.stdout.splitlines()]
    assert shown[0].startswith("source      ")
    assert "split       train 3" in shown
    assert "characters  shortest 4, longest 13" in shown
    assert "guessed     The accounts stand in the second column: task.account names another." in shown
    assert "left out    1 empty entries are left out." in shown
    at = shown.index("entry          account")
    assert shown[at + 1 : at + 4] == ["�[31mbread[/]  food", "咖啡馆的早餐   food", "taxi           travel"]
    assert shown[-2].split() == ["food", "━" * 24, "2", "67%"]
    assert "\x1b" not in result.stdout


def test_as_json_with_every_setting(workbench, table: Path) -> None:
    result = workbench(
        *("data", "preview", "ledger", "--json", "--set", f"file={table}", "--set", "rate=0.25"), WORKBENCH_TASKS=NAMED
    )
    assert result.returncode == 0, result.stderr
    found = msgspec.json.decode(result.stdout, type=Preview)
    assert found.rows[0] == ["\x1b[31mbread[/]", "food"]
    assert found.counts == {"food": 2, "travel": 1}
    assert found.notes == ["The rate is 0.25."]
    assert "\x1b" not in result.stdout


def test_what_is_wrong_is_one_sentence(workbench, table: Path, tmp_path: Path) -> None:
    def preview(*words: object):
        return workbench("data", "preview", *words, WORKBENCH_TASKS=NAMED)

    table.write_text("entry,account\nbread,butter,food\n")
    says(preview("ledger", "--set", f"task.file={table}"), 1, f"{table} line 2 has 3 cells in place of 2: quote")
    says(preview("ledger"), 1, "No table is named: give task.file.")
    says(preview("ledger", "--set", f"task.file={tmp_path}/no.csv"), 1, f"{tmp_path}/no.csv is missing or no file")
    says(preview("ledger", "--set", "task.rate=2"), 2, "task.rate cannot be 2")
    says(preview("ledgr"), 2, "ledger")
    says(preview("ledger", "--set", "task.flie=x"), 2, "task.file")


def test_the_starter_set_is_said_and_a_task_of_the_program_tells_its_splits(workbench) -> None:
    result = workbench("data", "preview", "names")
    assert result.returncode == 0, result.stderr
    assert result.stderr == "The names data is not downloaded: this is the small starter set.\n"
    assert "split       train 1,148 · val 144 · test 145" in result.stdout
    toy = msgspec.json.decode(workbench("data", "preview", "toy", "--json").stdout, type=Preview)
    assert toy.source == "examples that the task makes itself"
    assert toy.splits == {"train": 192, "val": 64, "test": 64}
