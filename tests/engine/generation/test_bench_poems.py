"""The table of ``bench/poems.py``: poems without an end or of another form count for nothing."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from engine.generation.poem_writers import random_writer

FILE = Path(__file__).parents[3] / "bench/poems.py"


def test_poems_without_an_end_or_a_form_are_not_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "path", [str(FILE.parent), *sys.path])  # as where it is run
    found = importlib.util.spec_from_file_location("bench_poems", FILE)
    assert found is not None
    assert found.loader is not None
    bench = importlib.util.module_from_spec(found)
    found.loader.exec_module(bench)
    task, _ = random_writer()
    right = "雪月烟天月，天烟雪月前。烟天泉月雪，日月雪烟天。"
    longer = f"{right}雪月烟天月，天烟雪月前。"
    assert task.checks(longer)["regulated"]
    rows = (([right, ""], "0.500 | 0.500 | 0 | 0.500 | 0.500 | 0 "), ([longer], "0 | 1.000 | 1.000 | 0 | 0 | 0 "))
    for poems, shares in rows:
        bench.row("x", poems, "五绝", task, None)
        assert f"| x | {shares}" in capsys.readouterr().out
    bench.row("x", ["春眠不觉晓，处处闻啼鸟。", ""], "五绝", task, None)
    assert "| x | 0 | 0 | 0 | 0 | 0 | 0 |" in capsys.readouterr().out
    bench.row("x", ["雪月烟天水，", ""], "五绝", task, None)
    assert "| x | 0 | 0 | 0 | 0 | 0 | 0.500 |" in capsys.readouterr().out
