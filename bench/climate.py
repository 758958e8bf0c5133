"""Gain of a network over the best baseline forecast of temperature, over seeds, with a day-block bootstrap interval.

    python bench/climate.py --cells lstm gru --seeds 5 --data DIR --runs DIR

For each cell and head (the defaults' residual one, and the preset ``plain``) a run a seed is made by the real command
line, where ``--runs`` does not hold it yet. On the test windows the squared error of each is compared with that of the
baseline forecast that is best *there*, which is the strictest choice. A gain is that forecast's MSE less the
network's, in °C²; its 95 % interval comes from drawing whole days of windows with replacement (2,000 times), because
windows that
begin an hour apart are nearly the same. The last line of a group is the gain of all seeds together: their errors are
averaged window by window before days are drawn.

The correction is the root mean square of forecast less baseline forecast: a residual head that learned nothing has 0.
The windows of one test split share its weather: an interval says nothing of another autumn.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

if not sys.flags.safe_path:
    sys.path.pop(0)  # this file's folder, where ``climate`` would be this file

import numpy as np
import torch
from numpy.typing import NDArray

from tasks.climate import baselines
from tasks.climate.data import ClimateData
from tasks.climate.metrics import LEADS
from tasks.climate.task import Task
from tasks.shared.baselines.bootstrap import block_interval
from workbench.engine import data, trained_run
from workbench.runs import store

WORKBENCH = str(Path(sys.executable).with_name("workbench"))
HEADS = {"residual": "", "plain": "plain"}  # a head and the preset that has it
_DAY = 86_400  # s
_BATCH = 256


class Tested(NamedTuple):
    """A run on the test windows (W of them, H readings of the horizon), in °C."""

    squared: NDArray[np.float64]  # (W,H) its squared errors
    baselines: dict[str, NDArray[np.float64]]  # (W,H) those of each baseline forecast
    correction: float  # root mean square of forecast less the baseline forecast beneath it, or less the day shape
    days: NDArray[np.int64]  # (W,) the day on which each window's forecast begins
    step: int  # seconds between readings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", nargs="+", default=["lstm"])
    parser.add_argument("--heads", nargs="+", default=list(HEADS), choices=list(HEADS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", default="0")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("checkpoints"))
    given = parser.parse_args()
    head = f"{'cell':<8}{'head':<10}{'seed':<6}{'MSE °C²':>8}{'gain °C²':>10}{'95 % interval':>18}{'correction °C':>15}"
    print(head + "".join(f"{f'gain at {lead} h':>14}" for lead in LEADS))
    for cell in given.cells:
        for name in given.heads:
            tested = [
                test(find(given, cell, name, seed) or train(given, cell, name, seed)) for seed in range(given.seeds)
            ]
            for seed, one in enumerate(tested):
                show(cell, name, str(seed), one)
            together = tested[0]._replace(
                squared=np.mean([one.squared for one in tested], 0),
                correction=float(np.mean([one.correction for one in tested])),
            )
            show(cell, name, "all", together)
    best = best_baseline(tested[0])
    means = ", ".join(f"{method} {errors.mean():.2f}" for method, errors in tested[0].baselines.items())
    print(f"\nbaselines, MSE °C²: {means}; compared with: {best}")
    print(f"{len(tested[0].squared):,} test windows that begin on {len(np.unique(tested[0].days))} days")


def find(given: argparse.Namespace, cell: str, head: str, seed: int) -> store.Run | None:
    """A finished run of these already there."""
    for run in store.listing(given.runs):
        described = run.spec
        if (described.task, described.cell, described.preset) == ("climate", cell, HEADS[head]) and (
            described.train.seed == seed and run.status() == "finished"
        ):
            return run
    return None


def train(given: argparse.Namespace, cell: str, head: str, seed: int) -> store.Run:
    words = [WORKBENCH, "train", "climate", "--cell", cell, "--seed", str(seed), "--headless", "--json"]
    words += ["--runs", str(given.runs), "--threads", given.threads]
    words += ["--preset", HEADS[head]] if HEADS[head] else []
    words += ["--data", str(given.data)] if given.data else []
    said = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    return store.find(json.loads(said.splitlines()[-1])["run"], given.runs)


def test(run: store.Run) -> Tested:
    """A run's best weights on each test window."""
    opened, model = trained_run.load_trained(run)
    task, examples = opened, data.load(run.spec, opened.state)[1]
    assert isinstance(task, Task)
    assert isinstance(examples, ClimateData)
    squared: list[torch.Tensor] = []
    others: dict[str, list[torch.Tensor]] = {method: [] for method in baselines.FORECASTS}
    corrections: list[torch.Tensor] = []
    with torch.inference_mode():
        for rows in task.batches(examples, "test", _BATCH, None):
            window = task.windows(examples, rows)
            predicted = model(window.features, window.past)
            squared.append((predicted - window.future).square())
            for method, repeat in baselines.FORECASTS.items():
                guess = repeat(window.past, task.settings.horizon, task.day)
                others[method].append((guess - window.future).square())
                if method == beneath(task):
                    corrections.append((predicted - guess).square())
    unit = task.spread**2
    starts = examples.rows["test"].numpy() + task.settings.history
    return Tested(
        squared=torch.cat(squared).double().numpy() * unit,
        baselines={method: torch.cat(errors).double().numpy() * unit for method, errors in others.items()},
        correction=float(torch.cat(corrections).mean().sqrt()) * task.spread,
        days=(task.state["start"] + starts * task.step) // _DAY,
        step=task.step,
    )


def beneath(task: Task) -> str:
    """The baseline forecast that a run corrects; the day shape for a head on its own."""
    chosen = task.settings.residual.replace("-", " ")
    return chosen if chosen in baselines.FORECASTS else "day shape"


def best_baseline(tested: Tested) -> str:
    return min(tested.baselines, key=lambda method: float(tested.baselines[method].mean()))


def show(cell: str, head: str, seed: str, tested: Tested) -> None:
    gain = tested.baselines[best_baseline(tested)] - tested.squared  # (W,H)
    found = block_interval(gain.mean(1), tested.days)
    between = f"{found.low:+.2f} … {found.high:+.2f}" + ("" if found.excludes_zero else " ·")
    places = [lead * 3_600 // tested.step - 1 for lead in LEADS]
    print(
        f"{cell:<8}{head:<10}{seed:<6}{tested.squared.mean():>8.2f}{found.mean:>+10.2f}{between:>18}"
        f"{tested.correction:>15.2f}" + "".join(f"{gain[:, place].mean():>+14.2f}" for place in places),
        flush=True,
    )


if __name__ == "__main__":
    main()
