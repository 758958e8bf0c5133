"""An NVIDIA driver to test with, in place of the module ``pynvml``."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

H100 = "NVIDIA H100 80GB HBM3"
SLICE, HALF = f"{H100} MIG 1g.10gb", f"{H100} MIG 3g.40gb"
PID = 4711
USED, TOTAL = 2_500_000_000, 10_000_000_000


class Driver:
    """An NVIDIA driver: a GPU is a name, or the names of its MIG slices, of which places may be empty.

    Args:
        pid_on: handle of the device on which the process ``PID`` computes.
        closed: numbers of the GPUs that may not be opened.
        used: bytes in use, by handle.
        lacking: functions that this driver does not have.
        minors: of the GPUs; none: as they are counted.
    """

    class NVMLError(Exception):
        pass

    def __init__(
        self,
        *gpus: str | list[str | None],
        pid_on: str = "",
        closed: tuple[int, ...] = (),
        used: Mapping[str, int] | None = None,
        lacking: tuple[str, ...] = (),
        minors: tuple[int, ...] = (),
    ) -> None:
        self.gpus, self.pid_on, self.closed, self.minors = gpus, pid_on, closed, minors
        self.used = dict(used or {})
        self.lacking = lacking

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("nvml") and name in self.lacking:
            raise AttributeError(name)
        return super().__getattribute__(name)

    def nvmlInit(self) -> None:
        pass

    def nvmlSystemGetDriverVersion(self) -> bytes:
        return b"570.1"

    def nvmlDeviceGetCount(self) -> int:
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:
        if index in self.closed:
            raise self.NVMLError("Insufficient Permissions")
        return f"{index}"

    def nvmlDeviceGetMinorNumber(self, handle: str) -> int:
        return self.minors[int(handle)] if self.minors else int(handle)

    def _slices(self, handle: str) -> list[str | None]:
        gpu = self.gpus[int(handle)]
        if isinstance(gpu, str):
            raise self.NVMLError
        return gpu

    def nvmlDeviceGetMigMode(self, handle: str) -> list[int]:
        if self.gpus[int(handle)] == "NVIDIA T4":
            raise self.NVMLError
        on = int(isinstance(self.gpus[int(handle)], list))
        return [on, on]

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: str) -> int:
        return len(self._slices(handle))

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: str, place: int) -> str:
        if self._slices(handle)[place] is None:
            raise self.NVMLError
        return f"{handle}/{place}"

    def nvmlDeviceGetName(self, handle: str) -> bytes:
        gpu, _, place = handle.partition("/")
        found = self.gpus[int(gpu)]
        name = str(self._slices(gpu)[int(place)]) if place else found if isinstance(found, str) else H100
        return name.encode()

    def nvmlDeviceGetUUID(self, handle: str) -> str:
        return f"MIG-{handle.replace('/', 'f')}-cd" if "/" in handle else f"GPU-{handle}e-ab"

    def nvmlDeviceGetComputeRunningProcesses(self, handle: str) -> list[Any]:
        return [SimpleNamespace(pid=PID)] if handle == self.pid_on else []

    def nvmlDeviceGetUtilizationRates(self, handle: str) -> Any:
        if "/" in handle:
            raise self.NVMLError
        return SimpleNamespace(gpu=42)

    def nvmlDeviceGetMemoryInfo(self, handle: str) -> Any:
        return SimpleNamespace(used=self.used.get(handle, USED), total=TOTAL)
