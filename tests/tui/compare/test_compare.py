"""Several runs laid over one another."""

from __future__ import annotations

import math

import msgspec
import pytest
from runs.run_summaries import record
from waiting import eventually

from workbench.runs import comparison, metadata
from workbench.runs.metadata import RunMetadata
from workbench.tui.compare.overlay_chart import OverlayChart
from workbench.tui.compare.run_curves import TRAINING, RunCurves
from workbench.tui.compare.screen import CompareScreen
from workbench.tui.run.screen import RunScreen
from workbench.tui.widgets import page
from workbench.tui.widgets.view_range import visible_steps

pytestmark = pytest.mark.usefixtures("bare_lab")


async def compare(screen, pilot, *ids: str) -> None:
    await pilot.press("2")
    await screen.until(pilot, *ids)
    await pilot.press("M", "c")
    await screen.until(pilot, "m Figure")
    assert isinstance(screen.app.screen, CompareScreen)


async def test_curves_results_and_settings_stand_beside_one_another(screen, worker) -> None:
    good = worker(values={"hidden": 64}).start().train(10, 60).train(70, 200).finish()
    bad = worker("gru", values={"hidden": 32}).start().train(10, 60)
    async with screen.open() as pilot:
        await compare(screen, pilot, good.run.id, bad.run.id)
        text = await screen.until(
            pilot, "accuracy (1 of 4)", "results, ★ the best of each figure", "settings that differ"
        )
        letter = {one.run.id: one.letter for one in screen.app.screen._every}
        for one, cell in ((good, "lstm"), (bad, "gru")):
            assert f"{letter[one.run.id]} {one.run.id}" in text
            assert f"{letter[one.run.id]} {cell}" in text
        best = next(line for line in text.splitlines() if "val accuracy" in line)
        assert "0.7908 ★" in best
        assert best.count("★") == 1
        assert any(line.count("64") and line.count("32") for line in text.splitlines() if "cell.hidden" in line)
        assert "train.lr" not in text
        await pilot.press("m")
        await screen.until(pilot, "validation loss (2 of 4)")
        await pilot.press("f5", "m")
        await screen.until(pilot, "training loss (4 of 4)", "smoothing 0.9")
        await pilot.press("a")
        await screen.until(pilot, "x epoch")
        await pilot.press("f8")
        await screen.until(pilot, "x time")
        await pilot.press("a", "m")
        assert "x time" not in await screen.until(pilot, "accuracy (1 of 4)")


async def test_a_run_that_trains_goes_on_growing(screen, worker) -> None:
    one, two = worker().start().train(10, 60), worker("gru").start().train(10, 60)
    async with screen.open() as pilot:
        await compare(screen, pilot, one.run.id, two.run.id)
        await screen.until(pilot, "0.6494", "running")
        one.train(70, 200).finish()
        await screen.until(pilot, "0.7908 ★", "finished", "test accuracy")


async def test_letters_tell_the_curves_apart_without_colour(screen, worker, monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    one, two = worker().start().train(10, 60).train(70, 200), worker("gru").start().train(10, 100)
    async with screen.open() as pilot:
        await compare(screen, pilot, one.run.id, two.run.id)
        await pilot.press("m", "m", "m")
        text = await screen.until(pilot, "training loss (4 of 4)")
        drawn = [line.split("│")[2] for line in text.splitlines() if line.count("│") > 3]
        assert sum(line.count("A") + line.count("B") for line in drawn) > 20
        assert {"A", "B"} <= set("".join(drawn))


async def test_one_pane_at_a_time_where_there_is_no_room(screen, worker) -> None:
    one, two = worker().start().train(10, 60), worker("gru").start().train(10, 60)
    async with screen.open(size=(60, 20)) as pilot:
        await pilot.press("2")
        await screen.until(pilot, "2 runs")
        await pilot.press("M", "f7")
        await screen.until(pilot, "accuracy (1 of", "A gru running" if two.run.created > one.run.created else "A ")
        assert "cell.hidden" not in screen.text
        await pilot.press("v")
        await screen.until(pilot, "val accuracy")
        assert "accuracy (1 of" not in screen.text
        await pilot.press("f6")
        await screen.until(pilot, "settings that differ", "cell ")
        await pilot.press("v")
        await screen.until(pilot, "accuracy (1 of")
        await pilot.resize_terminal(140, 40)
        await screen.until(pilot, "accuracy (1 of", "val accuracy", "settings that differ")


async def test_two_runs_at_least_are_compared(screen, worker) -> None:
    one = worker().start()
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, one.run.id)
        await pilot.press("m", "c")
        await screen.until(pilot, "Mark two runs at least with m")


async def test_back_and_forth(screen, worker) -> None:
    one, two = worker().start().train(10, 60), worker("gru").start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 60 of 200")
        await compare(screen, pilot, one.run.id, two.run.id)
        await pilot.press("3")
        await screen.until(pilot, "step 60 of 200")
        assert isinstance(screen.app.screen, RunScreen)
        await pilot.press("b")
        await screen.until(pilot, "2 runs", "2 marked")
        await pilot.press("c", "b")
        await screen.until(pilot, "2 marked")
        await pilot.press("c")
        await screen.until(pilot, "m Figure")
        await pilot.press("b")
        await screen.until(pilot, "2 marked")


def test_runs_of_different_tasks_share_some_metrics_and_that_is_said() -> None:
    one = record(accuracy=0.8)
    two = record("imdb-1", task="imdb", val={"accuracy": 0.9, "f1": 0.7})
    three = record("imdb-2", task="imdb", val={"accuracy": 0.95, "f1": 0.6})
    assert comparison.shared_metrics([one, two, three]) == ["accuracy"]
    rows = dict(comparison.result_rows([one, two, three]))
    assert [figure.best for figure in rows["val accuracy"]] == [False, False, True]
    (said,) = comparison.comparison_notes([one, two, three])
    assert "different tasks (names, imdb)" in said
    assert "share accuracy" in said
    assert "task" in comparison.differing_settings([one, two])
    assert not any(key.startswith("task.") and "input" in key for key in comparison.differing_settings([one, two]))


@pytest.mark.parametrize(
    ("metric", "best"), [("loss", [True, False]), ("accuracy", [False, True]), ("beauty", [False, False])]
)
def test_the_best_is_the_one_that_is_better(metric: str, best: list[bool]) -> None:
    runs = [record(val={metric: 0.1}), record(val={metric: 0.2})]
    assert [figure.best for figure in dict(comparison.result_rows(runs))[f"val {metric}"]] == best


def test_only_settings_that_differ_are_listed() -> None:
    one, two = record(settings={"lr": 0.1, "threads": 1}), record(settings={"lr": 0.2, "threads": 2})
    assert comparison.differing_settings([one, two]) == {"train.lr": ["0.1", "0.2"]}
    starter = record()
    starter = starter._replace(spec=msgspec.structs.replace(starter.spec, data="starter"))
    assert comparison.differing_settings([record(), starter]) == {"data": ["full", "starter"]}
    assert any("starter" in said for said in comparison.comparison_notes([record(), starter]))


def test_runs_without_an_evaluation_are_counted_among_all() -> None:
    begun = record(accuracy=None)
    assert comparison.comparison_notes([record(), begun]) == ["1 of 2 runs has not been evaluated yet."]
    assert comparison.comparison_notes([record(), begun, begun]) == ["2 of 3 runs have not been evaluated yet."]


def chart_of(screen) -> OverlayChart:
    return screen.app.screen.query_one(OverlayChart)


async def opened(screen, pilot, worker, *ends: int) -> list:
    """Compare runs that end at these steps, each measured every ten steps."""
    every = []
    for cell, end in zip(("lstm", "gru", "rnn"), ends, strict=False):
        one = worker(cell).start()
        for step in range(10, end + 1, 10):
            one.train(step, step)
        every.append(one)
    await compare(screen, pilot, *(one.run.id for one in every))
    await screen.until(pilot, "accuracy (1 of 4)")
    return every


async def test_zoom_and_back_as_on_the_run_screen(screen, worker) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, worker, 200, 100)
        await pilot.press("z")
        await screen.until(pilot, "zoom 2×")
        assert visible(screen) == (100, 200)
        await pilot.press("z")
        assert visible(screen) == (150, 200)
        await pilot.press("o")
        assert visible(screen) == (100, 200)
        await pilot.press("0")
        assert visible(screen) == (0, 200)
        assert "zoom" not in str(chart_of(screen).border_title)


def visible(screen) -> tuple[float, float]:
    chart = chart_of(screen)
    return visible_steps(chart.view, chart._common)


async def test_the_cursor_reads_every_run_at_its_place_and_none_past_its_end(screen, worker) -> None:
    async with screen.open() as pilot:
        long, short = await opened(screen, pilot, worker, 200, 100)
        letter = {one.run.id: one.letter for one in screen.app.screen._every}
        foot = str(chart_of(screen).border_subtitle)
        assert f"{letter[long.run.id]} {accuracy(200)}" in foot
        assert f"{letter[short.run.id]} {accuracy(100)}" in foot  # the last that was measured
        await pilot.press("c")
        await screen.until(pilot, "│ step 200")
        foot = str(chart_of(screen).border_subtitle)
        assert f"{letter[long.run.id]} {accuracy(200)}" in foot
        assert f"{letter[short.run.id]} –" in foot
        for _ in range(200):
            if chart_of(screen).view.cursor == 90:
                break
            await pilot.press("comma")
        await screen.until(pilot, "│ step 90")
        foot = str(chart_of(screen).border_subtitle)
        assert foot.count(accuracy(90)) == 2
        await pilot.press("a")  # an epoch's place is no step's
        await screen.until(pilot, "x epoch")
        assert chart_of(screen).view.cursor is None
        await pilot.press("c")
        await screen.until(pilot, "│ epoch 10.00")


def accuracy(step: int) -> str:
    """As the fake worker measures it."""
    return f"{0.8 - math.exp(-step / 50) / 2:.4f}"


async def test_arrows_move_the_cursor_of_the_chart_that_has_the_focus(screen, worker) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, worker, 200, 100)
        chart_of(screen).focus()
        await pilot.press("left")  # the cursor comes
        await screen.until(pilot, "│ step 200")
        await pilot.press("shift+left")
        assert chart_of(screen).view.cursor < 200


async def test_smoothing_and_the_logarithmic_axis(screen, worker) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, worker, 200, 100)
        await pilot.press("l")
        assert "log y" not in str(chart_of(screen).border_title)  # the higher the better
        await pilot.press("m")
        await screen.until(pilot, "validation loss (2 of 4)", "log y")
        assert "smoothing" not in str(chart_of(screen).border_title)
        await pilot.press("m", "m")
        await screen.until(pilot, "training loss (4 of 4)", "smoothing 0.9", "log y")
        before = drawn(screen)
        await pilot.press("plus", "plus")
        await screen.until(pilot, "smoothing 0.98")
        assert drawn(screen) != before
        await pilot.press("minus", "minus")
        assert drawn(screen) == before


def drawn(screen) -> list[str]:
    chart = chart_of(screen)
    return [chart.render_line(y).text for y in range(chart.size.height)]


async def test_the_picture_shows_the_figure_that_is_drawn(screen, worker, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(page.pictures, "draw", lambda *words: asked.append(words[1:]) or "a.svg")
    async with screen.open() as pilot:
        await opened(screen, pilot, worker, 60, 60)
        for number, keys in enumerate((("p",), ("m", "p"), ("m", "p"), ("m", "p"))):
            await pilot.press(*keys)
            await eventually(pilot, lambda number=number: len(asked) == number + 1)
    assert asked == [("curves",), ("curves", "--metric", "loss"), ("curves", "--metric", "macro_f1"), ("curves",)]


def test_curves_follow_a_run_and_drop_what_an_earlier_life_did(worker) -> None:
    one = worker().start().train(10, 100).train(110, 200)
    curves = RunCurves(one.run)
    new = curves.read()
    assert not new.more
    curves.add(new)
    assert curves.read() == ([], False, False)
    assert [x for x, _ in curves.curves["accuracy"].points] == [100, 200]
    assert [curves.timeline.at("epoch", x) for x, _ in curves.curves["accuracy"].points] == [5, 10]
    assert len(curves.curves[TRAINING].points) == 20
    one.start(from_step=100)  # the second life goes on from the first's checkpoint
    curves.add(curves.read())
    assert curves.curves["accuracy"].ends == curves.curves[TRAINING].ends[1:] * 2 == [100, 100]
    one.train(110, 150)
    curves.add(curves.read())
    assert curves.curves[TRAINING].ends == [10, 150]
    assert curves.metrics == ["loss", "accuracy", "macro_f1"]


async def test_runs_are_told_apart_by_the_names_that_they_were_given(screen, worker) -> None:
    one, two = worker().start().train(10, 200).finish(), worker().start().train(10, 60)
    metadata.write(one.run, RunMetadata(name="[b]wide[/]", study="grid"))
    async with screen.open() as pilot:
        await compare(screen, pilot, "grid: [b]wide[/]", two.run.id)
        text = await screen.until(pilot, "accuracy (1 of 4)")
        letter = {one.run.id: one.letter for one in screen.app.screen._every}
        assert f"{letter[one.run.id]} grid: [b]wide[/]" in text
        assert f"{letter[two.run.id]} {two.run.id}" in text
        metadata.write(two.run, RunMetadata(name="deep"))
        await screen.until(pilot, f"{letter[two.run.id]} deep")


def test_names_in_a_table_are_distinct() -> None:
    runs = [
        record("a", metadata=RunMetadata(name="wide")),
        record("b", metadata=RunMetadata(name="wide", study="grid")),
        record("c", metadata=RunMetadata(name="wide")),
        record("d"),
    ]
    assert comparison.distinct_names(runs) == ["wide (a)", "grid: wide", "wide (c)", "d"]
    assert [row[0].text for row in comparison.comparison_table(runs)[1]] == comparison.distinct_names(runs)
