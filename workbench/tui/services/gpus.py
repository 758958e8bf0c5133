"""Load of a worker's GPU, or of its MIG slice of one. Call it on a thread beside the screen."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from workbench.executors import gpus
from workbench.runs.events import Started


class Gpu(NamedTuple):
    """Utilisation and memory of the worker's GPU; bytes."""

    busy: float | None  # share of the time; None: not known, as of a MIG slice
    used: int
    total: int


def gpu_of(started: Started, environment: Mapping[str, str]) -> object:
    """Return NVML's handle of the worker's GPU; ``None`` where it has none or nothing tells which."""
    device = gpus.of_worker(started, environment)
    return device.handle if device else None


def read_gpu(handle: object) -> Gpu | None:
    """Return a GPU's load; ``None`` without one, or where NVML does not tell it."""
    if handle is None:
        return None
    import pynvml

    busy = None
    with suppress(pynvml.NVMLError):  # a MIG slice has no utilisation of its own
        busy = pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
    found = gpus.memory(handle)
    return Gpu(busy, found.used, found.total) if found else None
