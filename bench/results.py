"""Every task with every cell on its data: validation and test figures and wall time, beside the baselines.

    python bench/results.py --tasks imdb reviews --cells rnn gru lstm "bilstm --preset strong" --data DIR
    python bench/results.py --tasks --measured "climate, folds"=folds.json "poems, rules"=rules.md

Each cell is one run of the real command line, made where ``--runs`` does not hold it yet; ``--measured`` takes what
another bench wrote with ``--json``, or the last table that it printed. The figures are written into
``docs/results.json``, and from there into the tables of ``docs/results.md``. Baselines are measured by this version
of the code, whichever version trained a run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` and ``climate`` are packages too

from machine import ended_by_signals, tell_load

import tasks
from workbench.config import spec
from workbench.config.spec import RunSpec
from workbench.engine import data, trained_run
from workbench.runs import launch, store
from workbench.runs.events import Finished
from workbench.runs.history import read_history
from workbench.runs.run import Run

WORKBENCH = str(Path(sys.executable).with_name("workbench"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="*", default=["names", "imdb", "reviews", "climate"])
    parser.add_argument(
        "--cells", nargs="+", default=["rnn", "gru", "lstm", "bilstm"], help="each with its options, or pretrained/NAME"
    )
    parser.add_argument("--measured", nargs="+", default=[], metavar="NAME=FILE", help="figures of other benches")
    parser.add_argument("--threads", default="0")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("checkpoints"))
    given = parser.parse_args()
    ended_by_signals()
    tell_load()
    tables = _neighbour()
    results = tables.read() if tables.DATA.exists() else {}
    for name, _, file in (pair.partition("=") for pair in given.measured):
        text = Path(file).read_text(encoding="utf-8")
        results[name] = json.loads(text) if text.startswith("{") else _last_table(text)
    for task in given.tasks:
        runs = {words: find(given.runs, task, words) or train(given, task, words) for words in given.cells}
        results[task] = measured(task, runs, tables.COLUMNS[task][0])
        print(f"\n{task}\n\n{tables.section(task, results[task])}")
    tables.DATA.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    tables.main()


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


def find(folder: Path, task: str, words: str) -> Run | None:
    """Return the newest finished run of a cell with the task's own defaults, or a preset's."""
    if words.startswith(store.PRETRAINED):
        return store.find(words, folder)
    cell, _, preset = words.partition(" --preset ")
    wanted = _result_settings(spec.make(task, cell, preset=preset))
    for run in store.listing(folder):
        described = run.spec
        alike = (described.task, described.cell, described.data) == (task, cell, "full")
        if alike and _result_settings(described) == wanted and run.status() == "finished":
            return run
    return None


def _result_settings(described: RunSpec) -> dict[str, object]:
    """Return the settings on which a run's figures depend."""
    return {key: value for key, value in spec.values(described).items() if key not in launch.CHANGEABLE}


def train(given: argparse.Namespace, task: str, words: str) -> Run:
    """Train by the command line; return the run."""
    command = [WORKBENCH, "train", task, "--cell", *words.split(), "--headless", "--json", "--threads", given.threads]
    command += ["--data", str(given.data)] if given.data else []
    done = subprocess.run([*command, "--runs", str(given.runs)], stdout=subprocess.PIPE, text=True, check=True)
    return store.find(json.loads(done.stdout.splitlines()[-1])["run"], given.runs)


def measured(task: str, runs: dict[str, Run], metric: str) -> dict[str, Any]:
    """Return the figures of some runs of a task, the best on the test split first, and the baselines'."""
    sign = 1 if tasks.settings(task).higher_is_better else -1
    networks = {words: _network(run) for words, run in runs.items()}
    networks = dict(sorted(networks.items(), key=lambda pair: -sign * pair[1]["test"][metric]))
    opened, _ = trained_run.load_trained(run := next(iter(runs.values())))
    examples = data.load(run.spec, opened.state)[1]
    splits = opened.baseline(examples)
    baselines = {
        method: {split: _rounded(splits[split][method]) for split in ("val", "test")} for method in splits["test"]
    }
    baselines = dict(sorted(baselines.items(), key=lambda pair: -sign * (pair[1]["test"][metric] or 0)))
    return {"test_rows": examples.size("test"), "networks": networks, "baselines": baselines}


def _network(run: Run) -> dict[str, Any]:
    """Return a run's figures: the best evaluation's on validation, and its test."""
    history = read_history(run.events_file)
    ended, started = history.ended, history.started
    assert isinstance(ended, Finished)
    assert started is not None
    (best,) = [each for each in history.evals if each.step == ended.best.step]
    return {
        "val": _rounded(best.metrics),
        "test": _rounded(ended.test),
        "seconds": round(ended.wall_s, 1),
        "device": started.device,
        "parameters": started.parameters,
    }


def _rounded(metrics: dict[str, float | None]) -> dict[str, float | None]:
    return {name: value if value is None else round(value, 6) for name, value in metrics.items()}


if __name__ == "__main__":
    main()
