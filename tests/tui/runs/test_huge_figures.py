"""Figures of forty digits, and none at all: no table and no label is widened or cut by them."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from tasks.views import Table
from workbench.runs.events import Best, Eval, Step
from workbench.tui.run.screen import RunScreen
from workbench.tui.widgets.table import lay_out

STEP, TOTAL = 123_456_789_012, 987_654_321_098
FORTY_DIGITS = "0" * 20


def grown(worker: Any, loss: float, best: float) -> Any:
    """A run of twelve digits of steps, with such a loss and such a perplexity."""
    one = worker(task="poems").start(total=TOTAL, methods={"unigram": {"nll": 6.5, "perplexity": 1e39}})
    one.write(
        Step(
            time=time.time(),
            step=STEP,
            epoch=1.0,
            loss=loss,
            grad_norm=1e38,
            lr=1e-3,
            examples_per_s=1e3,
            eta_s=1.0,
            memory_mb=1.0,
        )
    )
    metrics = {"loss": loss, "nll": 92.1, "perplexity": best}
    table = Table(title="per form", columns=["form", "nll", "perplexity"], rows=[["绝句", loss, best]])
    best_one = Best(step=STEP, metric="perplexity", value=best)
    one.write(Eval(time=time.time(), step=STEP, epoch=1.0, metrics=metrics, views=[table], best=best_one))
    return one


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)], ids=str)
@pytest.mark.parametrize(("loss", "told"), [(1.5e38, "1.50e+38"), (math.nan, "–"), (-math.inf, "–"), (0.5, "0.5000")])
async def test_the_list_of_runs_shows_whole_columns(screen, worker, bare_lab, size, loss, told) -> None:
    grown(worker, loss, 1.25e40)
    async with screen.open(size=size) as pilot:
        await pilot.press("2")
        text = await screen.until(pilot, "perplexity 1.25e+40", "poems", "lstm")
        head, row = (next(line for line in text.splitlines() if word in line) for word in ("status", "running  "))
        assert FORTY_DIGITS not in text
        if "step" in head:
            assert "123,456,789,012 / 987,654,321,098" in row
        if "loss" in head:
            end = head.index("loss") + len("loss")
            assert row[:end].endswith(f" {told}")
            assert row[end] == " "


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)], ids=str)
async def test_the_run_screen_shows_whole_figures(screen, worker, size) -> None:
    one = grown(worker, 1.5e38, 1.25e40)
    async with screen.open(one.run, size) as pilot:
        text = await screen.until(pilot, "best perplexity 1.25e+40")
        for _ in range(6):
            assert FORTY_DIGITS not in text
            await pilot.press("v")
            await pilot.pause()
            text = screen.text
        assert isinstance(pilot.app.screen, RunScreen)
        table = lay_out(["form", "nll", "perplexity"], [["绝句", 1.5e38, 1.25e40]]).plain
        assert table.splitlines()[-1].split() == ["绝句", "1.50e+38", "1.25e+40"]


def test_what_has_no_room_follows_below_with_the_first_column() -> None:
    rows: list[list[Any]] = [["lstm", "0.6611", "0.1309", "1.1895"], ["majority", "0.5180", "0.0379", "–"]]
    table = lay_out(["", "accuracy", "macro F1", "loss"], rows, right=True, room=26).plain
    assert [line.split() for line in table.splitlines()] == [
        ["macro"],
        ["accuracy", "F1"],
        ["lstm", "0.6611", "0.1309"],
        ["majority", "0.5180", "0.0379"],
        [],
        [],
        ["loss"],
        ["lstm", "1.1895"],
        ["majority", "–"],
    ]
    assert max(map(len, table.splitlines())) <= 26
