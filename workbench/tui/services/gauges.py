"""Load of a run's worker and its machine, by psutil and NVML. Call it on a thread beside the screen."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, NamedTuple

from workbench.runs.events import Started
from workbench.tui.services.gpus import Gpu, gpu_of, read_gpu

if TYPE_CHECKING:
    import psutil

_CLOCK_SKEW = 2.0  # seconds by which a process may seem to be younger than its first event


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
                self._process, self._device = process, gpu_of(started, _environment(process))
                return None
            with self._process.oneshot():
                cores = self._process.cpu_percent() / 100
                memory = self._process.memory_info().rss
            busy = psutil.virtual_memory().percent / 100
        except psutil.Error:
            self._process = None
            return None
        return Load(cores, psutil.cpu_count() or 1, memory, busy, read_gpu(self._device))


def _environment(process: psutil.Process) -> dict[str, str]:
    """Return a process' variables; none where they are not to be read."""
    import psutil

    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}
