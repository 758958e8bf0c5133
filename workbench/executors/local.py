"""Capacity of this machine: how many workers train at once, each on a GPU or with some threads. No torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from workbench.config.spec import RunSpec
from workbench.config.threads import cores, openmp_threads
from workbench.runs.folder import RunError
from workbench.runs.history import LatestEvents
from workbench.runs.run import Run

_COUNT = "import torch; print(torch.cuda.device_count())"
_OTHER_DEVICES = ("kfd", "dxg")  # of AMD's GPUs, and of any within Windows' Linux
_COUNT_SECONDS = 120  # of the first import of torch on a slow file system


class Slot(NamedTuple):
    """Place for one worker."""

    device: str = ""  # empty: as the run says
    threads: int = 0  # where the run names no number; 0: as the environment says


def visible_gpus() -> int:
    """Return the number of GPUs on which torch can compute here, as a process of its own counts them.

    Nothing is started where the machine has no device of one: the import of torch takes seconds.
    """
    devices = Path("/dev")
    if not (any(devices.glob("nvidia[0-9]*")) or any((devices / name).exists() for name in _OTHER_DEVICES)):
        return 0
    command = [sys.executable, "-P", "-c", _COUNT]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_COUNT_SECONDS, check=False
        )
        return int(done.stdout or b"0")
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0


def on_gpu(described: RunSpec) -> bool:
    """Return whether a run computes on a GPU where there is one, and does not say on which."""
    return described.train.device in ("auto", "cuda")


def device_of(run: Run) -> str:
    """Return the device with which a queue started the worker of a run that trains here; empty where it named none."""
    try:
        started = LatestEvents(run.events_file).read().started
        words = psutil.Process(started.pid).cmdline() if started else []
    except (RunError, OSError, psutil.Error, ValueError):
        return ""
    return words[-1] if words[-2:-1] == [str(run.path)] else ""


def slots(specs: Sequence[RunSpec], *, gpus: int, jobs: int = 0, per_gpu: int = 1) -> list[Slot]:
    """Return a place for each worker that trains at once.

    On GPUs one worker each, or ``per_gpu``; on the CPU so many that their threads do not exceed the cores.

    Args:
        specs: of the runs.
        gpus: on which a run may compute.
        jobs: workers at most; 0: as many as there is room for.
    """
    named = max((described.train.threads or openmp_threads() for described in specs), default=0)
    room = max(1, cores() // max(1, named))
    if gpus and any(map(on_gpu, specs)):
        room = gpus * per_gpu
    elif devices := {described.train.device for described in specs if described.train.device.startswith("cuda:")}:
        room = len(devices) * per_gpu
    count = min(jobs or room, max(1, len(specs)))
    threads = 0 if openmp_threads() else max(1, cores() // count)
    if not gpus:
        return [Slot(threads=threads)] * count
    return [Slot(f"cuda:{number % gpus}", threads) for number in range(min(count, room))]
