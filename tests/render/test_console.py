"""Listings that fit the terminal."""

from __future__ import annotations

import io
import sys

import pytest

from workbench.render import console

HEADS = ("run", "status", "task", "cell", "step", "best val", "test", "age")
ROW = ("poems-lstm-20260102-101500", "finished", "poems", "lstm", "6,000", "NLL 4.183", "NLL 4.204", "3 d")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("columns", "gone"),
    [(120, set()), (80, {"age"}), (60, {"age", "step", "test"}), (50, {*HEADS[4:]}), (20, {*HEADS[4:]})],
)
def test_run_status_task_and_cell_stay(monkeypatch: pytest.MonkeyPatch, columns: int, gone: set[str]) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", (shown := Terminal()))
    console.listing(HEADS, [ROW], spare=("age", "step", "test", "best val"))
    text = shown.getvalue()
    assert all((value in text) == (head not in gone) for head, value in zip(HEADS[4:], ROW[4:], strict=True))
    if columns >= 50:
        assert all(value in text for value in ROW[:4])


def test_heads_are_no_markup_and_no_escape_sequences(capsys: pytest.CaptureFixture[str]) -> None:
    console.listing(["run", "[/b] [a] :smile:\x1b[2J"], [["one", "1"]])
    assert capsys.readouterr().out.splitlines()[0].rstrip() == " run  [/b] [a] :smile:�[2J".strip()
