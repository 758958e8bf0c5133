"""How busy a worker keeps its machine."""

from __future__ import annotations

import os
import socket
import sys
import time
from types import SimpleNamespace
from typing import Any

import msgspec
import psutil
import pytest
from runs import event_makers as make
from waiting import eventually

from workbench.runs.events import Started
from workbench.tui.run import screen as run_screen
from workbench.tui.services.gauges import Gauges, Load
from workbench.tui.services.gpus import Gpu

H100 = "NVIDIA H100 80GB HBM3"


def started(**differing: Any) -> Started:
    """A life of this very process."""
    here = {"host": socket.gethostname(), "pid": os.getpid(), "time": time.time()}
    return msgspec.structs.replace(make.started(), **{**here, **differing})


class Driver:
    """An NVIDIA driver of two GPUs."""

    class NVMLError(Exception):
        pass

    def __init__(self, names: list[str], pids: list[list[int]]) -> None:
        self.names, self.pids = names, pids

    def nvmlInit(self) -> None:
        if not self.names:
            raise self.NVMLError

    def nvmlDeviceGetCount(self) -> int:
        return len(self.names)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetName(self, device: int) -> str:
        return self.names[device]

    def nvmlDeviceGetComputeRunningProcesses(self, device: int) -> list[Any]:
        return [SimpleNamespace(pid=pid) for pid in self.pids[device]]

    def nvmlDeviceGetUUID(self, device: int) -> str:
        return f"GPU-{device}{device}-aa"

    def nvmlDeviceGetMigMode(self, device: int) -> tuple[int, int]:
        raise self.NVMLError

    def nvmlDeviceGetUtilizationRates(self, device: int) -> Any:
        return SimpleNamespace(gpu=10 * (device + 1))

    def nvmlDeviceGetMemoryInfo(self, device: int) -> Any:
        return SimpleNamespace(used=12_300_000_000, total=80_000_000_000)


def gpu(monkeypatch: pytest.MonkeyPatch, driver: Driver, life: Started) -> Gpu | None:
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    gauges = Gauges()
    gauges.read(life)
    load = gauges.read(life)
    assert load is not None
    return load.gpu


def test_a_worker_on_this_machine_is_measured_from_the_second_look_on(monkeypatch: pytest.MonkeyPatch) -> None:
    used = iter([0.0, 187.0])  # percent of a core since the look before, as psutil counts it
    monkeypatch.setattr(psutil.Process, "cpu_percent", lambda self: next(used))
    gauges, life = Gauges(), started()
    assert gauges.read(life) is None
    load = gauges.read(life)
    assert load is not None
    assert load.cores == pytest.approx(1.87)
    assert load.of_cores == psutil.cpu_count()
    assert 1e6 < load.memory < psutil.virtual_memory().total
    assert 0 < load.machine_memory <= 1
    assert load.gpu is None


@pytest.mark.parametrize(
    "life",
    [
        None,
        started(host="elsewhere"),
        started(pid=2**22 + 1),
        started(time=time.time() - 1e6),  # its number is another process's by now
    ],
    ids=["not started", "another machine", "gone", "another process"],
)
def test_what_cannot_be_known_is_not_told(life: Started | None) -> None:
    gauges = Gauges()
    assert [gauges.read(life) for _ in range(3)] == [None] * 3


def test_the_gpu_is_the_one_that_the_worker_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver([H100, H100], [[7], [os.getpid()]])
    assert gpu(monkeypatch, driver, started(device=H100)) == Gpu(0.2, 12_300_000_000, 80_000_000_000)


@pytest.mark.parametrize(
    ("names", "busy"),
    [(["NVIDIA T4", H100], 0.2), ([H100, H100], None), (["NVIDIA T4"], None), ([], None)],
    ids=["one of that name", "two of that name", "none of that name", "no driver"],
)
def test_in_a_container_the_gpu_is_known_by_its_name_alone(
    monkeypatch: pytest.MonkeyPatch, names: list[str], busy: float | None
) -> None:
    found = gpu(monkeypatch, Driver(names, [[], []]), started(device=H100))
    assert (found and found.busy) == busy


def test_a_worker_on_the_cpu_asks_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)  # importing it would raise
    gauges, life = Gauges(), started(device="CPU, 2 threads")
    gauges.read(life)
    assert gauges.read(life).gpu is None


LOAD = Load(1.87, 2, 512_000_000, 0.61, Gpu(0.93, 12_300_000_000, 80_000_000_000))


@pytest.mark.parametrize(
    ("size", "told"),
    [
        ((160, 36), ("CPU ━", "187% of 2 cores", "GPU ━", "93%", "12.3 GB of 80.0 GB", "worker 512 MB, in use 61%")),
        ((120, 24), ("CPU 187%", "GPU 93% 12.3 GB", "512 MB")),
    ],
)
async def test_meters_are_shown_while_it_runs_and_go_when_it_ends(screen, worker, monkeypatch, size, told) -> None:
    monkeypatch.setattr(run_screen, "_GAUGED", 0.0)
    monkeypatch.setattr(Gauges, "read", lambda self, life: LOAD if life else None)
    one = worker().start().train(10, 60)
    async with screen.open(one.run, size) as pilot:
        await screen.until(pilot, "running", *told)
        one.finish(60)
        await screen.until(pilot, "finished", "Done")
        await eventually(pilot, lambda: "CPU ━" not in screen.text and "CPU 187%" not in screen.text)


async def test_of_a_worker_elsewhere_its_own_figure_of_memory_is_shown(screen, worker) -> None:
    one = worker().start(host="elsewhere").train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running", "300 MB")
        assert "CPU ━" not in screen.text
