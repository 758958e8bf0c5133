"""Batch scripts and options of sbatch. No torch.

A script names its runs in an array of bash's, so that a job needs no file beside the run folders. Slurm signals the
batch shell alone before the time limit (``--signal=B:``); the shell passes that on to the process that minds the
worker, waits again, and requeues the job where that process asks for it with ``REQUEUE``.
"""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.executors.clusters import SlurmCluster

LOGS = ".slurm"  # folder among the runs: logs of jobs whose worker did not begin
REQUEUE = 85  # exit code of the minding process: the checkpoint is saved, the job goes on later
UNTOLD = 128 + signal.SIGUSR1  # exit code of one that USR1 ended before it could be told of the limit: no worker began
_UNITS = (1, 60, 3600)  # seconds of the parts of a duration, from its end

_TRAIN = """\
run=${{runs[${{SLURM_ARRAY_TASK_ID:-0}}]}}
asked= worker=
pass_on() {{ asked=$1; if [ -n "$worker" ]; then kill -s "$1" "$worker" 2>/dev/null; fi; }}
trap 'pass_on USR1' USR1
trap 'pass_on TERM' TERM
{preparation}
if [ -n "$asked" ]; then echo "the set-up lasted until the job's time limit" >&2; exit 1; fi
{python} -m workbench.executors.slurm.node "$run" {cluster} &
worker=$!
if [ -n "$asked" ]; then pass_on "$asked"; fi  # it came before the line above
while wait "$worker"; code=$?; kill -0 "$worker" 2>/dev/null; do :; done
wait "$worker"; last=$?
if [ "$last" != 127 ]; then code=$last; fi  # a signal had ended the first wait
if [ "$code" = {requeue} ] || [ "$code" = {untold} ]; then scontrol requeue "$SLURM_JOB_ID" && exit 0; exit 1; fi
exit "$code"
"""


def training(cluster: SlurmCluster, name: str, runs: Sequence[Path]) -> bytes:
    """Return the script of a job whose task of each number trains one run.

    Args:
        name: of the cluster.
    """
    names = "\n".join(shlex.quote(str(path)) for path in runs)
    body = _TRAIN.format(
        preparation=_preparation(cluster),
        python=_python(cluster, runs[0].parent),
        cluster=shlex.quote(name),
        requeue=REQUEUE,
        untold=UNTOLD,
    )
    return f"#!/bin/bash\nruns=(\n{names}\n)\n{body}".encode("utf-8", "surrogateescape")


def probing(cluster: SlurmCluster, runs_folder: Path, mark: Path) -> bytes:
    """Return the script of a job that says what a node finds (``workbench.executors.probe``)."""
    words = f"-m workbench.executors.probe {shlex.quote(str(runs_folder))} {shlex.quote(str(mark))}"
    return (f"#!/bin/bash\n{_preparation(cluster)}\nexec {_python(cluster, runs_folder)} {words}\n").encode(
        "utf-8", "surrogateescape"
    )


def options(
    cluster: SlurmCluster,
    runs_folder: Path,
    *,
    name: str,
    count: int = 1,
    at_once: int = 0,
    processes: int = 1,
    after: str = "",
) -> list[str]:
    """Return the options of sbatch for a job; for an array of them where it trains several runs.

    Args:
        name: of the job.
        count: runs that it trains.
        at_once: of which so many at once; 0: as many as the cluster lets.
        processes: of one run, which share a node.
        after: job that ends first.
    """
    cpus = (cluster.cpus or (1 if processes > 1 else 0)) * processes
    width = f"%{at_once}" if at_once else ""
    asked = {
        "job-name": name,
        "array": f"0-{count - 1}{width}" if count > 1 else "",
        "dependency": f"afterany:{after}" if after else "",
        "partition": cluster.partition,
        "account": cluster.account,
        "qos": cluster.qos,
        "constraint": cluster.constraint,
        "time": cluster.time,
        "mem": cluster.memory,
        "cpus-per-task": str(cpus) if cpus else "",
        # of a single node, and known to every release and plugin, as --gpus is not
        "gres": f"gpu:{cluster.gpus * processes}" if cluster.gpus else "",
        "signal": f"B:USR1@{signal_seconds(cluster)}",
        "open-mode": "append",
        "output": f"{str(runs_folder / LOGS).replace('%', '%%')}/{'%A_%a' if count > 1 else '%j'}.log",
    }
    fixed = ["--parsable", "--nodes=1", "--ntasks=1", "--requeue"]
    return [*fixed, *(f"--{key}={value}" for key, value in asked.items() if value), *cluster.options]


def signal_seconds(cluster: SlurmCluster) -> int:
    """Return how long before the time limit a job is told: half of a short limit at most."""
    limit = seconds(cluster.time)
    return min(cluster.signal_seconds, max(1, limit // 2)) if limit else cluster.signal_seconds


def seconds(duration: str) -> int:
    """Return a duration as sbatch takes it (minutes, M:S, H:M:S, D-H, D-H:M, D-H:M:S) in seconds; 0 of none."""
    if not duration:
        return 0
    days, dash, rest = duration.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    if dash:
        parts += [0] * (3 - len(parts))
    elif len(parts) == 1:
        parts.append(0)
    return int(days or 0) * 86400 + sum(part * unit for part, unit in zip(reversed(parts), _UNITS, strict=False))


def _preparation(cluster: SlurmCluster) -> str:
    """Return the lines before the worker; a module that fails ends the job, and so does the set-up's last command."""
    modules = [f"module load {shlex.quote(module)} || exit 1" for module in cluster.modules]
    return "\n".join([*modules, *([f"{{ {cluster.setup}\n}} || exit 1"] if cluster.setup.strip() else [])])


def _python(cluster: SlurmCluster, runs_folder: Path) -> str:
    """Return the words that start Python on a node, in its container where one is named."""
    if not cluster.container:
        return f"{shlex.quote(cluster.python or sys.executable)} -P"
    words = ["apptainer", "exec", *(["--nv"] if cluster.gpus else []), "--bind", str(runs_folder), cluster.container]
    return shlex.join([*words, cluster.python or "python3", "-P"])
