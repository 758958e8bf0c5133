"""Cost of a study as it grows: made, handed to a cluster, listed, shown on the screen.

    python bench/studies.py [--runs 100 500 2000 10000]

Nothing is trained and no cluster is asked: a fake executor writes each run's job, as if its scheduler had taken it;
then six tenths of the runs are finished by hand, one tenth trains and three tenths wait. Aims: a study of 100 is made
and handed over within 5 s and 200 MB; the Studies screen of 500 runs opens within 1 s.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` is its neighbour too

from machine import ended_by_signals, tell_load
from screen import WORKBENCH, Program, starter_data, table

from workbench.executors import jobs
from workbench.executors.clusters import Named, SlurmCluster
from workbench.runs import job as job_files
from workbench.runs.events import SCHEMA, Best, Eval, Finished, Started, encode
from workbench.runs.job import Job
from workbench.runs.run import Run
from workbench.studies import plan as plans
from workbench.studies import store, submission
from workbench.studies.queue import UNDONE
from workbench.studies.study import Study

STUDIES, SEEDS, CELLS = "5", 10, ("rnn", "lstm")
_NAME = "big"
_QUIET = 5.0  # seconds in which nothing changes


class WrittenJobs:
    """Executor that only writes jobs."""

    def submit(self, runs: Sequence[Run], *, at_once: int = 0) -> None:
        now = time.time()
        for number, run in enumerate(runs):
            found = Job(executor="slurm", cluster="slurm", id=f"1_{number}", submitted=now, reason="Resources")
            job_files.write(run.job_file, found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[100, 500, 2000, 10000])
    parser.add_argument("--submit", nargs=2, metavar=("RUNS", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.submit:
        print(json.dumps(submitted(int(given.submit[0]), Path(given.submit[1]))))
        return
    ended_by_signals()
    tell_load()
    with tempfile.TemporaryDirectory() as cache:
        starter_data(cache)
        columns = [measured(count) for count in given.runs]
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    table(("runs", *(f"{count:,}" for count in given.runs)), *rows)


def submitted(count: int, folder: Path) -> dict[str, float]:
    """Make a study and hand it over; seconds, seconds of processor time, and the most megabytes that were held."""
    jobs.of = lambda _: WrittenJobs()  # type: ignore[assignment, return-value]
    began, spent = time.perf_counter(), time.process_time()
    rates = [round(1e-4 * (number + 1), 6) for number in range(count // SEEDS // len(CELLS))]
    group = plans.RunGroup(cells=[*CELLS], grid={"train.lr": rates})
    plan = plans.Plan(task="names", runs=[group], seeds=SEEDS)
    study = store.create(folder, _NAME, plan, plans.expand(plan))
    made = time.process_time() - spent
    submission.submit(study, Named("slurm", SlurmCluster()), UNDONE)
    return {
        "made": made,
        "seconds": time.perf_counter() - began,
        "processor": time.process_time() - spent,
        "megabytes": most_megabytes(),
    }


def most_megabytes() -> float:
    """Megabytes that this process has held at most; ``ru_maxrss`` would count those of the program that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3


def measured(count: int) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--submit", str(count), folder]
        told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        study = Study(Path(folder) / store.FOLDER / _NAME)
        size = study.study_file.stat().st_size / 1e6
        write_events(study, count)
        opened, share, megabytes = shown(folder, count)
        figures = {
            "study.json, MB": f"{size:.1f}",
            "made, s of a core": f"{told['made']:.2f}",
            "made and handed over, s": f"{told['seconds']:.1f}",
            "made and handed over, s of a core": f"{told['processor']:.1f}",
            "made and handed over, MB": f"{told['megabytes']:.0f}",
            "the Studies screen opens, s": f"{opened:.2f}",
            "the Studies screen at rest, of a core": f"{share:.1%}",
            "the Studies screen, MB": f"{megabytes:.0f}",
        }
        for words in (("study", "list"), ("study", "show", _NAME), ("runs",)):
            seconds, spent = asked(*words, "--runs", folder)
            figures[f"workbench {' '.join(words)}, s"] = f"{seconds:.1f}"
            figures[f"workbench {' '.join(words)}, s of a core"] = f"{spent:.1f}"
        return figures


def write_events(study: Study, count: int) -> None:
    """End six tenths of the runs, and let one tenth train."""
    best = Best(step=100, metric="accuracy", value=0.8)
    versions: dict[str, str] = {}
    for number in range(1, count + 1):
        run, now = study.run(number), time.time()
        if number % 10 > 6:
            continue
        started = Started(
            time=now, schema=SCHEMA, from_step=0, pid=1, host="n1", device="CPU", precision="fp32", versions=versions,
            parameters=1000, train_size=100, steps_per_epoch=100, total_steps=200,
        )  # fmt: skip
        figures = {"loss": 0.5, "accuracy": 0.8 + number / 1e6}
        events = [started, Eval(time=now, step=100, epoch=1.0, metrics=figures, best=best)]
        if number % 10 < 6:
            ended = {"epochs": 2.0, "reason": "all steps are done", "wall_s": 10.0, "examples_per_s": 1000.0}
            events.append(Finished(time=now, step=200, best=best, test=figures, **ended))
        run.events_file.write_bytes(b"".join(map(encode, events)))
        state = "ended" if number % 10 < 6 else "running"
        found = Job(executor="slurm", cluster="slurm", id="1", submitted=now, state=state, node="n1", seen=now)
        run.job_file.write_bytes(json.dumps({name: getattr(found, name) for name in found.__struct_fields__}).encode())


def shown(folder: str, count: int) -> tuple[float, float, float]:
    """Seconds from the key to the list of the runs; the share of a core while nothing changes; megabytes then."""
    with Program(WORKBENCH, "--runs", folder) as program:
        program.shows("names with", "Quit")
        program.rest()
        pressed = program.type(STUDIES)
        opened = program.shows(f"of {count} finished", "seed 0", seconds=120) - pressed
        program.rest(1.0, most=10)
        before, began = program.cpu(), time.perf_counter()
        time.sleep(_QUIET)
        return opened, (program.cpu() - before) / (time.perf_counter() - began), program.megabytes()


def asked(*words: str) -> tuple[float, float]:
    """Seconds of a command, and those of a core."""
    before, began = os.times(), time.perf_counter()
    subprocess.run([WORKBENCH, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, spent


if __name__ == "__main__":
    main()
