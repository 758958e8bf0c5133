"""A user's own series has its own unit: on the screen, in print, in the closing table; °C stands nowhere."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from rich.console import Console
from runs import event_makers as make

import tasks
from tasks.views import Confusion, Series, Table, Text
from workbench.cli.results import print_ending, print_summary
from workbench.runs.events import Best, Eval, Finished
from workbench.runs.history import LatestEvents

OWN = {"task.csv": "/home/ada/sales.csv", "task.target": "turnover (kEUR)", "task.features": "flow"}
METRICS = {"loss": 0.3, "mse_norm": 0.3, "mse_c2": 0.12, "mae_c": 0.28, "rmse_c": 0.35}
FORECAST = Series(title="forecast", note="kEUR", x_label="hours", x=[0.0, 1.0, 2.0], curves={"truth": [1.0, 2.0, 3.0]})


def trained(worker: Any, *, finish: bool = True) -> Any:
    one = worker(task="climate", values=OWN).start(methods={"last value": {"rmse_c": 30.0, "mse_c2": 899.0}})
    best = Best(step=60, metric="rmse_c", value=0.35)
    one.write(Eval(time=time.time(), step=60, epoch=1.0, metrics=METRICS, views=[FORECAST], best=best))
    if finish:
        one.write(
            Finished(
                time=time.time(),
                step=60,
                epochs=1.0,
                reason="all steps done",
                best=best,
                test=METRICS,
                views=[FORECAST],
                wall_s=1.0,
                examples_per_s=1.0,
            )
        )
        one.vanish()
    return one


@pytest.mark.parametrize("size", [(120, 36), (60, 20)], ids=str)
@pytest.mark.parametrize("finish", [True, False])
async def test_on_the_screen(screen, worker, size, finish: bool) -> None:
    one = trained(worker, finish=finish)
    async with screen.open(one.run, size) as pilot:
        seen = await screen.until(pilot, "best RMSE kEUR 0.350 at step 60")
        for _ in range(6):
            await pilot.press("v")
            await pilot.pause()
            seen += screen.text
        await pilot.press("2")
        seen += await screen.until(pilot, "climate", "RMSE kEUR 0.350", "climate on sales.csv with lstm")
        assert "MSE" in seen
        assert "kEUR²" in seen
        assert "°C" not in seen
        assert "temperature" not in seen


def test_in_print_and_in_the_closing_table(worker) -> None:
    one = trained(worker)
    out = io.StringIO()
    console = Console(file=out, width=160)
    history = LatestEvents(one.run.events_file, keep_views=True).read()
    print_ending(one.run, "finished", history, console)
    print_summary(one.run, "finished", history, console)
    assert out.getvalue().count("RMSE kEUR") >= 3
    assert out.getvalue().count("MSE kEUR²") == 2
    assert "°C" not in out.getvalue()


@pytest.mark.parametrize(
    ("target", "unit"),
    [("T (degC)", "RMSE °C"), ("p [mbar]", "RMSE mbar"), ("flow", "RMSE flow"), ("wv (m/s)", "RMSE m/s")],
)
def test_the_unit_is_the_target_s(target: str, unit: str) -> None:
    settings = tasks.settings("climate")(target=target)
    assert settings.present_metric("rmse_c").title == unit
    assert ("°C" in settings.present_metric("mse_c2").title) == (unit == "RMSE °C")


@pytest.mark.parametrize(
    ("views", "shown"),
    [
        ([Confusion(title="c", labels=["a"], counts=[[1]])], "has the confusion matrix and the per-class table"),
        ([FORECAST, Table(title="error by lead time", columns=["lead"], rows=[["1 h"]])], "has its views and settings"),
        ([Text(title="poem", text="月")], "has its views and settings"),
        ([], "has its settings"),
    ],
    ids=["names", "climate", "poems", "none"],
)
def test_the_closing_hint_promises_what_show_prints(worker, views: list[Any], shown: str) -> None:
    one = worker()
    ended = make.finished(60, views=views)
    one.write(make.started())
    one.write(ended)
    out = io.StringIO()
    console = Console(file=out, width=200)
    print_ending(one.run, "finished", LatestEvents(one.run.events_file, keep_views=True).read(), console)
    assert shown in " ".join(out.getvalue().split())
    out.truncate(0)
    print_summary(one.run, "finished", LatestEvents(one.run.events_file, keep_views=True).read(), console)
    for view in views:
        assert view.title in out.getvalue()
