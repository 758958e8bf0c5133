"""Stepping through a run's evaluations, and holding the display still."""

from __future__ import annotations

import time

import pytest

from tasks.views import Table, Text
from workbench.runs.events import Sample
from workbench.tui.run.chart_panel import ChartPanel
from workbench.tui.run.result import ResultTable
from workbench.tui.run.scrubber import target_evaluation
from workbench.tui.services.watcher import Watcher


def said(step: int) -> list[Table]:
    return [Table(title="per class", columns=["class", "f1"], rows=[[f"told at {step}", 0.5]])]


@pytest.fixture
def four(worker):
    """A run that was evaluated, and wrote, at the steps 20, 40, 60 and 80."""
    one = worker().start()
    for step in (20, 40, 60, 80):
        one.train(step - 10, step, said(step))
        one.write(Sample(time=time.time(), step=step, view=Text(title="a poem", text=f"written at {step}")))
    return one


async def shows_tables(screen, pilot) -> None:
    await shows_tables_of(screen, pilot, 80)


async def shows_tables_of(screen, pilot, step: int) -> None:
    await screen.until(pilot, "a poem", "per class", "about")
    await pilot.press("v")
    await screen.until(pilot, f"told at {step}")


async def test_brackets_step_through_the_evaluations_and_n_comes_back(screen, four) -> None:
    async with screen.open(four.run) as pilot:
        await screen.until(pilot, "step 80 of 200", "written at 80")
        await shows_tables(screen, pilot)
        await pilot.press("left_square_bracket")
        await screen.until(pilot, "evaluation 3 of 4", "n: back to live", "step 60", "told at 60")
        await pilot.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        await screen.until(pilot, "evaluation 1 of 4", "told at 20")
        await pilot.press("right_square_bracket")
        await screen.until(pilot, "evaluation 2 of 4", "told at 40")
        await pilot.press("n")
        text = await screen.until(pilot, "told at 80")
        assert "evaluation" not in text.replace("evaluations", "")
        await pilot.press("left_square_bracket", "right_square_bracket")
        await screen.until(pilot, "told at 80")
        assert "of 4" not in screen.text


async def test_what_was_written_is_shown_as_far_as_it_was_then(screen, four) -> None:
    async with screen.open(four.run) as pilot:
        await screen.until(pilot, "written at 80", "written at 20")
        await pilot.press("left_square_bracket", "left_square_bracket")
        text = await screen.until(pilot, "evaluation 2 of 4", "written at 40", "written at 20")
        while "written at 80" in text or "written at 60" in text:
            await pilot.pause(0.02)
            text = screen.text


async def test_one_sees_a_network_learn_to_write_from_one_seed(screen, worker) -> None:
    """A sample at each evaluation, as the poems give it: streamed as it comes, and scrubbed through."""
    poems = ["月月月。", "月人山，不不不。", "月明山上人，风起水中云。\n独坐无人语，寒声不可闻。"]
    one = worker(task="poems").start()

    def write(number: int) -> None:
        view = Text(title="a poem, seed 0", text=poems[number])
        one.train(20 * number + 10, 20 * number + 20, said(20 * number + 20))
        one.write(Sample(time=time.time(), step=20 * number + 20, view=view))

    write(0)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "a poem, seed 0", "step 20", "月月月。")
        write(1)
        await screen.until(pilot, "step 40", "月人山，不不不。", "月月月。")
        write(2)
        text = await screen.until(pilot, "step 60", "月明山上人，风起水中云。", "独坐无人语，寒声不可闻。")
        assert text.index("独坐") < text.index("月人山") < text.index("月月月")
        await pilot.press("left_square_bracket")
        text = await screen.until(pilot, "evaluation 2 of 3", "月人山，不不不。")
        while "独坐" in text:
            await pilot.pause(0.02)
            text = screen.text
        await pilot.press("left_square_bracket")
        text = await screen.until(pilot, "evaluation 1 of 3", "月月月。")
        while "月人山" in text:
            await pilot.pause(0.02)
            text = screen.text
        await pilot.press("right_square_bracket", "right_square_bracket")
        await screen.until(pilot, "独坐无人语，寒声不可闻。")


async def test_the_figures_and_the_charts_tell_which_evaluation_is_shown(screen, four) -> None:
    async with screen.open(four.run) as pilot:
        await screen.until(pilot, "step 80 of 200", "best validation so far")
        await pilot.press("left_square_bracket")
        await screen.until(pilot, "validation at step 60", "┊")
        assert pilot.app.screen.query_one(ChartPanel).view.mark == 60
        assert (
            f"{0.8 - 2.718281828 ** (-60 / 50) / 2:.4f}" in pilot.app.screen.query_one(ResultTable).body.content.plain
        )
        await pilot.press("n")
        await screen.until(pilot, "best validation so far")
        assert "┊" not in screen.text


async def test_a_new_evaluation_does_not_move_what_is_shown(screen, four) -> None:
    async with screen.open(four.run) as pilot:
        await screen.until(pilot, "step 80 of 200", "written at 80")
        await shows_tables(screen, pilot)
        await pilot.press("left_square_bracket")
        await screen.until(pilot, "evaluation 3 of 4", "told at 60")
        four.train(90, 100, said(100))
        await screen.until(pilot, "evaluation 3 of 5", "step 100 of 200")
        await pilot.pause(0.1)
        assert "told at 60" in screen.text
        assert "told at 100" not in screen.text
        await pilot.press("right_square_bracket")
        await screen.until(pilot, "evaluation 4 of 5", "told at 80")
        await pilot.press("right_square_bracket")
        await screen.until(pilot, "told at 100")


async def test_curly_brackets_go_far(screen, worker) -> None:
    one = worker().start()
    for step in range(1, 31):
        one.evaluate(step, said(step))
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 30 of 200")
        await pilot.press("left_curly_bracket")
        await screen.until(pilot, "evaluation 20 of 30")
        await pilot.press("left_curly_bracket", "left_curly_bracket", "right_curly_bracket")
        await screen.until(pilot, "evaluation 11 of 30")


async def test_a_finished_run_has_its_last_evaluation_before_its_test(screen, four) -> None:
    four.finish(80)
    async with screen.open(four.run) as pilot:
        await screen.until(pilot, "finished", "test, with the best weights")
        await pilot.press("left_square_bracket")
        await screen.until(pilot, "evaluation 4 of 4", "n: back to the end", "validation at step 80")
        await pilot.press("right_square_bracket")
        await screen.until(pilot, "test, with the best weights")


async def test_an_evaluation_that_a_resumed_run_dropped_is_left(screen, four) -> None:
    async with screen.open(four.run) as pilot:
        await screen.until(pilot, "step 80 of 200", "written at 80")
        await pilot.press("left_square_bracket")
        await screen.until(pilot, "evaluation 3 of 4")
        four.start(from_step=40)
        await screen.until(pilot, "step 40 of 200", "written at 40")
        assert "evaluation" not in screen.text.replace("evaluations", "")
        await shows_tables_of(screen, pilot, 40)


async def test_before_the_first_evaluation_there_is_nothing_to_step_to(screen, worker) -> None:
    one = worker().start()
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        await pilot.press("left_square_bracket", "right_square_bracket", "n")
        assert "[ Earlier" not in screen.text
        one.evaluate(10)
        await screen.until(pilot, "[ Earlier")
        await pilot.press("left_square_bracket")
        await screen.until(pilot, "evaluation 1 of 1", "n Newest")


async def test_space_holds_the_display_and_catches_up(screen, four) -> None:
    async with screen.open(four.run) as pilot:
        await screen.until(pilot, "step 80 of 200", "space Pause display")
        await pilot.press("space")
        await screen.until(pilot, "display paused", "training goes on", "space: go on", "at step 80")
        four.train(90, 120, said(120))
        await pilot.pause(0.3)
        assert "step 80 of 200" in screen.text
        assert four.run.alive()
        assert not four.run.stop_file.exists()
        await pilot.press("left_square_bracket", "z")
        await screen.until(pilot, "evaluation 3 of 4", "display paused", "zoom 2×")
        await pilot.press("space")
        await screen.until(pilot, "step 120 of 200", "evaluation 3 of 5")
        assert "display paused" not in screen.text


@pytest.mark.parametrize("size", [(40, 15), (80, 24), (120, 36)])
async def test_the_way_back_is_told_in_any_size(screen, four, size) -> None:
    async with screen.open(four.run, size) as pilot:
        await screen.until(pilot, "running", "40%")
        await pilot.press("left_square_bracket", "space")
        await screen.until(pilot, "evaluation 3 of 4", "n: back", "display paused", "training goes on")


def test_old_views_are_read_from_the_file_and_not_kept(four) -> None:
    watcher = Watcher(four.run)
    watcher.look()
    assert [len(found.views) for found in watcher.history.evals] == [0, 0, 0, 1]
    assert [watcher.views(step)[0].rows[0][0] for step in (20, 60, 80)] == ["told at 20", "told at 60", "told at 80"]
    assert watcher.views(70) == []
    four.train(90, 100, said(100))
    watcher.look()
    assert [len(found.views) for found in watcher.history.evals] == [0, 0, 0, 0, 1]
    assert watcher.views(100) == said(100)


def test_of_a_step_that_two_lives_evaluated_the_later_life_is_shown(four) -> None:
    four.start(from_step=40)
    four.evaluate(60, said(61))
    watcher = Watcher(four.run)
    watcher.look()
    assert watcher.views(60) == said(61)
    assert watcher.views(40) == said(40)


def test_a_text_that_looks_like_an_evaluation_is_none(worker) -> None:
    one = worker().start()
    trap = '{"event":"eval","time":1.0,"step":20,"views":[]}'
    one.evaluate(20, said(20))
    one.evaluate(40, [Text(title=trap, text="\n" + trap)])
    watcher = Watcher(one.run)
    watcher.look()
    assert watcher.views(20) == said(20)


def test_a_long_file_is_read_in_parts(four, monkeypatch) -> None:
    whole = Watcher(four.run)
    assert not whole.look().more
    monkeypatch.setattr("workbench.tui.services.watcher._AT_ONCE", 300)
    monkeypatch.setattr("workbench.runs.evaluations._BLOCK", 100)
    watcher = Watcher(four.run)
    looks = [watcher.look()]
    while looks[-1].more:
        looks.append(watcher.look())
    assert len(looks) > 5
    assert looks[-1].status == "running"
    assert vars(watcher.history) == vars(whole.history)
    assert watcher.views(40) == said(40)


def test_how_a_long_run_stands_is_read_from_its_end(four, monkeypatch) -> None:
    watcher = Watcher(four.run)
    assert watcher.latest() is None  # one look reads it all
    monkeypatch.setattr("workbench.tui.services.watcher._AT_ONCE", 300)
    status, latest = watcher.latest()
    assert watcher.history.empty
    watcher = Watcher(four.run)
    while watcher.look().more:
        pass
    assert status == "running"
    assert (latest.step, latest.best, latest.started) == (80, watcher.history.best, watcher.history.started)
    assert latest.steps[-1:] == watcher.history.steps[-1:]


@pytest.mark.parametrize(
    ("shown", "by", "live", "wanted"),
    [
        (None, -1, 2, 20),
        (None, -1, 3, 30),
        (None, 1, 2, None),
        (None, -9, 2, 10),
        (10, -1, 2, 10),
        (10, 1, 2, 20),
        (20, 1, 2, None),
        (20, 1, 3, 30),
    ],
)
def test_stepping_ends_at_the_first_evaluation_and_at_the_newest(shown, by, live, wanted) -> None:
    assert target_evaluation([10, 20, 30], shown, by, live) == wanted
    assert target_evaluation([], None, by, 0) is None
