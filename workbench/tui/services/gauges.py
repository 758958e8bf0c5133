"""Load of a run's worker and its machine, by psutil and NVML. Call it on a thread beside the screen."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, NamedTuple

from workbench.runs.events import Started

if TYPE_CHECKING:
    import psutil

_CLOCK_SKEW = 2.0  # seconds by which a process may seem to be younger than its first event


class Gpu(NamedTuple):
    """Utilisation and memory of the worker's GPU; bytes."""

    busy: float  # share of the time
    used: int
    total: int


class Load(NamedTuple):
    """Processor time and memory of the worker, and memory in use on the machine; bytes."""

    cores: float  # processor seconds a second, since the last reading
    of_cores: int
    memory: int
    machine_memory: float  # share in use, by everybody
    gpu: Gpu | None = None


class Gauges:
    """Measures one worker after another."""

    def __init__(self) -> None:
        self._started: Started | None = None
        self._process: psutil.Process | None = None
        self._device: object = None

    def read(self, started: Started | None) -> Load | None:
        """Return the load since the last reading.

        ``None`` at the first reading of a worker, and where it is gone or on another machine.
        """
        if started is None or started.host != socket.gethostname():
            return None
        import psutil

        try:
            if started != self._started or self._process is None:
                self._started, self._process, self._device = started, None, None
                process = psutil.Process(started.pid)
                if process.create_time() > started.time + _CLOCK_SKEW:  # another process has its id by now
                    return None
                process.cpu_percent()
                self._process, self._device = process, _gpu_of(started)
                return None
            with self._process.oneshot():
                cores = self._process.cpu_percent() / 100
                memory = self._process.memory_info().rss
            busy = psutil.virtual_memory().percent / 100
        except psutil.Error:
            self._process = None
            return None
        return Load(cores, psutil.cpu_count() or 1, memory, busy, _read_gpu(self._device))


def _gpu_of(started: Started) -> object:
    """Return NVML's handle of the worker's GPU; ``None`` where it has none or NVML does not tell which."""
    if started.device.startswith("CPU"):
        return None
    import pynvml

    try:
        pynvml.nvmlInit()
        devices = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        same_name = [device for device in devices if _text(pynvml.nvmlDeviceGetName(device)) == started.device]
        for device in same_name:
            if any(one.pid == started.pid for one in pynvml.nvmlDeviceGetComputeRunningProcesses(device)):
                return device
    except (pynvml.NVMLError, OSError):
        return None
    return same_name[0] if len(same_name) == 1 else None  # inside a container NVML has other process ids


def _read_gpu(device: object) -> Gpu | None:
    if device is None:
        return None
    import pynvml

    try:
        busy = pynvml.nvmlDeviceGetUtilizationRates(device).gpu / 100
        memory = pynvml.nvmlDeviceGetMemoryInfo(device)
    except pynvml.NVMLError:
        return None
    return Gpu(busy, int(memory.used), int(memory.total))


def _text(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name
