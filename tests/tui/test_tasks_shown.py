"""The Run screen, the Lab and the list with each of the tasks: what fits a task is shown, whatever its figures are."""

from __future__ import annotations

import time
from typing import Any

import pytest
from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Input

import tasks
from tasks.views import Confusion, Series, Table, Text, View
from workbench.runs.events import Best, Eval, Finished, Sample
from workbench.runs.figures import best_baseline
from workbench.runs.history import read_history
from workbench.tui.lab.screen import LabScreen
from workbench.tui.run import view_panes
from workbench.tui.widgets.confusion_grid import ConfusionGrid
from workbench.tui.widgets.form import Form
from workbench.tui.widgets.picker import Picker
from workbench.tui.widgets.table import lay_out

CATEGORIES = ["书籍", "平板", "手机", "水果", "洗发水", "热水器", "蒙牛", "衣服", "计算机", "酒店"]
OBEYED = "[red]明\x1b[2J月"  # markup, and an order to the terminal
HOURS = [float(hour) for hour in range(-47, 49)]
FORECAST = Series(
    title="forecast from 2024-10-01 12:00 on (val window 7 of 90)",
    note="°C over hours from the last reading",
    x_label="hours",
    x=HOURS,
    curves={
        "truth": [10 + hour / 8 for hour in HOURS],
        "forecast": [None if hour <= 0 else 9 + hour / 8 for hour in HOURS],
        "last value": [None if hour <= 0 else 10.0 for hour in HOURS],
    },
)
NAIVE = {"last value": {"rmse_c": 6.5, "mae_c": 5.0}, "day shape": {"rmse_c": 4.25, "mae_c": 3.5}}


def confusion(labels: list[str]) -> Confusion:
    counts = [[90 if i == j else (i + j) % 3 for j in range(len(labels))] for i in range(len(labels))]
    return Confusion(title="confusion", labels=labels, counts=counts)


def evaluated(one: Any, step: int, metrics: dict[str, float], views: list[View], best: Best) -> None:
    one.write(Eval(time=time.time(), step=step, epoch=step / 20, metrics=metrics, views=views, best=best))


async def test_a_forecast_is_a_chart_in_hours_with_its_curves_and_note(screen, worker) -> None:
    one = worker(task="climate").start(methods=NAIVE)
    best = Best(step=60, metric="rmse_c", value=4.1234)
    evaluated(one, 60, {"loss": 0.3, "rmse_c": 4.1234, "mae_c": 3.2}, [FORECAST], best)
    async with screen.open(one.run) as pilot:
        text = await screen.until(pilot, "━ truth", "━ forecast", "━ last value", "°C over hours from the last reading")
        assert "best RMSE °C 4.123 at step 60" in text
        await screen.until(pilot, "┄ day shape")  # the best_baseline baseline is the one with the lowest error
        assert "forecast from 2024-10-01 12:00 on (val window 7 of 90)" in text
        ticked = next(line for line in text.splitlines() if "-24" in line)
        assert ticked.split("│")[-2].split() == ["-24", "0", "24", "48"]
        assert "forecast from …" in text


async def test_every_curve_keeps_its_colour_and_is_named_first(screen, worker) -> None:
    one = worker(task="climate").start(methods=NAIVE)
    evaluated(one, 60, {"loss": 0.3, "rmse_c": 4.0}, [FORECAST], Best(step=60, metric="rmse_c", value=4.0))
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "━ truth")
        chart = pilot.app.screen.query_one("SeriesChart")
        drawn = {str(span.style) for span in chart.render().spans}
        assert len([style for style in drawn if "#" in style]) >= 4  # three curves and the numbers of the axes
        one.write(Sample(time=time.time(), step=60, view=Text(title="x", text="y")))
        assert {str(span.style) for span in chart.render().spans} == drawn


async def test_poems_appear_as_they_are_written_the_newest_on_top(screen, worker) -> None:
    one = worker(task="poems").start(methods={"unigram": {"nll": 6.52}, "Kneser-Ney 5-gram": {"nll": 5.21}})
    guesses = Table(
        title="a held-out poem and the network's guesses",
        columns=["truth", "most probable"],
        rows=[["床前，", "不人，"]],
    )
    best = Best(step=20, metric="nll", value=5.4321)
    evaluated(one, 20, {"loss": 5.4321, "nll": 5.4321, "perplexity": 228.63}, [guesses], best)
    poem = Text(title="a poem, seed 0", text="月明光照我，\n心在月中。")
    one.write(Sample(time=time.time(), step=20, view=poem))
    async with screen.open(one.run) as pilot:
        await screen.until(
            pilot, "step 20", "月明光照我，", "best NLL 5.432 at step 20", "228.6", "┄ Kneser-Ney 5-gram"
        )
        one.write(Sample(time=time.time(), step=40, view=Text(title="a poem, seed 0", text="春眠[red]不觉晓。")))
        text = await screen.until(pilot, "step 40", "春眠[red]不觉晓。", "月明光照我，")
        assert text.index("春眠") < text.index("月明光")
        await pilot.press("v")
        await screen.until(pilot, "probable", "床前，")


@pytest.mark.parametrize("labels", [["negative", "positive"], CATEGORIES, [f"class {k:02}" for k in range(60)]])
async def test_a_confusion_grid_of_any_number_of_classes(screen, worker, labels: list[str]) -> None:
    one = worker(task="reviews").start(methods={"linear SVM": {"accuracy": 0.9, "macro_f1": 0.89}}).train(10, 60, [])
    evaluated(one, 60, {"loss": 0.3, "accuracy": 0.8}, [confusion(labels)], Best(step=60, metric="accuracy", value=0.8))
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, labels[0], "confusion")
        grid = pilot.app.screen.query_one(ConfusionGrid)
        widths = {grid.render_line(y).cell_length for y in range(min(len(labels) + 1, grid.size.height))}
        assert widths == {grid.size.width}
        starts = [grid.render_line(y + 1).text.index("90") for y in range(2)]
        assert starts[1] > starts[0]
        if len(labels) == 60:
            assert labels[-1] not in screen.text
            grid.focus()
            grid.scroll_to(grid.max_scroll_x, grid.max_scroll_y, animate=False)
            await screen.until(pilot, "class 59")
            last = next(line for line in screen.text.splitlines() if "class 59" in line)
            assert "90" in last


def test_chinese_labels_of_a_table_line_up() -> None:
    rows: list[list[Any]] = [[label, 0.5, 0.25, 0.3333, 1234] for label in CATEGORIES]
    lines = lay_out(["category", "precision", "recall", "f1", "support"], rows).plain.splitlines()
    assert len({cell_len(line) for line in lines}) == 1


@pytest.mark.parametrize(
    "view",
    [
        Confusion(title=OBEYED, labels=[OBEYED, "b"], counts=[[1, 2], [3, 4]]),
        Table(title=OBEYED, columns=[OBEYED, "c"], rows=[[OBEYED, 0.5]], note=OBEYED),
        Text(title=OBEYED, text=OBEYED, note=OBEYED),
        Series(title=OBEYED, note=OBEYED, x_label=OBEYED, x=[0.0, 1.0], curves={OBEYED: [1.0, 2.0]}),
    ],
    ids=lambda view: type(view).__name__,
)
@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_text_is_never_markup_and_never_obeyed(screen, worker, view: View, size: tuple[int, int]) -> None:
    one = worker().start().train(10, 60, [view])
    one.write(Sample(time=time.time(), step=60, view=Text(title="sample", text=OBEYED, note=OBEYED)))
    async with screen.open(one.run, size) as pilot:
        await screen.until(pilot, "running")
        for _ in range(6):
            await pilot.press("v")
            await pilot.pause(0.02)
            assert "\x1b" not in screen.text
        name = next(iter(view_panes.pane_names([view], ())))
        while "▸" not in screen.text and name not in pilot.app.screen.query_one(view_panes.ViewPanes).names:
            await pilot.pause(0.02)
        pilot.app.screen.query_one("TabRow").choose(name)
        await screen.until(pilot, "[red]明")


def test_tabs_have_short_names_of_their_own() -> None:
    titles = ["a held-out poem and the network's guesses", "a held-out poem and what it thought", "charts", "confusion"]
    titles += ["热水器" * 20, "per language", FORECAST.title]
    names = list(view_panes.pane_names([Text(title=title, text="") for title in titles], ("charts", "about")))
    assert names[:4] == ["a held-out poem …", "a held-out poem … 2", "charts 2", "confusion"]
    assert names[5:] == ["per language", "forecast from …"]
    assert all(cell_len(name) <= 24 for name in names)


def test_the_strongest_method_is_the_lowest_where_lower_is_better(worker, folder) -> None:

    one = worker(task="climate").start(methods=NAIVE)
    two = worker(task="names").start()
    level = best_baseline(read_history(one.run.events_file), tasks.settings("climate"))
    assert (level.name, level.value) == ("day shape", 4.25)
    assert best_baseline(read_history(two.run.events_file), tasks.settings("names")).name == "logistic [red]"


async def test_a_best_picked_by_the_loss_is_called_so(screen, worker) -> None:
    one = worker(task="imdb").start(methods={"linear SVM": {"accuracy": 0.9}}).train(10, 60, [])
    best = Best(step=60, metric="loss", value=0.2812)
    evaluated(one, 60, {"loss": 0.2812, "accuracy": 0.885}, [confusion(["negative", "positive"])], best)
    evaluated(one, 80, {"loss": 0.31, "accuracy": 0.891}, [confusion(["negative", "positive"])], best)
    async with screen.open(one.run) as pilot:
        text = await screen.until(pilot, "best loss 0.2812 at step 60", "best validation so far, by loss", "0.8850")
        row = next(line for line in text.splitlines() if "lstm" in line and "0.8850" in line)
        assert "0.2812" in row
        await pilot.press("2")
        await screen.until(pilot, "loss 0.2812", "best loss 0.2812")


async def test_the_list_gives_each_task_its_own_metric(screen, worker) -> None:
    for task, best in (("climate", ("rmse_c", 4.1)), ("poems", ("nll", 4.5)), ("names", ("accuracy", 0.84))):
        one = worker(task=task).start()
        evaluated(one, 60, {"loss": 1.0}, [], Best(step=60, metric=best[0], value=best[1]))
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "RMSE °C 4.100", "NLL 4.500", "accuracy 0.8400")


async def test_what_a_slow_preparation_is_doing_is_told(screen, worker) -> None:
    one = worker(task="reviews")
    one.run.log_file.write_text("· Cutting 62,774 reviews into words …\n")
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "starting", "Cutting 62,774 reviews into words …")
        with one.run.log_file.open("a") as log:
            log.write("· Learning word2vec [red] …\n")
        await screen.until(pilot, "Learning word2vec [red] …")
        one.start(total=60).train(10, 60, [])
        with one.run.log_file.open("a") as log:
            log.write("· Fitting a linear SVM …\n")
        await screen.until(pilot, "the best weights are tested", "Fitting a linear SVM …")


async def test_a_finished_run_shows_the_tests_views_in_place_of_the_validations(screen, worker) -> None:
    one = worker(task="climate").start(methods=NAIVE)
    best = Best(step=60, metric="rmse_c", value=4.0)
    evaluated(one, 60, {"loss": 0.3, "rmse_c": 4.0}, [FORECAST], best)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "val window 7")
        renamed = Series(title="forecast from 2024-10-02 on (test window 3 of 90)", x_label="hours", x=[], curves={})
        one.write(
            Finished(
                time=time.time(),
                step=60,
                epochs=3,
                reason="all steps done",
                best=best,
                test={"loss": 0.3, "rmse_c": 4.2},
                views=[renamed],
                wall_s=3.0,
                examples_per_s=100.0,
            )
        )
        text = await screen.until(pilot, "test window 3", "there is no point to draw", "4.200")
        assert "val window 7" not in text


async def lab_with(screen, pilot, task: str, cell: str) -> LabScreen:
    lab = pilot.app.screen
    assert isinstance(lab, LabScreen)
    for name, wanted in (("#tasks", task), ("#cells", cell)):
        picker = lab.query_one(name, Picker)
        picker.highlighted = picker.names.index(wanted)
        await pilot.pause()
    await screen.until(pilot, f"{task}")
    return lab


async def test_the_lab_refuses_a_writer_with_a_cell_that_reads_both_ways(screen) -> None:
    async with screen.open() as pilot:
        await lab_with(screen, pilot, "poems", "bilstm")
        await screen.until(pilot, "poems writes from left to right", "choose a")
        await lab_with(screen, pilot, "poems", "gru")
        await screen.until(pilot, "poems with gru")


EVERY_TASK = tasks.available()


@pytest.mark.parametrize("task", [name for name in EVERY_TASK if name != "toy"])
async def test_the_lab_has_a_form_of_every_task_with_its_presets(screen, monkeypatch, task: str) -> None:
    monkeypatch.setattr(tasks, "available", lambda: EVERY_TASK)  # added ones too
    async with screen.open(size=(120, 60)) as pilot:
        lab = await lab_with(screen, pilot, task, "gru")
        form = lab.query_one(Form)
        own = {f"task.{name}" for name in tasks.settings(task).__struct_fields__}
        while not own <= set(form.rows):
            await pilot.pause(0.02)
        await screen.until(pilot, f"{task} with gru")
        for preset in tasks.settings(task).presets:
            lab.query_one("#preset").value = preset
            await screen.until(pilot, f"preset {preset}")
            assert form.values == {}


async def test_a_path_is_typed_into_a_wide_field(screen, tmp_path) -> None:
    path = str(tmp_path / "nowhere.csv")
    async with screen.open(size=(120, 60)) as pilot:
        lab = await lab_with(screen, pilot, "climate", "gru")
        form = lab.query_one(Form)
        while "task.csv" not in form.rows:
            await pilot.pause(0.02)
        form.rows["task.csv"].focus_editor()
        await pilot.pause()
        field = form.rows["task.csv"].query_one(Input)
        field.value = path[:-4]
        await pilot.press("end", *path[-4:])
        assert form.rows["task.csv"].typed == path
        await screen.until(pilot, path[-20:], "check its name.")
        assert "task.csv" in form.errors
        await pilot.press("f5")
        await pilot.pause()
        assert screen.app.place == "lab"


def test_a_long_table_is_plain_content() -> None:
    assert isinstance(lay_out(["a"], [["[red]"]]), Content)
    assert "[red]" in lay_out(["a"], [["[red]"]]).plain
