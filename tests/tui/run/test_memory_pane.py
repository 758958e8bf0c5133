"""The memory pane: the gradient's norm by distance, scrubbed, beside the first evaluation and another run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from runs import event_makers as make

from workbench.runs.probes import ProbedCell
from workbench.runs.run import Run
from workbench.tui.run.memory import MemoryChart
from workbench.tui.services import pictures
from workbench.tui.services.twins import candidates, default_twin
from workbench.tui.widgets.tabs import TabRow


@pytest.fixture
def measured(worker):
    """An lstm that was evaluated three times, its gradient reaching further each time."""
    one = worker("lstm").start()
    for step, left in ((20, 0.5), (40, 0.9), (60, 0.97)):
        one.train(step - 10, step).probe(step, make.lstm_cell(left=left))
    return one


async def shows_memory(screen, pilot) -> None:
    await pilot.app.screen.looked.wait()
    tabs = pilot.app.screen.query_one(TabRow)
    while tabs.chosen != "memory":
        await pilot.press("v")


async def test_reach_gates_and_half_life_stand_under_the_chart(screen, measured) -> None:
    async with screen.open(measured.run) as pilot:
        await screen.until(pilot, "step 60 of 200")
        await shows_memory(screen, pilot)
        text = await screen.until(pilot, "reaches 100 of 100 steps back (first 9)")
        assert "f keeps 0.500, half-life 1.0 steps" in text
        assert "i 0.40, shut 2 %, open 25 %" in text
        assert "layer 1, h: steps before the end" in text
        assert "━ step 60  ━ first, step 20" in text


async def test_it_is_scrubbed_like_everything_else(screen, measured) -> None:
    measured.train(70, 80)  # whose gradient was not measured
    async with screen.open(measured.run) as pilot:
        await screen.until(pilot, "step 80 of 200")
        await shows_memory(screen, pilot)
        await screen.until(pilot, "━ step 60")
        await pilot.press("left_square_bracket")
        await screen.until(pilot, "evaluation 3 of 4", "━ step 60")
        await pilot.press("left_square_bracket")
        await screen.until(pilot, "evaluation 2 of 4", "━ step 40", "reaches 65 of 100 steps back (first 9)")
        await pilot.press("left_square_bracket")
        text = await screen.until(pilot, "evaluation 1 of 4", "reaches 9 of 100 steps back")
        assert "first" not in text
        await pilot.press("n")
        await screen.until(pilot, "━ step 60")


async def test_an_evaluation_without_a_measurement_says_so(screen, worker) -> None:
    one = worker("lstm").start().train(10, 20).probe(20).train(30, 40).train(50, 60).probe(60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 60 of 200")
        await shows_memory(screen, pilot)
        await pilot.press("left_square_bracket")
        await screen.until(pilot, "was not measured at this evaluation")


async def test_g_goes_through_layers_directions_and_parts(screen, worker) -> None:
    cells = [make.lstm_cell(), make.lstm_cell(direction=1)]
    one = worker("bilstm").start().train(10, 20).probe(20, *cells)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 20 of 200")
        await shows_memory(screen, pilot)
        for name in ("layer 1, c", "layer 1 backward, h", "layer 1 backward, c", "layer 1, h"):
            await pilot.press("g")
            await screen.until(pilot, f"{name}: steps")


async def test_the_twin_is_the_newest_rnn_of_the_task_and_w_chooses_another(screen, worker, folder: Path) -> None:
    rnn = worker("rnn").start().train(10, 20).probe(20, make.rnn_cell(left=0.1)).finish()
    gru = worker("gru").start().train(10, 20).probe(20, make.rnn_cell(left=0.8)).finish()
    os.utime(rnn.run.spec_file, (100, 100))  # the older one
    worker("rnn", task="climate")
    worker("gru").start().train(10, 20).finish()  # which measured nothing
    one = worker("lstm").start().train(10, 20).probe(20)
    async with screen.open(one.run, size=(140, 40)) as pilot:
        await screen.until(pilot, "step 20 of 200")
        await shows_memory(screen, pilot)
        await screen.until(pilot, f"rnn ({rnn.run.id}), 0 beyond 39", "reaches 100 of 100 steps back (rnn 3 of 100)")
        await pilot.press("w")
        await screen.until(pilot, "Draw the gradient of which run beside it?", f"gru ({gru.run.id})", "none")
        await pilot.press("enter")
        await screen.until(pilot, "(gru 30 of 100)")
        await pilot.press("w")
        await screen.until(pilot, "Draw the gradient")
        await pilot.press("end", "enter")
        await screen.until(pilot, "reaches 100 of 100 steps back")
        assert "gru 30" not in screen.text


def test_beside_an_rnn_stands_the_newest_other_cell(worker, folder: Path) -> None:
    rnn = worker("rnn").start().train(10, 20).probe(20, make.rnn_cell())
    assert default_twin(folder, rnn.run) is None
    lstm = worker("lstm").start().train(10, 20).probe(20).finish()
    worker("lstm").start().train(10, 20).probe(20).stop(20)
    twin = default_twin(folder, rnn.run)
    assert twin is not None
    assert twin.run.path == lstm.run.path
    assert [other.run.spec.cell for other, _ in candidates(folder, rnn.run)] == ["lstm", "lstm"]
    lstm.run.events_file.unlink()
    assert twin.look() is None


async def test_a_run_without_a_measurement_gets_a_sentence(screen, worker) -> None:
    one = worker("lstm").start().train(10, 20)
    for size in ((120, 36), (80, 24), (60, 20)):
        async with screen.open(one.run, size=size) as pilot:
            await screen.until(pilot, "step 20 of 200")
            await shows_memory(screen, pilot)
            await screen.until(pilot, "This run has not measured", "train.probe=0")
            assert "Twin" not in screen.text


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)])
async def test_the_bound_of_an_rnn_and_every_size(screen, worker, monkeypatch, size: tuple[int, int]) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    one = worker("rnn").start().train(10, 20).probe(20, make.rnn_cell(left=0.5, spectral_norm=0.75))
    async with screen.open(one.run, size=size) as pilot:
        await screen.until(pilot, "step 20 of")
        await shows_memory(screen, pilot)
        text = await screen.until(pilot, "spectral radius 0.90, η 0.75", "bound")
        assert "·" in text
        assert pilot.app.screen.query_one(MemoryChart).size.height >= 4


async def test_a_bound_and_a_curve_of_zeros_alone_are_no_chart(screen, worker) -> None:
    zeros = make.rnn_cell(11).norms | {"h": [0.0] * 11}
    one = worker("rnn").start().train(10, 20)
    one.probe(20, ProbedCell(layer=0, direction=0, norms=zeros), length=11)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 20 of 200")
        await shows_memory(screen, pilot)
        await screen.until(pilot, "the gradient is zero everywhere", "reaches 0 of 10")


async def test_p_writes_the_picture_of_the_pane(screen, measured, monkeypatch) -> None:
    asked: list[tuple[list[Run], str]] = []
    monkeypatch.setattr(pictures, "draw", lambda runs, kind, *_: asked.append(([*runs], kind)) or "there.svg")
    async with screen.open(measured.run) as pilot:
        await screen.until(pilot, "step 60 of 200")
        await shows_memory(screen, pilot)
        await pilot.press("p")
        await screen.until(pilot, "Written to")
    assert asked == [([measured.run], "gradients")]


async def test_a_resumed_run_shows_the_gradient_of_its_last_evaluation_that_counts(screen, worker) -> None:
    one = worker("lstm").start()
    for step in (20, 40, 60):
        one.train(step - 10, step).probe(step, make.lstm_cell(left=0.5 + step / 200))
    one.vanish()
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 60")
        await shows_memory(screen, pilot)
        await screen.until(pilot, "━ step 60")
        one.go_on(40)
        await screen.until(pilot, "━ step 40")
