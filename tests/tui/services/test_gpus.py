"""The worker's GPU among those that NVML lists: by process, by CUDA_VISIBLE_DEVICES, by name; MIG slices too."""

from __future__ import annotations

import sys

import msgspec
import pytest
from nvml_driver import H100, HALF, PID, SLICE, Driver
from runs import event_makers as make

from workbench.runs.events import Started
from workbench.tui.services.gpus import Gpu, gpu_of, read_gpu
from workbench.tui.widgets.progress import Load, machine_load


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
