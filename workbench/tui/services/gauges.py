"""How busy a run's worker keeps its machine, asked of the machine itself. Call it beside the screen."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.runs.events import Started

if TYPE_CHECKING:
    import psutil

_CLOCKS_APART = 2.0  # seconds by which a process may seem to be younger than what it wrote


class Gpu(NamedTuple):
    """The GPU that trains; bytes."""

    busy: float  # share of the time
    used: int
    total: int


class Load(NamedTuple):
    """The worker's processor time and memory, and what is left to others; bytes."""

    cores: float  # processor seconds a second, since the last reading
    of_cores: int
    memory: int
    machine_memory: float  # share in use, by everybody
    gpu: Gpu | None = None


class Gauges:
    """Reads one worker after another; what cannot be known is not told."""

    def __init__(self) -> None:
        self._started: Started | None = None
        self._process: psutil.Process | None = None
        self._device: Any = None

    def read(self, started: Started | None) -> Load | None:
        """The load since the last reading; ``None`` at first, and of a worker that is on another machine or gone."""
        if started is None or started.host != socket.gethostname():
            return None
        import psutil

        try:
            if started != self._started or self._process is None:
                self._started, self._process, self._device = started, None, None
                process = psutil.Process(started.pid)
                if process.create_time() > started.time + _CLOCKS_APART:  # another process has its number by now
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


def _gpu_of(started: Started) -> Any:
    """The driver's handle of the GPU that a worker is on; ``None`` where it is on none or the driver does not say."""
    if started.device.startswith("CPU"):
        return None
    import pynvml

    try:
        pynvml.nvmlInit()
        every = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        alike = [device for device in every if _text(pynvml.nvmlDeviceGetName(device)) == started.device]
        for device in alike:
            if any(one.pid == started.pid for one in pynvml.nvmlDeviceGetComputeRunningProcesses(device)):
                return device
    except (pynvml.NVMLError, OSError):
        return None
    return alike[0] if len(alike) == 1 else None  # within a container the driver knows processes by other numbers


def _read_gpu(device: Any) -> Gpu | None:
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
