"""Gain of a network over the best baseline forecast of temperature, and blocked cross-validation over the file.

    python bench/climate.py --cells lstm gru --seeds 5 --data DIR --runs DIR
    python bench/climate.py --cells lstm gru --seeds 3 --folds 5 --data DIR --runs DIR --json climate.json

For each cell and head (the defaults, and the presets) a run a seed is made by the real command
line, where ``--runs`` does not hold it yet. On the test windows the squared error of each is compared with that of the
baseline that is best *there*, ridge regression among them, which is the strictest choice. A gain is that baseline's MSE
less the network's, in °C²; its 95 % interval comes from drawing whole days of windows with replacement (2,000 times),
because windows that begin an hour apart are nearly the same. The last line of a group is the gain of all seeds
together: their errors are averaged window by window before days are drawn.

The correction is the root mean square of forecast less baseline forecast: a residual head that learned nothing has 0.
The windows of one test split share its weather: an interval says nothing of another autumn.

With ``--folds K`` each cell and head (the defaults alone, unless ``--heads`` names more) is trained on the usual split
and on each of K folds (``task.folds``), every seed, and each RMSE of networks and baselines is shown on validation and
test: of the usual split, and over the folds as mean ± standard deviation, a fold's figure being the mean of its seeds'.
Ridge regression is one method in all folds, those too whose best penalty is at the end of its grid; they are named
below the table. Then come the paired gains over day shape and ridge on the test windows of all folds, with 95 %
intervals from drawing blocks of a fold's days: of one day, and of five, since a day's weather is much like the last's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__" and not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` and ``climate`` are packages too

import numpy as np
import torch
from climate_paired import FoldErrors, paired_gain
from machine import ended_by_signals, tell_load
from numpy.typing import NDArray

from tasks.base import EVAL_SPLITS, Split
from tasks.climate import baselines
from tasks.climate.baseline_metrics import RIDGE, RIDGE_AT_EDGE, Regression
from tasks.climate.data import ClimateData
from tasks.climate.metrics import LEADS
from tasks.climate.settings import Settings
from tasks.climate.task import Task
from tasks.climate.wording import counted
from tasks.shared.baselines.bootstrap import block_interval
from workbench.engine import data, trained_run
from workbench.runs import store
from workbench.runs.events import Finished
from workbench.runs.history import History, read_history
from workbench.runs.run import Run

WORKBENCH = str(Path(sys.executable).with_name("workbench"))
HEADS = {"residual": "", "strong": "strong", "with-ridge": "with-ridge", "plain": "plain"}  # head → preset
PAIRED_WITH = ("day shape", RIDGE)
BLOCKS = (1, 5)  # days
_DAY = 86_400  # s
_BATCH = 256
_regressions: dict[Settings, Regression] = {}
ByFold = dict[Split, dict[int, float]]  # a method's RMSE, the usual split's as fold 0


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
    parser.add_argument("--heads", nargs="+", choices=list(HEADS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", default="0")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("checkpoints"))
    parser.add_argument("--folds", type=int, default=0, help="folds of blocked cross-validation; 0: the gains instead")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    given = parser.parse_args()
    ended_by_signals()
    tell_load()
    given.heads = given.heads or (["residual"] if given.folds else list(HEADS))
    if given.folds:
        figures = cross_validate(given)
        figures["paired"] = paired(given)
    else:
        figures = gains(given)
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def gains(given: argparse.Namespace) -> dict[str, Any]:
    """Print the gains on the usual split's test windows, and return the figures."""
    lines: list[dict[str, Any]] = []
    head = f"{'cell':<8}{'head':<10}{'seed':<6}{'MSE °C²':>8}{'gain °C²':>10}{'95 % interval':>18}{'correction °C':>15}"
    print(head + "".join(f"{f'gain at {lead} h':>14}" for lead in LEADS))
    for cell in given.cells:
        for name in given.heads:
            tested = [test(run_of(given, cell, name, seed)) for seed in range(given.seeds)]
            lines += [show(cell, name, str(seed), one) for seed, one in enumerate(tested)]
            together = tested[0]._replace(
                squared=np.mean([one.squared for one in tested], 0),
                correction=float(np.mean([one.correction for one in tested])),
            )
            lines.append(show(cell, name, "all", together))
    best = best_baseline(tested[0])
    mses = {method: float(errors.mean()) for method, errors in tested[0].baselines.items()}
    print(f"\nbaselines, MSE °C²: {', '.join(f'{k} {v:.2f}' for k, v in mses.items())}; compared with: {best}")
    print(f"{len(tested[0].squared):,} test windows that begin on {len(np.unique(tested[0].days))} days")
    return {"gains": lines, "baselines_mse_c2": mses, "compared_with": best, "test_windows": len(tested[0].squared)}


def cross_validate(given: argparse.Namespace) -> dict[str, Any]:
    """Print the RMSE of networks and baselines, on the usual split and over the folds, and return the figures."""
    found: dict[str, ByFold] = {}
    at_edge: set[int] = set()  # folds
    for cell, head in itertools.product(given.cells, given.heads):
        network = network_name(cell, head)
        for fold in range(given.folds + 1):
            histories = [
                read_history(run_of(given, cell, head, seed, fold=fold).events_file) for seed in range(given.seeds)
            ]
            for split in EVAL_SPLITS:
                errors = [metrics_of(history, split) for history in histories]
                assert histories[0].baseline
                methods = {network: float(np.mean([each["rmse_c"] for each in errors]))}
                baseline = histories[0].baseline.methods[split]
                if RIDGE_AT_EDGE in baseline:
                    at_edge.add(fold)
                methods |= {method_of(name): each["rmse_c"] for name, each in baseline.items()}
                for method, value in methods.items():  # a baseline stands in every cell's runs, with the same figures
                    found.setdefault(method, {"val": {}, "test": {}})[split].setdefault(fold, value)
            shown = ", ".join(f"{split} {found[network][split][fold]:.3f}" for split in EVAL_SPLITS)
            print(f"{network}, {f'fold {fold}' if fold else 'usual split'}: RMSE °C {shown}", flush=True)
    figures = {
        method: {split: in_order(method, of[split], given.folds) for split in EVAL_SPLITS}
        for method, of in found.items()
    }
    print(f"\n{'RMSE °C':<24}{'usual split':>20}{f'{given.folds} folds, mean ± sd':>30}")
    print(f"{'':<24}{'val':>10}{'test':>10}{'val':>15}{'test':>15}")
    for method, of in sorted(figures.items(), key=lambda item: float(np.mean(item[1]["test"][1:]))):
        usual = "".join(f"{of[split][0]:>10.2f}" for split in EVAL_SPLITS)
        over = [f"{np.mean(of[split][1:]):.2f} ± {np.std(of[split][1:], ddof=1):.2f}" for split in EVAL_SPLITS]
        print(f"{method:<24}{usual}" + "".join(f"{text:>15}" for text in over))
    if at_edge:
        print(f"{RIDGE_AT_EDGE}: {', '.join(f'fold {fold}' if fold else 'usual split' for fold in sorted(at_edge))}")
    return {
        "folds": given.folds,
        "seeds": given.seeds,
        "rmse_c": {
            method: {split: {"usual": several[0], "folds": several[1:]} for split, several in of.items()}
            for method, of in figures.items()
        },
    }


def network_name(cell: str, head: str) -> str:
    """Return what a table calls a cell with a head: the defaults' goes without saying."""
    return cell if head == "residual" else f"{cell}, {head}"


def paired(given: argparse.Namespace) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Print each network's gains over the baselines on the folds' test windows, and return them by network."""
    print(f"\n{'paired, over the folds':<24}{'over':<12}{'MSE °C²':>8}{'gain °C²':>10}{'gain':>8}  95 % interval")
    figures: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for cell, head in itertools.product(given.cells, given.heads):
        network = network_name(cell, head)
        folds = {fold: fold_errors(given, cell, head, fold) for fold in range(1, given.folds + 1)}
        figures[network] = {name: [paired_gain(folds, name, days) for days in BLOCKS] for name in PAIRED_WITH}
        for name, found in figures[network].items():
            between = "; ".join(
                f"{each['interval_c2'][0]:+.2f} … {each['interval_c2'][1]:+.2f} ({each['blocks']} blocks of "
                f"{counted(each['block_days'], 'day')})"
                for each in found
            )
            first = found[0]
            print(
                f"{network:<24}{name:<12}{first['mse_c2']:>8.2f}{first['gain_c2']:>+10.2f}{first['gain_share']:>+8.1%}"
                f"  {between}",
                flush=True,
            )
    return figures


def fold_errors(given: argparse.Namespace, cell: str, head: str, fold: int) -> FoldErrors:
    """A network's errors on the test windows of one fold."""
    tested = [test(run_of(given, cell, head, seed, fold=fold)) for seed in range(given.seeds)]
    return FoldErrors(
        network=np.mean([one.squared.mean(1) for one in tested], 0),
        baselines={method_of(name): errors.mean(1) for name, errors in tested[0].baselines.items()},
        days=tested[0].days,
    )


def method_of(name: str) -> str:
    """Return a baseline's name without what is said of one run's."""
    return RIDGE if name == RIDGE_AT_EDGE else name


def in_order(method: str, values: dict[int, float], folds: int) -> list[float]:
    """Return a method's values: the usual split's (fold 0), then each fold's.

    Raises:
        SystemExit: one is missing.
    """
    if missing := [str(fold) for fold in range(folds + 1) if fold not in values]:
        raise SystemExit(f"{method} has no figures for fold {', '.join(missing)} (0: the usual split): train it anew.")
    return [values[fold] for fold in range(folds + 1)]


def metrics_of(history: History, split: Split) -> dict[str, Any]:
    """A finished run's metrics: its best evaluation's, or its test's."""
    assert isinstance(history.ended, Finished)
    if split == "test":
        return history.ended.test
    return next(each.metrics for each in reversed(history.evals) if each.step == history.ended.best.step)


def run_of(given: argparse.Namespace, cell: str, head: str, seed: int, *, fold: int = 0) -> Run:
    return find(given, cell, head, seed, fold) or train(given, cell, head, seed, fold)


def find(given: argparse.Namespace, cell: str, head: str, seed: int, fold: int) -> Run | None:
    """A finished run of these already there."""
    folds = (given.folds if fold else 0, fold)
    for run in store.listing(given.runs):
        described = run.spec
        if (described.task, described.cell, described.preset) == ("climate", cell, HEADS[head]) and (
            described.train.seed == seed
            and (described.settings.folds, described.settings.fold) == folds
            and run.status() == "finished"
        ):
            return run
    return None


def train(given: argparse.Namespace, cell: str, head: str, seed: int, fold: int) -> Run:
    words = [WORKBENCH, "train", "climate", "--cell", cell, "--seed", str(seed), "--headless", "--json"]
    words += ["--runs", str(given.runs), "--threads", given.threads]
    words += ["--preset", HEADS[head]] if HEADS[head] else []
    words += ["--set", f"task.folds={given.folds}", "--set", f"task.fold={fold}"] if fold else []
    words += ["--data", str(given.data)] if given.data else []
    said = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    return store.find(json.loads(said.splitlines()[-1])["run"], given.runs)


def test(run: Run) -> Tested:
    """A run's best weights on each test window."""
    opened, model = trained_run.load_trained(run)
    task, examples = opened, data.load(run.spec, opened.state)[1]
    assert isinstance(task, Task)
    assert isinstance(examples, ClimateData)
    squared: list[torch.Tensor] = []
    regression = regression_of(task, examples)
    others: dict[str, list[torch.Tensor]] = {method: [] for method in (*baselines.FORECASTS, regression.name)}
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
            guess = regression.forecast(window.features, window.past)
            others[regression.name].append((guess - window.future).square())
    unit = task.spread**2
    starts = examples.rows["test"].numpy() + task.settings.history
    return Tested(
        squared=torch.cat(squared).double().numpy() * unit,
        baselines={method: torch.cat(errors).double().numpy() * unit for method, errors in others.items()},
        correction=float(torch.cat(corrections).mean().sqrt()) * task.spread,
        days=(task.state["start"] + starts * task.step) // _DAY,
        step=task.step,
    )


def regression_of(task: Task, examples: ClimateData) -> Regression:
    """The ridge regression of a run's settings, the same for all seeds."""
    if task.settings not in _regressions:
        _regressions[task.settings] = Regression(task.settings, examples, task.hourly)
    return _regressions[task.settings]


def beneath(task: Task) -> str:
    """The baseline forecast that a run corrects; the day shape for a head on its own."""
    return baselines.beneath_ridge(task.settings.residual)


def best_baseline(tested: Tested) -> str:
    return min(tested.baselines, key=lambda method: float(tested.baselines[method].mean()))


def show(cell: str, head: str, seed: str, tested: Tested) -> dict[str, Any]:
    """Print a line of the table, and return its figures."""
    gain = tested.baselines[best_baseline(tested)] - tested.squared  # (W,H)
    found = block_interval(gain.mean(1), tested.days)
    between = f"{found.low:+.2f} … {found.high:+.2f}" + ("" if found.excludes_zero else " ·")
    at_leads = [float(gain[:, lead * 3_600 // tested.step - 1].mean()) for lead in LEADS]
    mse = float(tested.squared.mean())
    print(
        f"{cell:<8}{head:<10}{seed:<6}{mse:>8.2f}{found.mean:>+10.2f}{between:>18}"
        f"{tested.correction:>15.2f}" + "".join(f"{each:>+14.2f}" for each in at_leads),
        flush=True,
    )
    return {
        "cell": cell,
        "head": head,
        "seed": seed,
        "mse_c2": mse,
        "gain_c2": found.mean,
        "interval_c2": [found.low, found.high],
        "correction_c": tested.correction,
        "gain_c2_at_hours": dict(zip(map(str, LEADS), at_leads, strict=True)),
    }


if __name__ == "__main__":
    main()
