"""Several runs laid over one another."""

from __future__ import annotations

import msgspec
import pytest
from runs.run_summaries import record

from workbench.runs import comparison, metadata
from workbench.runs.metadata import RunMetadata
from workbench.tui.compare.run_curves import TRAINING, RunCurves, axis_unit
from workbench.tui.compare.screen import CompareScreen
from workbench.tui.run.screen import RunScreen

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
            pilot, "accuracy (1 of 4)", "steps", "results, ★ the best of each figure", "settings that differ"
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
        await screen.until(pilot, "training loss, smoothed (4 of 4)")
        await pilot.press("a")
        await screen.until(pilot, "epochs ")
        await pilot.press("f8")
        await screen.until(pilot, "seconds of training")
        await pilot.press("a", "m")
        await screen.until(pilot, "accuracy (1 of 4)", "steps ")


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
        text = await screen.until(pilot, "training loss, smoothed")
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


def test_a_trace_counts_steps_epochs_and_the_time_trained(worker) -> None:
    one = worker().start().train(10, 100).train(110, 200)
    traces = RunCurves(one.run)
    assert traces.look()
    assert not traces.look()
    assert [x for x, _ in traces.points("accuracy", "step")] == [100, 200]
    assert [x for x, _ in traces.points("accuracy", "epoch")] == [5, 10]
    times = [x for x, _ in traces.points(TRAINING, "time")]
    assert times == sorted(times)
    assert len(times) == 20
    one.start(from_step=100)  # the second life goes on from the first's checkpoint
    assert traces.look()
    assert [x for x, _ in traces.points("accuracy", "step")] == [100]
    assert max(x for x, _ in traces.points(TRAINING, "step")) == 100
    one.train(110, 150)
    traces.look()
    later = [x for x, _ in traces.points(TRAINING, "time")]
    assert later == sorted(later)
    assert set(traces.metrics) == {"loss", "accuracy", "macro_f1"}


def test_time_is_counted_in_what_it_is_long_in() -> None:
    assert axis_unit("step", 1e9) == (1.0, "steps")
    assert [axis_unit("time", seconds)[1].split()[0] for seconds in (0, 179, 180, 10_800)] == [
        "seconds",
        "seconds",
        "minutes",
        "hours",
    ]


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
