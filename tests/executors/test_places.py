"""Places for workers: how many, with how many threads, on which GPU; memory is looked at before a second one comes."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from nvml_driver import H100, HALF, SLICE, TOTAL, Driver
from runs import event_makers
from studies.made_studies import append

from workbench.config import spec
from workbench.config.spec import RunSpec
from workbench.executors import gpus, local, places
from workbench.executors.local import Gpu
from workbench.executors.places import Place, Places, room
from workbench.runs.run import Run

GB = 10**9


def described(*, device: str = "cpu", threads: int = 0, processes: int = 1) -> RunSpec:
    made = spec.make("toy", "rnn", {"train.device": device, "train.threads": threads})
    if processes == 1:
        return made
    train = {name: getattr(made.train, name) for name in made.train.__struct_fields__} | {"processes": processes}
    return SimpleNamespace(train=SimpleNamespace(**train))  # type: ignore[return-value]


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "cores", lambda: 4)
    monkeypatch.setattr(places, "PATIENCE", 0.0)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


def filled(at: Places, spec: RunSpec, folder: Path) -> list[Place]:
    """Take places until there is none."""
    taken: list[Place] = []
    while place := at.take(spec):
        at.hold(Run(folder / f"run-{len(taken)}"), place)
        taken.append(place)
    return taken


@pytest.mark.parametrize(
    ("cores", "runs", "jobs", "threads", "each", "count"),
    [
        (4, 12, 0, 0, 1, 4),
        (4, 2, 0, 0, 2, 2),
        (4, 12, 2, 0, 2, 2),
        (4, 12, 9, 0, 1, 9),
        (4, 12, 0, 2, 2, 2),
        (4, 12, 0, 3, 4, 1),  # the run's own number counts: one of 3 threads at once
        (4, 12, 0, 9, 4, 1),
        (1, 12, 0, 0, 1, 1),
        (4, 0, 0, 0, 4, 1),
    ],
)
def test_threads_on_the_cpu_do_not_exceed_the_cores(
    monkeypatch, tmp_path: Path, cores: int, runs: int, jobs: int, threads: int, each: int, count: int
) -> None:
    monkeypatch.setattr(places, "cores", lambda: cores)
    one = described(threads=threads)
    found = filled(Places([one] * runs, jobs=jobs), one, tmp_path)
    assert [place.slot for place in found] == [local.Slot("", each)] * count
    if not jobs:
        assert sum(threads or place.slot.threads for place in found) <= max(cores, threads)


def test_the_users_own_number_of_threads_is_kept(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    found = filled(Places([described()] * 6), described(), tmp_path)
    assert [place.slot for place in found] == [local.Slot("", 0)] * 2


@pytest.mark.parametrize(
    ("processes", "jobs", "found"),
    [(2, 0, [(1, 2), (1, 2)]), (3, 0, [(1, 3)]), (4, 0, [(1, 4)]), (9, 0, [(1, 4)]), (2, 1, [(2, 2)])],
)
def test_a_run_of_several_processes_takes_as_many_shares_of_the_cores(
    tmp_path: Path, processes: int, jobs: int, found: list[tuple[int, int]]
) -> None:
    one = described(processes=processes)
    taken = filled(Places([one] * 5, jobs=jobs), one, tmp_path)
    assert [(place.slot.threads, place.units) for place in taken] == found


def test_a_gpu_that_the_runs_name_themselves_has_one_worker(tmp_path: Path) -> None:
    specs = [described(device="cuda:1")] * 8
    found = filled(Places(specs), specs[0], tmp_path)
    assert [place.slot.device + place.slot.gpus for place in found] == [""]
    assert room(specs, gpus=0, per_gpu=2) == 2


class Machine:
    """GPUs of this machine, their memory, and the runs on them."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, *names: str | list[str | None]) -> None:
        self.folder, self.said = folder, []
        self.driver = Driver(*names, used=dict.fromkeys("01234567", 0))
        patch.setitem(sys.modules, "pynvml", self.driver)
        found = [Gpu(one.uuid, one.title, one, one.slice is None) for one in gpus.machine().devices]
        patch.setattr(local, "visible_gpus", lambda: found)
        self.spec = described(device="auto")

    def places(self, per_gpu: int = 1, **more: int) -> Places:
        return Places([self.spec] * 99, per_gpu=per_gpu, say=self.said.append, **more)

    def start(self, at: Places, number: int) -> str:
        """Start a run where there is a place; return its GPUs."""
        place = at.take(self.spec)
        if place is None:
            return "waits"
        at.hold(self.run(number), place)
        return place.slot.gpus

    def run(self, number: int) -> Run:
        path = self.folder / f"run-{number}"
        path.mkdir(exist_ok=True)
        return Run(path)

    def report(self, number: int, gigabytes: float) -> None:
        """Let a run have taken so much memory."""
        begun = msgspec.structs.replace(event_makers.started(), device=H100, time=9e9)
        told = msgspec.structs.replace(event_makers.step(1), memory_mb=gigabytes * 1000, time=9e9 + 1)
        append(self.run(number), begun, told)


def test_each_gpu_has_one_worker_that_sees_it_alone(tmp_path: Path, monkeypatch) -> None:
    here = Machine(tmp_path, monkeypatch, *[H100] * 8)
    at = here.places()
    assert [here.start(at, number) for number in range(9)] == [*(f"GPU-{n}e-ab" for n in range(8)), "waits"]
    at.release(here.run(5))
    assert here.start(at, 9) == "GPU-5e-ab"
    limited = here.places(jobs=2)
    assert [here.start(limited, number) for number in range(3)] == ["GPU-0e-ab", "GPU-1e-ab", "waits"]


def test_each_slice_has_a_worker_and_a_run_of_several_processes_takes_whole_gpus(tmp_path: Path, monkeypatch) -> None:
    here = Machine(tmp_path, monkeypatch, [SLICE, None, HALF], H100, H100)
    at = here.places()
    every = ["MIG-0f0-cd", "MIG-0f2-cd", "GPU-1e-ab", "GPU-2e-ab"]
    assert sorted(here.start(at, number) for number in range(4)) == sorted(every)
    at = here.places()
    here.spec = described(device="auto", processes=2)
    assert here.start(at, 0) == "GPU-1e-ab,GPU-2e-ab"
    assert here.start(at, 1) == "waits"
    here.spec = described(device="auto", processes=5)
    assert here.start(at := here.places(), 0) == "GPU-1e-ab,GPU-2e-ab"
    assert here.said == ["5 processes find 2 of this machine's GPUs."]


def test_a_second_worker_waits_for_the_firsts_report_and_for_room(tmp_path: Path, monkeypatch) -> None:
    here = Machine(tmp_path, monkeypatch, H100)
    at = here.places(per_gpu=3)
    assert [here.start(at, number) for number in range(2)] == ["GPU-0e-ab", "waits"]
    assert here.said == []
    here.report(0, 2.0)
    here.driver.used["0"] = TOTAL - 2 * GB
    assert [here.start(at, 1) for _ in range(3)] == ["waits"] * 3
    assert len(here.said) == 1  # once
    assert "GPU 0 has less than 2.8 GB free" in here.said[0]
    here.driver.used["0"] = TOTAL - 3 * GB
    assert here.start(at, 1) == "GPU-0e-ab"
    assert here.start(at, 2) == "waits"  # the second one has not reported
    here.report(1, 1.0)
    assert here.start(at, 2) == "GPU-0e-ab"
    here.report(2, 1.0)
    assert here.start(at, 3) == "waits"  # three at most


def test_what_a_run_reported_in_an_earlier_life_is_not_its_own(tmp_path: Path, monkeypatch) -> None:
    here = Machine(tmp_path, monkeypatch, H100)
    append(here.run(0), msgspec.structs.replace(event_makers.started(), device=H100), event_makers.step(1))
    at = here.places(per_gpu=2)
    assert [here.start(at, number) for number in range(2)] == ["GPU-0e-ab", "waits"]


def test_the_memory_of_runs_that_ended_is_known_from_the_beginning(tmp_path: Path, monkeypatch) -> None:
    here = Machine(tmp_path, monkeypatch, H100, H100)
    here.report(0, 6.0)
    at = here.places()
    at.learn([here.run(0)])
    here.driver.used["0"] = 4 * GB
    assert [here.start(at, number) for number in (1, 2)] == ["GPU-1e-ab", "waits"]
    assert len(here.said) == 1


def test_a_gpu_that_others_filled_is_used_last_or_where_nothing_else_can_be_waited_for(
    tmp_path: Path, monkeypatch
) -> None:
    here = Machine(tmp_path, monkeypatch, H100, H100, H100)
    here.driver.used.update({"0": TOTAL - GB, "1": 6 * GB})
    at = here.places()
    assert [here.start(at, number) for number in range(3)] == ["GPU-2e-ab", "GPU-1e-ab", "waits"]
    assert len(here.said) == 1
    assert "what a small run takes" in here.said[0]
    here.driver.used["0"] = 0
    assert here.start(at, 2) == "GPU-0e-ab"
    here.driver.used.update({"0": TOTAL, "1": TOTAL - GB, "2": TOTAL})
    at = here.places()
    assert [here.start(at, number) for number in range(2)] == ["GPU-1e-ab", "waits"]
    assert "begins on the freest all the same" in "".join(here.said)
    monkeypatch.setattr(places, "PATIENCE", 60.0)  # one may just have ended
    assert here.start(here.places(), 0) == "waits"


def test_memory_that_an_ended_run_still_holds_is_waited_for_however_long_others_filled_a_gpu(
    tmp_path: Path, monkeypatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(places, "PATIENCE", 15.0)
    monkeypatch.setattr(places.time, "monotonic", lambda: now)
    here = Machine(tmp_path, monkeypatch, H100, H100)
    here.driver.used["0"] = TOTAL
    at = here.places()
    assert [here.start(at, number) for number in range(2)] == ["GPU-1e-ab", "waits"]
    now += 3600
    here.driver.used["1"] = TOTAL - GB
    at.release(here.run(0))
    assert here.start(at, 1) == "waits"
    now += 16
    assert here.start(at, 1) == "GPU-1e-ab"


def test_a_gpu_whose_memory_nobody_tells_is_used(tmp_path: Path, monkeypatch) -> None:
    here = Machine(tmp_path, monkeypatch, H100)
    here.driver.lacking = ("nvmlDeviceGetMemoryInfo",)
    at = here.places(per_gpu=2)
    assert here.start(at, 0) == "GPU-0e-ab"
    here.report(0, 5.0)
    assert here.start(at, 1) == "GPU-0e-ab"


def test_gpus_known_by_number_alone_are_named_to_the_worker(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(local, "visible_gpus", lambda: [Gpu(f"cuda:{n}", f"cuda:{n}") for n in range(2)])
    one = described(device="auto")
    at = Places([one] * 3)
    assert [place.slot.device for place in filled(at, one, tmp_path)] == ["cuda:0", "cuda:1"]
    both = described(device="auto", processes=2)
    place = Places([both]).take(both)
    assert place is not None
    assert (place.slot.device, place.slot.gpus) == ("", "")


def test_the_cpus_runs_of_a_machine_with_gpus_are_given_no_gpu(tmp_path: Path, monkeypatch) -> None:
    here = Machine(tmp_path, monkeypatch, H100, H100)
    on_cpu = described()
    at = Places([on_cpu, here.spec])
    place = at.take(on_cpu)
    assert place is not None
    at.hold(here.run(0), place)
    assert (place.slot.gpus, here.start(at, 1)) == ("", "GPU-0e-ab")
