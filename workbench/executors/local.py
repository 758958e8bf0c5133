"""This machine as a place for workers: the GPUs on which they may compute, and those that a run is on. No torch."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from workbench.config.spec import RunSpec
from workbench.executors import gpus
from workbench.executors.gpus import Device, Memory, Visible
from workbench.runs.folder import RunError
from workbench.runs.history import LatestEvents
from workbench.runs.run import Run

_COUNT = "import torch; print(torch.cuda.device_count())"
_OTHER_DEVICES = ("kfd", "dxg")  # of AMD's GPUs, and of any within Windows' Linux
_COUNT_SECONDS = 120  # of the first import of torch on a slow file system


class Slot(NamedTuple):
    """Place for one worker."""

    device: str = ""  # empty: as the run says
    threads: int = 0  # of each of its processes, where the run names no number; 0: as the environment says
    gpus: str = ""  # that it alone is shown, as CUDA_VISIBLE_DEVICES has them; empty: those of this process


class Gpu(NamedTuple):
    """GPU or MIG slice on which workers of this process may compute."""

    name: str  # by which a worker is told it: a UUID, or cuda:1 where only its number is known
    title: str  # for a person
    device: Device | None = None  # as NVML knows it
    whole: bool = True  # no slice of one: CUDA joins several of these in one process

    def memory(self) -> Memory | None:
        """Return its memory as it is now; ``None`` where nothing tells it."""
        return gpus.memory(self.device.handle) if self.device else None


def visible_gpus() -> list[Gpu]:
    """Return the GPUs on which torch can compute here, as NVML lists them, else as torch counts them.

    Torch is asked in a process of its own whether it can use any; the import takes seconds, and is spared where the
    machine has no device of one.
    """
    folder = Path("/dev")
    others = any((folder / name).exists() for name in _OTHER_DEVICES)
    if not (others or any(folder.glob("nvidia[0-9]*"))):
        return []
    seen = Visible((), certain=False) if others else gpus.visible(gpus.machine(), os.environ)
    if not (count := _counted_by_torch()):
        return []
    if not (seen.certain and seen.devices):
        return [Gpu(f"cuda:{number}", f"cuda:{number}") for number in range(count)]
    return [Gpu(one.uuid, f"{one.title} ({one.name})", one, one.slice is None) for one in seen.devices]


def _counted_by_torch() -> int:
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


def processes(described: RunSpec) -> int:
    """Return in how many processes a run computes, each on a GPU or with some threads."""
    return described.train.processes


def device_of(run: Run) -> str:
    """Return the GPUs that the worker of a run that trains here was given, with commas; empty where none were named."""
    try:
        started = LatestEvents(run.events_file).read().started
        if started is None:
            return ""
        process = psutil.Process(started.pid)
        words = process.cmdline()
        if words[-2:-1] == [str(run.path)]:
            return words[-1]
        return process.environ().get(gpus.VISIBLE, "") if words[-1:] == [str(run.path)] else ""
    except (RunError, OSError, psutil.Error, ValueError):
        return ""


def on_which(run: Run, here: Sequence[Gpu]) -> list[Gpu]:
    """Return the GPUs of a run that trains here, whoever started it; none where nothing tells which."""
    named = device_of(run).split(",")
    if found := [gpu for gpu in here if gpu.name in named]:
        return found
    try:
        started = LatestEvents(run.events_file).read().started
        if started is None or started.host != socket.gethostname():
            return []
        device = gpus.of_worker(started, psutil.Process(started.pid).environ())
    except (RunError, OSError, psutil.Error, ValueError):
        return []
    return [gpu for gpu in here if device and gpu.name == device.uuid]
