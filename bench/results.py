"""Every task's networks, trained from several seeds, beside its baselines: means, spreads, intervals, seconds.

    python bench/results.py [PLAN…] --data DIR --jobs 2
    python bench/results.py --measured "climate, folds"=folds.json "poems, rules"=rules.md
    python bench/results.py poems --add pretrained/poems-lstm

Each file of ``bench/plans`` is the plan of a study (``workbench study``), which is trained as far as it is not yet:
stopped at any instant and asked again, it goes on. A plan whose figures are recorded with its runs' present settings is
left alone; one whose name ends in ``-starter`` trains on the starter set. Figures are written into
``docs/results.json`` plan by plan, from there into the tables of the documents, and the runs' curves drawn to
``docs/pictures/results-PLAN.svg``. ``--measured`` takes what another bench wrote with ``--json``, or the last table
that it printed; ``--add`` takes finished runs beside those of a plan, or alone where a task has none.

A gain is a network's figure on the test rows less that of the baseline that is best on them, which is the strictest
choice. Its 95 % interval is, where the plan draws several splits, Student's t of the splits' differences; where there
is one split and rows are right or wrong, a paired bootstrap over its rows, with the seeds as they are; else Student's
t of the seeds. Baselines are measured by this version of the code, whichever version trained a run.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` and ``climate`` are packages too

import numpy as np
from machine import ended_by_signals, tell_load
from numpy.typing import NDArray
from scipy.stats import t as student

import tasks
from tasks.base import EVAL_SPLITS
from tasks.shared.baselines.bootstrap import Interval, paired_interval
from tasks.shared.classification.metrics import correctness
from tasks.shared.classification.task import ClassificationTask
from tasks.shared.datasets import locations
from workbench.config import spec
from workbench.config.spec import RunSpec
from workbench.engine import data, trained_run
from workbench.report import pictures
from workbench.runs import launch, store
from workbench.runs.events import Finished
from workbench.runs.history import read_history
from workbench.runs.run import Run
from workbench.studies import plan as plans
from workbench.studies import store as studies
from workbench.studies.differences import correct_rows
from workbench.studies.plan import LABEL, Plan, PlannedRun

WORKBENCH = str(Path(sys.executable).with_name("workbench"))
PLANS = Path(__file__).parent / "plans"
STARTER = "-starter"  # at the end of a plan's name: it trains on the task's starter set
_LEVEL = 0.95


class Trained(NamedTuple):
    """A finished run of a plan."""

    label: str  # the same for all runs that differ by their seeds
    split: str  # the settings by which the plan draws its test rows: ``task.split_seed=1``; empty: there is one split
    run: Run


class TestRows(NamedTuple):
    """Test rows of a split, and the baselines on it."""

    count: int
    baselines: dict[str, dict[str, Any]]  # of each method: its metrics on each split
    strongest: str  # the method that is best on the test rows
    right: tuple[str, NDArray[np.bool_]] | None  # hash of the rows, and which the strongest has right (N,)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plans", nargs="*", help="names of files in bench/plans; none: all, unless figures are given")
    parser.add_argument("--again", action="store_true", help="measure those too whose figures are recorded")
    parser.add_argument("--jobs", default="0", help="runs at once")
    parser.add_argument("--measured", nargs="+", default=[], metavar="NAME=FILE", help="figures of other benches")
    parser.add_argument("--add", nargs="+", default=[], metavar="RUN", help="finished runs, beside those of one plan")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("checkpoints"))
    given = parser.parse_args()
    ended_by_signals()
    tell_load()
    tables = _neighbour()
    results = tables.read() if tables.DATA.exists() else {}
    every = [] if given.measured else sorted(path.stem for path in PLANS.glob("*.toml"))
    for name, _, file in (pair.partition("=") for pair in given.measured):
        text = Path(file).read_text(encoding="utf-8")
        results[name] = json.loads(text) if text.startswith("{") else _last_table(text)
        tables.write(results)
    for name in given.plans or every:
        added = [Trained(run, "", store.find(run, given.runs)) for run in given.add]
        if added and not (PLANS / f"{name}.toml").exists():
            runs, results[name] = added, measured(added)
        else:
            plan = plans.read(PLANS / f"{name}.toml")
            planned = plans.expand(plan)
            settings = _hash(one.described for one in planned)
            if not given.again and not given.add and results.get(name, {}).get("settings") == settings:
                print(f"{name}: recorded already")
                continue
            runs = [*trained(given, name, settings, plan, planned), *added]
            results[name] = {"settings": settings, **measured(runs)}
        tables.write(results)
        picture = tables.DATA.parent / "pictures" / f"results-{name}.svg"
        pictures.draw([one.run for one in runs], "curves", pictures.Style(), picture, [one.label for one in runs])
        print(f"\n{name}\n\n{tables.section(name, results[name])}", flush=True)


def _neighbour() -> Any:
    """Import ``result_tables``, which stands in this folder."""
    sys.path.append(str(Path(__file__).parent))  # behind the packages
    import result_tables

    return result_tables


def _last_table(text: str) -> dict[str, Any]:
    """Return the columns and rows of the last Markdown table in a text."""
    lines = [line.strip() for line in text.splitlines()]
    rule = max(k for k, line in enumerate(lines) if line.startswith("| ---"))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in [lines[rule - 1], *lines[rule + 1 :]]]
    end = next((k for k, line in enumerate(lines[rule + 1 :]) if not line.startswith("|")), len(lines))
    return {"columns": cells[0], "rows": cells[1 : end + 1]}


def _hash(described: Iterable[RunSpec]) -> str:
    """Return a hash of the settings on which runs' figures depend."""
    kept = [
        {key: value for key, value in spec.values(one).items() if key not in launch.CHANGEABLE} | {"cell": one.cell}
        for one in described
    ]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def trained(
    given: argparse.Namespace, name: str, settings: str, plan: Plan, planned: Sequence[PlannedRun]
) -> list[Trained]:
    """Train what is missing of a plan's study by the command line; return its runs.

    Raises:
        SystemExit: one of them is not finished.
    """
    study = f"results-{name}-{settings[:8]}"
    folder = ["--runs", str(given.runs)]
    if study not in {one.id for one in studies.listing(given.runs)}:
        place = _starter(given.runs, plan.task) if name.endswith(STARTER) else given.data
        source = ["--data", str(place)] if place else []
        subprocess.run([WORKBENCH, "study", "new", study, str(PLANS / f"{name}.toml"), *source, *folder], check=True)
    subprocess.run([WORKBENCH, "study", "run", study, "--jobs", given.jobs, *folder], check=False)
    found = []
    splits = sorted({key for one in planned for key in one.coordinates if key.startswith("task.")})
    for member in studies.find(study, given.runs).members():
        if member.state != "finished":
            raise SystemExit(f"{member.run.id} is {member.state}: see `workbench log {member.run.id}`, and ask again.")
        at = member.planned.coordinates
        label = str(at.get(LABEL) or member.planned.described.cell)
        found.append(Trained(label, " ".join(f"{key}={at[key]}" for key in splits if key in at), member.run))
    return found


def _starter(runs: Path, task: str) -> Path:
    """Return a folder of datasets that holds a task's starter set as if it were the dataset."""
    folder = runs.absolute() / "starter"
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (folder / task).symlink_to(locations.starter(task))
    return folder


def measured(runs: Sequence[Trained]) -> dict[str, Any]:
    """Return the figures of a plan's runs, the best mean on the test rows first, and of the baselines."""
    task = tasks.settings(runs[0].run.spec.task)
    sign = 1 if task.higher_is_better else -1
    rows = {split: _test_rows(next(one.run for one in runs if one.split == split)) for _, split, _ in runs}
    networks = {}
    for label in dict.fromkeys(one.label for one in runs):
        own = [one for one in runs if one.label == label]
        networks[label] = _network(own, rows, task.metric, sign)
    order = sorted(networks, key=lambda label: -sign * networks[label]["test"][task.metric]["mean"])
    baselines = {}
    methods = dict.fromkeys(_without_penalty(method) for of in rows.values() for method in of.baselines)
    for method in methods:
        figures = [
            found for of in rows.values() for name, found in of.baselines.items() if _without_penalty(name) == method
        ]
        baselines[method] = {split: _spreads([each[split] for each in figures]) for split in EVAL_SPLITS}
    ranked = sorted(baselines, key=lambda name: -sign * (baselines[name]["test"][task.metric]["mean"] or 0))
    return {
        "test_rows": [of.count for of in rows.values()],
        "networks": {label: networks[label] for label in order},
        "baselines": {method: baselines[method] for method in ranked},
    }


def _without_penalty(method: str) -> str:
    """Return a method's name without what is said of its penalty on one split."""
    return method.partition(" (")[0]


def _test_rows(run: Run) -> TestRows:
    task, _ = trained_run.load_trained(run)
    _, examples = data.load(run.spec, task.state)
    splits = task.baseline(examples)
    metric, sign = task.settings.metric, 1 if task.settings.higher_is_better else -1
    strongest = max(splits["test"], key=lambda method: sign * (splits["test"][method][metric] or 0))
    right = None
    if isinstance(task, ClassificationTask):
        guesses = task.baseline_guesses(examples)["test"]
        if strongest in guesses.methods:
            truth = examples.labels.cpu().numpy()[guesses.rows]
            kept = correctness(guesses.rows, truth, guesses.methods[strongest])
            right = kept.rows, np.unpackbits(np.frombuffer(kept.bits, np.uint8), count=kept.count).astype(bool)
    methods = {method: {split: splits[split][method] for split in EVAL_SPLITS} for method in splits["test"]}
    return TestRows(examples.size("test"), methods, strongest, right)


def _network(runs: Sequence[Trained], rows: dict[str, TestRows], metric: str, sign: int) -> dict[str, Any]:
    """Return the figures of a network's runs: of the best evaluation on validation, of the test, and its gain."""
    histories = [read_history(one.run.events_file) for one in runs]
    ended = [history.ended for history in histories]
    assert all(isinstance(one, Finished) for one in ended)
    best = [next(each for each in of.evals if each.step == one.best.step) for of, one in zip(histories, ended)]  # type: ignore[union-attr]  # noqa: B905
    first = runs[0].run.spec
    strongest = {rows[one.split].strongest for one in runs}
    differences: dict[str, list[float]] = {}
    for one, end in zip(runs, ended, strict=True):
        at = rows[one.split]
        theirs = at.baselines[at.strongest]["test"][metric]
        differences.setdefault(one.split, []).append(sign * (end.test[metric] - theirs))  # type: ignore[operator, union-attr]
    return {
        "cell": first.cell,
        "preset": first.preset,
        "runs": len(runs),
        "val": _spreads([each.metrics for each in best]),
        "test": _spreads([end.test for end in ended]),  # type: ignore[union-attr]
        "seconds": round(statistics.fmean(end.wall_s for end in ended), 1),  # type: ignore[union-attr]
        "device": histories[0].started.device if histories[0].started else "",
        "parameters": histories[0].started.parameters if histories[0].started else 0,
        "above": " and ".join(sorted(map(_without_penalty, strongest))),
        "gain": _gain(runs, rows, ended, differences, metric),
    }


def _gain(
    runs: Sequence[Trained],
    rows: dict[str, TestRows],
    ended: Sequence[Any],
    differences: dict[str, list[float]],
    metric: str,
) -> dict[str, Any]:
    """Return the gain over the strongest baseline with its interval, and what the interval is over."""
    if len(differences) > 1:
        return _interval(_student([statistics.fmean(of) for of in differences.values()]), f"{len(differences)} splits")
    [(split, seeds)] = differences.items()
    right = rows[split].right
    if metric == "accuracy" and right is not None and all(end.correctness is not None for end in ended):
        own = [correct_rows(end) for end in ended]
        assert all(end.correctness.rows == right[0] for end in ended), "the baseline guesses other rows"
        return _interval(paired_interval(own, [right[1]]), "test rows")
    return _interval(_student(seeds), f"{len(seeds)} seeds")


def _interval(found: Interval, over: str) -> dict[str, Any]:
    low, high = (None if np.isnan(value) else round(value, 6) for value in (found.low, found.high))
    return {"mean": round(found.mean, 6), "low": low, "high": high, "over": over}


def _student(values: Sequence[float]) -> Interval:
    """Return the mean of (n,) values with Student's t interval; without one where n is 1."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return Interval(mean, float("nan"), float("nan"))
    half = statistics.stdev(values) / len(values) ** 0.5 * float(student.ppf((1 + _LEVEL) / 2, len(values) - 1))
    return Interval(mean, mean - half, mean + half)


def _spreads(several: Sequence[dict[str, float | None]]) -> dict[str, Any]:
    """Return mean and standard deviation (n - 1) of each metric of some runs; none of one run."""
    found = {}
    for name in several[0]:
        values = [value for each in several if (value := each[name]) is not None]
        mean = round(statistics.fmean(values), 6) if values else None
        found[name] = {"mean": mean, "sd": round(statistics.stdev(values), 6) if len(values) > 1 else None}
    return found


if __name__ == "__main__":
    main()
