"""The keys that change how a run's charts are looked at."""

from __future__ import annotations

import time

import pytest
from rich.color import ColorType
from rich.segment import Segment
from waiting import eventually

from tasks.views import Text
from workbench.render.curve import Curve
from workbench.runs.events import Best, Eval
from workbench.tui.run.chart_panel import ChartPanel
from workbench.tui.widgets import chart as chart_widget
from workbench.tui.widgets import page
from workbench.tui.widgets.chart import Chart


def head(pilot, which: str = "loss") -> str:
    """What stands in a chart's upper border."""
    return pilot.app.screen.query_one(f"#{which}", Chart).border_title


def foot(pilot, which: str = "loss") -> str:
    return pilot.app.screen.query_one(f"#{which}", Chart).border_subtitle


def dots(pilot, which: str = "loss") -> list[str]:
    """The rows of a chart, as text."""
    chart = pilot.app.screen.query_one(f"#{which}", Chart)
    return [chart.render_line(y).text for y in range(chart.size.height)]


@pytest.fixture
def trained(worker):
    """A run with eleven evaluations of its first 110 steps."""
    one = worker().start()
    for step in range(10, 111, 10):
        one.train(step, step)
    return one


async def test_more_and_less_smoothing_is_told_and_drawn(screen, trained) -> None:
    async with screen.open(trained.run) as pilot:
        await screen.until(pilot, "smoothing 0.9", "step 110 of 200")
        before = dots(pilot)
        await pilot.press("plus", "plus")
        assert "smoothing 0.98" in head(pilot)
        assert dots(pilot) != before
        await pilot.press(*["minus"] * 10)
        assert "smoothing 0" in head(pilot)
        train = pilot.app.screen.query_one(ChartPanel).train
        assert train.at(60, 0.0)[1] == pytest.approx(0.5 + 2.718281828 ** (-60 / 50))
        await screen.until(pilot, "smoothing 0")


async def test_a_logarithmic_axis_is_for_what_is_better_the_lower(screen, trained) -> None:
    async with screen.open(trained.run) as pilot:
        await screen.until(pilot, "step 110 of 200")
        before, accuracy = dots(pilot), dots(pilot, "metric")
        await pilot.press("l")
        assert "log y" in head(pilot)
        assert "$text-secondary" not in head(pilot, "metric")  # nothing unusual about it
        assert dots(pilot) != before
        assert dots(pilot, "metric") == accuracy
        await pilot.press("l")
        assert dots(pilot) == before


async def test_what_is_not_above_zero_has_no_place_on_a_logarithmic_axis(screen, worker) -> None:
    one = worker(task="climate").start(methods={"last value": {"rmse_c": 0.0}})
    for step, rmse in ((10, -1.0), (20, 0.0)):
        best = Best(step=step, metric="rmse_c", value=rmse)
        one.write(Eval(time=time.time(), step=step, epoch=1, metrics={"loss": rmse, "rmse_c": rmse}, best=best))
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "validation RMSE", "0.000")
        await pilot.press("l")
        await screen.until(pilot, "nothing above 0")
        best = Best(step=30, metric="rmse_c", value=2.0)
        one.write(Eval(time=time.time(), step=30, epoch=1, metrics={"loss": 2.0, "rmse_c": 2.0}, best=best))
        await screen.until(pilot, "2.000")
        assert "log y" in head(pilot, "metric")


async def test_the_x_axis_is_steps_or_epochs_or_time(screen, worker) -> None:
    one = worker().start().train(10, 110)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 110 of 200")
        assert dots(pilot)[-1].split() == ["0", "50", "100"]
        await pilot.press("a")
        assert "x epoch" in head(pilot)
        assert dots(pilot)[-1].split() == ["0", "2", "4"]
        await pilot.press("a")
        assert "x time" in head(pilot)
        await pilot.press("a")
        assert "x " not in head(pilot)
        assert dots(pilot)[-1].split() == ["0", "50", "100"]


async def test_zoom_in_out_and_back_to_all_of_it(screen, trained) -> None:
    async with screen.open(trained.run) as pilot:
        await screen.until(pilot, "step 110 of 200")
        whole = dots(pilot)
        await pilot.press("z")
        assert "zoom 2×" in head(pilot)
        assert "zoom 2×" in head(pilot, "metric")
        assert dots(pilot)[-1].split()[0] == "60"
        assert dots(pilot)[0] != whole[0]  # y fits what is seen
        await pilot.press("z")
        assert "zoom 4×" in head(pilot)
        await pilot.press("o", "o")
        assert dots(pilot) == whole
        await pilot.press("z", "z", "0")
        assert dots(pilot) == whole
        assert "zoom" not in head(pilot)


async def test_a_zoomed_chart_grows_at_its_end(screen, trained) -> None:
    async with screen.open(trained.run) as pilot:
        await screen.until(pilot, "step 110 of 200")
        await pilot.press("z")
        trained.train(120, 160)
        await screen.until(pilot, "step 160 of 200")
        await eventually(pilot, lambda: dots(pilot)[-1].split()[-1] in ("150", "160"))


async def test_the_cursor_reads_every_curve_at_its_place(screen, trained) -> None:
    async with screen.open(trained.run) as pilot:
        await screen.until(pilot, "step 110 of 200")
        await pilot.press("c")
        text = await screen.until(pilot, "│ step 110   epoch 5.50   after", "raw 0.6108", "validation 0.7000")
        assert "train 0." in text
        await pilot.press("less_than_sign", "less_than_sign", "full_stop")
        charts = pilot.app.screen.query_one(ChartPanel)
        step = charts.view.cursor
        assert 10 < step < 110
        await screen.until(pilot, f"│ step {step:.0f} ")
        assert f"{0.8 - 2.718281828 ** (-step / 50) / 2:.4f}" in foot(pilot, "metric")
        assert "┄ 0.8400" in foot(pilot, "metric")
        await pilot.press("greater_than_sign", "greater_than_sign", "greater_than_sign", "comma")
        assert 10 < charts.view.cursor < 110
        await pilot.press("c")
        assert charts.view.cursor is None
        assert not [line for line in screen.text.splitlines() if "│ step" in line]


async def test_arrows_move_the_cursor_of_a_chart_that_has_the_focus(screen, trained) -> None:
    async with screen.open(trained.run) as pilot:
        await screen.until(pilot, "step 110 of 200")
        chart = pilot.app.screen.query_one("#loss", Chart)
        chart.focus()
        await pilot.press("left", "left")
        assert chart.view.cursor == 100
        await pilot.press("right")
        assert chart.view.cursor == 110
        await pilot.press("shift+left")
        far = chart.view.cursor
        assert far < 90
        await pilot.press("shift+right")
        assert chart.view.cursor > far
        pilot.app.screen.query_one("TabRow").focus()
        before, shown = chart.view, screen.text
        await pilot.press("right")
        assert chart.view == before
        assert screen.text != shown  # another pane


async def test_before_the_first_evaluation_the_cursor_finds_no_validation(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 60 of 200")
        await pilot.press("c", "comma", "comma")
        assert "validation –" in foot(pilot)


async def test_a_key_is_seen_at_once_though_events_are_drawn_now_and_then(screen, trained, monkeypatch) -> None:
    async with screen.open(trained.run) as pilot:
        await screen.until(pilot, "step 110 of 200")
        chart = pilot.app.screen.query_one("#loss", Chart)
        await eventually(pilot, lambda: chart._timer is None, "all that was read is drawn")
        monkeypatch.setattr(chart_widget, "_REDRAW_SECONDS", 1e6)  # after the first event no more is drawn
        drawn, before = [], dots(pilot)
        draw = chart._draw
        chart._draw = lambda: drawn.append(1) or draw()
        for step in range(111, 116):
            trained.train(step, step)
            await screen.until(pilot, f"step {step} of 200")
        assert drawn == [1]
        await pilot.press("l")
        await eventually(pilot, lambda: len(drawn) > 1, "the key is seen")
        assert dots(pilot) != before


@pytest.mark.parametrize("size", [(40, 15), (60, 20), (80, 24), (120, 36)])
async def test_the_border_tells_how_it_is_looked_at_in_any_size(screen, trained, size) -> None:
    async with screen.open(trained.run, size) as pilot:
        await screen.until(pilot, "running")
        await pilot.press("l", "a", "z", "plus", "c")
        title = next(line for line in screen.text.splitlines() if "0.95" in line)
        for word in ("log", "epoch", "2×"):
            assert word in title
        assert "…" not in title
        await screen.until(pilot, "│ step ")


async def test_colours_follow_the_theme(screen, trained) -> None:
    async with screen.open(trained.run) as pilot:
        await screen.until(pilot, "step 110 of 200")
        chart = pilot.app.screen.query_one("#loss", Chart)

        def colours() -> set[str]:
            return {str(segment.style.color) for y in range(chart.size.height) for segment in chart.render_line(y)}

        dark = colours()
        assert len(dark) >= 4  # the axes, what was measured, the mean, the validation
        await pilot.press("t")
        await eventually(pilot, lambda: len(colours() - dark) >= 3)
        await pilot.press("t", "t")
        await eventually(pilot, lambda: colours() == dark)


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
async def test_a_terminal_of_sixteen_colours_draws_with_its_own(screen, trained, theme) -> None:
    async with screen.open(trained.run) as pilot:
        await screen.until(pilot, "step 110 of 200")
        screen.app.theme = theme
        chart = pilot.app.screen.query_one("#loss", Chart)

        def words() -> list[Segment]:
            lines = (chart.render_line(y) for y in range(chart.size.height))
            return [segment for line in lines for segment in line if segment.text.strip()]

        own = (ColorType.STANDARD, ColorType.DEFAULT)
        await eventually(pilot, lambda: all(segment.style.color.type in own for segment in words()))
        drawn = words()
        assert len({segment.style.color.name for segment in drawn}) >= 4


async def test_a_resumed_runs_charts_go_on_from_its_checkpoint(screen, trained) -> None:
    async with screen.open(trained.run) as pilot:
        await screen.until(pilot, "step 110 of 200")
        trained.start(from_step=60)
        trained.train(70, 70, [Text(title="confusion", text="again")])
        await screen.until(pilot, "step 70 of 200", "again")
        charts = pilot.app.screen.query_one(ChartPanel)
        assert charts.timeline.last == 70
        assert charts.train.ends == [10, 70]
        validation = charts.query_one("#metric", Chart).curves[-1]
        assert validation.ends == [10, 70]


async def test_a_run_whose_file_is_another_one_is_drawn_afresh(screen, trained) -> None:
    async with screen.open(trained.run) as pilot:
        await screen.until(pilot, "step 110 of 200")
        lines = trained.run.events_file.read_bytes().splitlines(keepends=True)
        other = trained.run.path / "other"
        other.write_bytes(b"".join(lines[:6]))
        other.replace(trained.run.events_file)
        await screen.until(pilot, "step 20 of 200")
        assert pilot.app.screen.query_one(ChartPanel).raw.ends == [10, 20]


async def test_a_chart_of_its_own_shows_all_of_its_curves(screen) -> None:
    one, two = Curve("a run", "primary"), Curve("another", "accent")
    one.extend(range(100, 201), [1.0] * 101)
    two.extend(range(150, 301), [2.0] * 151)
    async with screen.open() as pilot:
        pilot.app.read_styles()  # a chart is on no first page
        chart = Chart("loss", [one, two])
        await pilot.app.screen.mount(chart)
        chart.styles.height = 12
        await eventually(pilot, lambda: chart.size.height == 12 - 2)
        await eventually(pilot, lambda: chart.border_title)
        rows = [chart.render_line(y).text for y in range(chart.size.height)]
        assert rows[-1].split()[0] == "100"
        assert rows[-1].split()[-1] == "300"
        assert "━ a run" in chart.border_title


async def test_every_metric_can_be_drawn_with_its_own_baseline(screen, trained) -> None:
    async with screen.open(trained.run) as pilot:
        await screen.until(pilot, "step 110 of 200")
        assert "validation accuracy" in head(pilot, "metric")
        await pilot.press("m")
        await screen.until(pilot, "validation macro F1", "validation 0.5000", "┄ 0.5900")
        assert pilot.app.screen.query_one(ChartPanel).metrics == ["accuracy", "macro_f1"]
        await pilot.press("3", "2")
        await screen.until(pilot, trained.run.id)
        await pilot.press("3")  # the screen remembers
        await screen.until(pilot, "validation macro F1")
        await pilot.press("ctrl+t")
        await screen.until(pilot, "validation accuracy", "┄ 0.8400")


async def test_before_the_first_evaluation_there_is_no_metric_to_choose(screen, worker) -> None:
    one = worker().start()
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 0 of 200")
        assert pilot.app.screen.check_action("metric", ()) is None
        await pilot.press("m")
        assert "validation accuracy" in head(pilot, "metric")


async def test_a_task_that_is_judged_by_its_loss_can_show_another_metric(screen, worker, monkeypatch) -> None:
    one = worker().start()
    monkeypatch.setattr(type(one.run.spec.settings), "metric", "loss")
    one.train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 60 of 200")
        chart = pilot.app.screen.query_one("#metric", Chart)
        assert not chart.display
        await pilot.press("m")
        await screen.until(pilot, "validation accuracy", "┄ 0.8400")
        assert chart.display


async def test_a_low_screen_keeps_the_metrics_tab_when_another_one_is_drawn(screen, trained) -> None:
    async with screen.open(trained.run, (80, 20)) as pilot:
        await screen.until(pilot, "loss   accuracy")
        await pilot.press("v")
        await screen.until(pilot, "validation accuracy")
        await pilot.press("m")
        await screen.until(pilot, "loss   macro F1", "validation macro F1")


async def test_the_training_sample_is_a_curve_beside_the_validation(screen, worker) -> None:
    one = worker().start().sample_training().train(10, 60).train(70, 110)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 110 of 200", "train 0.7946", "validation 0.7446")
        curves = pilot.app.screen.query_one("#metric", Chart).curves
        assert [curve.name for curve in curves] == ["train", "validation"]
        assert [step for step, _ in curves[0].points] == [60, 110]
        await pilot.press("m")
        await screen.until(pilot, "train 0.5500", "validation 0.5000")


async def test_metrics_that_a_terminal_cannot_show_are_not_offered(screen, worker) -> None:
    one = worker().start()
    best = Best(step=10, metric="accuracy", value=0.5)
    metrics = {"loss": 1.0, "accuracy": 0.5, "\x1b[2J": 0.1, "a\0b": 0.2, "[red]x": 0.3}
    one.write(Eval(time=time.time(), step=10, epoch=1, metrics=metrics, best=best))
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "validation 0.5000")
        assert pilot.app.screen.query_one(ChartPanel).metrics == ["accuracy", "[red]x"]
        await pilot.press("m")
        await screen.until(pilot, "validation [red]x")


async def test_the_picture_shows_the_metric_that_is_drawn(screen, trained, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(page.pictures, "draw", lambda *words: asked.append(words[1:]) or "a.svg")
    async with screen.open(trained.run) as pilot:
        await screen.until(pilot, "step 110 of 200")
        await pilot.press("p")
        await eventually(pilot, lambda: len(asked) == 1)
        await pilot.press("m", "p")
        await eventually(pilot, lambda: len(asked) == 2)
    assert asked == [("curves",), ("curves", "--metric", "macro_f1")]


async def test_a_panel_whose_screen_is_left_as_it_opens_breaks_nothing(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 60 of 200")
        panel = screen.app.screen.query_one(ChartPanel)
        await panel.remove_children()
        panel.on_mount()
        assert panel.metric == "accuracy"
