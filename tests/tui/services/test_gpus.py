"""The worker's GPU among those that NVML lists: by process, by CUDA_VISIBLE_DEVICES, by name; MIG slices too."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from runs import event_makers as make

from workbench.runs.events import Started
from workbench.tui.services.gpus import Gpu, gpu_of, read_gpu
from workbench.tui.widgets.progress import Load, machine_load

H100 = "NVIDIA H100 80GB HBM3"
SLICE, HALF = f"{H100} MIG 1g.10gb", f"{H100} MIG 3g.40gb"
PID = 4711


class Driver:
    """An NVIDIA driver: a GPU is a name, or the names of its MIG slices, of which places may be empty."""

    class NVMLError(Exception):
        pass

    def __init__(self, *gpus: str | list[str | None], pid_on: str = "") -> None:
        self.gpus, self.pid_on = gpus, pid_on

    def nvmlInit(self) -> None:
        pass

    def nvmlDeviceGetCount(self) -> int:
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:
        return f"{index}"

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
        return SimpleNamespace(used=2_500_000_000, total=10_000_000_000)


def started(device: str, chosen: str = "auto") -> Started:
    return msgspec.structs.replace(make.started(), pid=PID, device=device, settings={"train.device": chosen})


DIVIDED = [None, SLICE, SLICE, HALF]


@pytest.mark.parametrize(
    ("driver", "life", "visible", "found"),
    [
        (Driver(DIVIDED, pid_on="0/2"), started(SLICE), "", "0/2"),
        (Driver(DIVIDED), started(HALF), "", "0/3"),
        (Driver(DIVIDED), started(SLICE), "", None),
        (Driver(DIVIDED), started(SLICE), "MIG-0f2-cd", "0/2"),
        (Driver(DIVIDED), started(SLICE), "GPU-0e-ab", "0/1"),
        (Driver([None, SLICE], DIVIDED), started(SLICE), "1", None),  # of different names: not the same order
        (Driver([SLICE], [SLICE, SLICE]), started(SLICE), "1", "1/0"),
        (Driver(H100, DIVIDED), started(H100), "", "0"),
        (Driver(DIVIDED), started(H100), "", None),  # CUDA computes on the slices alone
        (Driver(H100, H100), started(H100), "1", "1"),
        (Driver(H100, H100), started(H100), "GPU-1e", "1"),
        (Driver(H100, H100), started(H100, "cuda:1"), "1,0", "0"),
        (Driver(H100, H100), started(H100, "cuda:1"), "1", None),
        (Driver(H100, H100), started(H100), "", None),
        (Driver("NVIDIA T4", H100), started(H100), "0", "1"),  # CUDA puts the fastest first
        (Driver("NVIDIA T4", "NVIDIA T4"), started("NVIDIA T4"), "1", "1"),
    ],
)
def test_the_gpu_of_a_worker(
    monkeypatch: pytest.MonkeyPatch, driver: Driver, life: Started, visible: str, found: str | None
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    assert gpu_of(life, {"CUDA_VISIBLE_DEVICES": visible} if visible else {}) == found


def test_by_their_places_on_the_bus_gpus_of_different_names_are_counted_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Driver(H100, H100, "NVIDIA T4"))
    order = {"CUDA_VISIBLE_DEVICES": "1"}
    assert gpu_of(started(H100), order) is None
    assert gpu_of(started(H100), order | {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}) == "1"


def test_of_a_slice_the_memory_alone_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Driver(DIVIDED))
    assert read_gpu("0") == Gpu(0.42, 2_500_000_000, 10_000_000_000)
    found = read_gpu("0/1")
    assert found == Gpu(None, 2_500_000_000, 10_000_000_000)
    text = " ".join(str(piece) for piece in machine_load(Load(1.0, 2, 10**8, 0.5, found)))
    assert "GPU memory" in text
    assert "2,500 MB of 10.0 GB" in text
    assert "GPU ━" not in text
