"""The Run screen, fed by a worker that writes while it is open."""

from __future__ import annotations

import shutil
import time

import pytest
from waiting import eventually

from tasks.views import Series, Text
from workbench.runs import launch, metadata
from workbench.runs.events import Alarm, Sample
from workbench.runs.metadata import RunMetadata
from workbench.runs.run import Run
from workbench.tui.run.chart_panel import ChartPanel
from workbench.tui.widgets.confusion_grid import ConfusionGrid


async def test_a_running_training_is_followed(screen, worker) -> None:
    one = worker().start()
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running", "nothing measured yet", "0.8400")
        one.train(10, 60)
        text = await screen.until(pilot, "step 60 of 200", "30%", "1,000 examples/s", "12.0 s left", "best accuracy")
        assert "CPU, 2 threads" in text
        one.train(70, 100)
        await screen.until(pilot, "step 100 of 200", "50%")
        assert len(pilot.app.screen.query_one(ChartPanel).validation.points) == 2


async def test_the_charts_name_the_strongest_baseline_and_draw(screen, worker) -> None:
    one = worker().start().train(10, 60).train(70, 100)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "validation accuracy", "┄ logistic [red]", "train 0.", "┄ 0.8400")
        assert any("\u2801" <= letter <= "\u28ff" for letter in screen.text)  # braille


async def test_the_confusion_grid_lines_up_whatever_the_labels(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        text = await screen.until(pilot, "confusion", "Portuguese", "中文名字")
        grid = pilot.app.screen.query_one(ConfusionGrid)
        lines = [strip.text for strip in (grid.render_line(y) for y in range(7))]
        assert lines[0].split() == ["Ar", "Ch", "Cz", "Po", "Pr", "中"]
        assert lines[1].split() == ["Arabic", "5", "1", "2", "1", "2"]
        assert {strip.cell_length for strip in (grid.render_line(y) for y in range(7))} == {grid.size.width}
        assert "Rows true, columns predicted; errors:" in text


async def test_newer_evaluations_replace_what_is_shown(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "Portuguese")
        one.train(70, 100, [Text(title="confusion", text="now a [red]text[/red]")])
        await screen.until(pilot, "now a [red]text[/red]")


async def test_every_kind_of_view_has_a_pane(screen, worker) -> None:
    one = worker().start().train(10, 60)
    one.write(Sample(time=time.time(), step=60, view=Text(title="poem", text="床前明月光 [b]")))
    series = Series(title="forecast", x_label="hours", x=[0.0, 1.0, 2.0], curves={"true": [1.0, None, 2.0]})
    one.write(Sample(time=time.time(), step=60, view=series))
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "poem", "forecast", "confusion", "per class", "about")
        await screen.until(pilot, "step 60", "床前明月光 [b]")  # what was written comes first
        await pilot.press("v")
        await screen.until(pilot, "━ true", "hours")
        await pilot.press("f6")
        await screen.until(pilot, "Portuguese", "errors:")
        await pilot.press("v")
        await screen.until(pilot, "precision", "0.2500")
        await pilot.press("v")
        await screen.until(pilot, "gradient")
        await pilot.press("v")
        await screen.until(pilot, "training rows", one.run.id)


async def test_a_finished_run_stays_and_shows_the_test_beside_the_baselines(screen, worker) -> None:
    one = worker(data="starter").start(protocol="training pool, class-balanced").train(10, 200)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running", "best validation so far")
        one.finish()
        text = await screen.until(
            pilot, "finished", "test, with the best weights, by accuracy", "0.8765", "all epochs are done."
        )
        assert "majority" in text
        assert "logistic [red]" in text
        assert "training pool, class-balanced" in text
        assert "on the small starter data" in text
        assert "starter data" in text


async def test_a_failed_run_says_why_literally(screen, worker) -> None:
    one = worker().start().train(10, 60).fail(60, "The loss is not finite at step 60 [red]: lower train.lr.")
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "failed", "The loss is not finite at step 60 [red]: lower train.lr.", "Resume")


async def test_a_worker_that_vanished_is_lost_and_the_end_of_its_log_is_shown(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        one.run.log_file.write_text("reading\nKilled [red]\n\n")
        one.vanish()
        await screen.until(pilot, "lost", "vanished", "Its log ends: Killed [red]", "Resume goes on")


async def test_the_newest_alarm_is_shown_and_all_of_them_among_what_is_known(screen, worker) -> None:
    one = worker().start().train(10, 60)
    one.write(Alarm(time=time.time(), step=60, message="The gradient [red] exploded."))
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "Step 60: The gradient [red] exploded.")
        one.write(Alarm(time=time.time(), step=70, message="No better evaluation in 5."))
        text = await screen.until(pilot, "Step 70: No better evaluation in 5.", "about")
        assert "Step 60" not in text
        pilot.app.screen.query_one("TabRow").action_step(-1)
        await screen.until(pilot, "training rows")
        about = pilot.app.screen._about.body.content.plain
        assert "Step 60: The gradient [red] exploded.\n\nStep 70: No better evaluation in 5." in about


async def test_an_alarm_stands_until_the_network_is_better_again(screen, worker) -> None:
    one = worker().start().train(10, 60)
    one.write(Alarm(time=time.time(), step=60, message="No better evaluation in 5."))
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "Step 60: No better evaluation in 5.")
        one.train(70, 100)  # better
        await screen.until(pilot, "step 100")
        await eventually(pilot, lambda: "No better evaluation" not in screen.text)


async def test_stop_asks_and_resume_starts_a_worker(screen, worker, monkeypatch) -> None:
    one = worker().start().train(10, 60)
    resumed: list[Run] = []

    class Process:
        def poll(self) -> None:
            return None

    monkeypatch.setattr(launch, "start", lambda run: resumed.append(run) or Process())
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        await pilot.press("x")
        await screen.until(pilot, f"Stop {one.run.id}?")
        await pilot.press("c")
        assert not one.run.stop_file.exists()
        await pilot.press("f8", "enter")
        await screen.until(pilot, "stopping", "saves a checkpoint and ends")
        assert one.run.stop_file.exists()
        one.stop(60)
        await screen.until(pilot, "stopped", "Stopped on request")
        await pilot.press("r")
        await screen.until(pilot, "goes on from its")
        assert [run.id for run in resumed] == [one.run.id]


async def test_a_resumed_run_forgets_what_was_written_in_vain(screen, worker) -> None:
    one = worker().start().train(10, 60).train(70, 100)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 100 of 200")
        one.start(from_step=60)
        await screen.until(pilot, "step 60 of 200")
        charts = pilot.app.screen.query_one(ChartPanel)
        assert max(x for x, _ in charts.raw.points) == 60
        assert [x for x, _ in charts.validation.points] == [60]


async def test_a_folder_deleted_under_us_is_a_state(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        shutil.rmtree(one.run.path)
        await screen.until(pilot, "gone", "This run's folder is gone")


async def test_numbers_that_are_not_finite_do_not_disturb_the_charts(screen, worker) -> None:
    one = worker().start().train(10, 60)
    one.evaluate(80, accuracy=float("inf"))
    one.evaluate(100, accuracy=float("nan"))
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 100 of 200", "validation 0.")


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20), (40, 15), (24, 8)])
async def test_it_reflows_and_never_refuses(screen, worker, size) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run, size) as pilot:
        await screen.until(pilot, "running")
        await pilot.press("v", "v", "question_mark", "escape", "2")
        for width, height in ((120, 24), (30, 10), size):
            await pilot.resize_terminal(width, height)
        await pilot.press("1", "3")
        await screen.until(pilot, "running")


async def test_at_80_by_24_all_eighteen_rows_fit(screen, worker) -> None:
    from tasks.names.settings import LANGUAGES
    from tasks.views import Confusion

    counts = [[900 if i == j else 12 for j in range(18)] for i in range(18)]
    one = worker().start().train(10, 60, [Confusion(title="confusion", labels=list(LANGUAGES), counts=counts)])
    async with screen.open(one.run, (80, 24)) as pilot:
        await screen.until(pilot, "charts   confusion")
        await pilot.press("v")
        await screen.until(pilot, "Arabi", "Vietn")
        await eventually(pilot, lambda: sum("900" in line for line in screen.text.splitlines()) == 18)


async def test_a_run_is_called_by_its_name(screen, worker) -> None:
    one = worker().start().train(10, 60)
    metadata.write(one.run, RunMetadata(name="[b]seed 1[/]", study="grid", tags=("draft",), note="first\nsecond"))
    for size in ((120, 36), (80, 24)):
        async with screen.open(one.run, size) as pilot:
            await screen.until(pilot, "grid: [b]seed 1[/]   best accuracy 0.6494", "step 60 of 200")
            while "versions" not in screen.text:
                await pilot.press("v")
                await pilot.pause()
            about = pilot.app.screen._about.body.content.plain
            assert {("name", "[b]seed 1[/]"), ("study", "grid"), ("tags", "draft")} <= {
                tuple(line.strip().split(maxsplit=1)) for line in about.splitlines()
            }
            assert "\n\nfirst\nsecond" in about
            metadata.write(one.run, RunMetadata(name="other", tags=("draft",), note="first\nsecond"))
            await pilot.press("2")
            await screen.until(pilot, "o Open", "other")
            await pilot.press("3")
            await screen.until(pilot, "other   best accuracy")
            metadata.write(
                one.run, RunMetadata(name="[b]seed 1[/]", study="grid", tags=("draft",), note="first\nsecond")
            )
