"""GPUs that a process may use: CUDA_VISIBLE_DEVICES as torch reads it, MIG slices, Slurm's view, closed GPUs."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nvml_driver import H100, HALF, SLICE, Driver
from torch import cuda

from workbench.cli import doctor
from workbench.executors import gpus, local
from workbench.executors.gpus import Machine, Visible

EIGHT = (H100,) * 8
DIVIDED = [None, SLICE, SLICE, HALF]


def seen(driver: Driver, **environment: str) -> Visible:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pynvml", driver)
        return gpus.visible(gpus.machine(), environment)


def handles(found: Visible) -> str:
    return " ".join(str(device.handle) for device in found.devices)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("3,1", "3 1"),
        (" 2 , 0", "2 0"),
        ("", ""),
        ("-1", ""),
        ("0,-1,2", "0"),
        ("0,9,2", "0"),  # there are eight
        ("1,1", ""),
        ("NoDevFiles", ""),  # of a Slurm job without GPUs
        ("1gpu,2", "1 2"),
        ("GPU-3e", "3"),
        ("GPU-3e-ab,GPU-1e", "3 1"),
        ("GPU-", ""),  # all of them begin so
        ("GPU-3e,GPU-zz,GPU-1e", "3"),
        ("GPU-3e,GPU-3e-ab", ""),
        ("GPU-3e,0", "3"),
        ("0,GPU-3e", "0"),
    ],
)
def test_the_list_of_visible_devices(value: str, found: str) -> None:
    told = seen(Driver(*EIGHT), CUDA_VISIBLE_DEVICES=value)
    assert handles(told) == found
    assert len(told.devices) + len(told.hidden) == 8
    assert all(f"={value} does not name it" in why for _, why in told.hidden)


UUIDS = [f"GPU-{start}{end}" for start in ("a1", "a2", "b1") for end in ("0", "1")]
WORDS = st.one_of(
    st.integers(-2, 9).map(str),
    st.sampled_from([*UUIDS, "GPU-a", "GPU-a1", "GPU-b", "GPU-", "", " 1", "2x", "x", "GPU-zz"]),
)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=5).map(",".join))
def test_every_list_is_read_as_torch_reads_it(value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", value)
        parsed = cuda._parse_visible_devices()
    if parsed and isinstance(parsed[0], str):
        expected = cuda._transform_uuid_to_ordinals(parsed, UUIDS)
    else:
        expected = []
        for number in parsed:
            if number >= len(UUIDS):
                break
            expected.append(number)
    here = Machine([gpus.Device(None, H100, (uuid,), number, number) for number, uuid in enumerate(UUIDS)])
    assert [device.gpu for device in gpus.visible(here, {"CUDA_VISIBLE_DEVICES": value}).devices] == expected


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, "0/1 0/2 0/3 1"),
        ({"CUDA_VISIBLE_DEVICES": "MIG-0f3"}, "0/3"),
        ({"CUDA_VISIBLE_DEVICES": "MIG-0f3-cd,MIG-0f1-cd"}, "0/3 0/1"),
        ({"CUDA_VISIBLE_DEVICES": "MIG-0f"}, ""),  # several begin so
        ({"CUDA_VISIBLE_DEVICES": "GPU-0e"}, "0/1 0/2 0/3"),
        ({"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, "0/1 0/2 0/3"),
    ],
)
def test_slices_of_a_divided_gpu_are_devices_of_their_own(environment: dict[str, str], found: str) -> None:
    told = seen(Driver(DIVIDED, H100), **environment)
    assert handles(told) == found
    assert told.certain


@pytest.mark.parametrize("closed", [(), (1,)])
def test_numbers_tell_nothing_where_cuda_counts_otherwise(closed: tuple[int, ...]) -> None:
    mixed = Driver("NVIDIA T4", H100, H100, closed=closed)
    told = seen(mixed, CUDA_VISIBLE_DEVICES="1")
    assert (told.certain, list(told.devices)) == (False, [])
    ordered = seen(mixed, CUDA_VISIBLE_DEVICES="2", CUDA_DEVICE_ORDER="PCI_BUS_ID")
    assert ordered.certain == (not closed)
    assert handles(seen(mixed, CUDA_VISIBLE_DEVICES="GPU-2e")) == "2"


@pytest.mark.parametrize(
    ("driver", "environment", "found"),
    [
        (Driver(*EIGHT), {"SLURM_JOB_GPUS": "2,5"}, "2 5"),
        (Driver(*EIGHT), {"SLURM_JOB_GPUS": "2,5", "SLURM_STEP_GPUS": "5"}, "5"),
        (Driver(*EIGHT), {"SLURM_JOB_GPUS": "2,5", "CUDA_VISIBLE_DEVICES": "1"}, "1"),
        (Driver(H100, H100), {"SLURM_JOB_GPUS": "6,7"}, "0 1"),  # its cgroup shows the job's alone
        (Driver(H100, H100, minors=(5, 4)), {"SLURM_JOB_GPUS": "4"}, "1"),
    ],
)
def test_a_job_of_slurm_uses_the_gpus_that_it_was_given(driver: Driver, environment: dict, found: str) -> None:
    assert handles(seen(driver, **environment)) == found


def test_a_driver_that_lacks_functions_or_closes_gpus_is_read_as_far_as_it_goes(monkeypatch) -> None:
    lacking = ("nvmlDeviceGetMigMode", "nvmlDeviceGetMinorNumber", "nvmlDeviceGetMemoryInfo")
    monkeypatch.setitem(sys.modules, "pynvml", Driver(H100, H100, H100, closed=(1,), lacking=lacking))
    here = gpus.machine()
    assert [device.title for device in here.devices] == ["GPU 0", "GPU 2"]
    assert here.closed == {1: "Insufficient Permissions"}
    assert gpus.memory("0") is None
    monkeypatch.setitem(sys.modules, "pynvml", Driver(lacking=("nvmlDeviceGetCount",)))
    assert gpus.machine().problem


def test_doctor_lists_every_gpu_and_why_one_is_not_visible(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Driver(DIVIDED, H100, H100, closed=(2,), used={"1": 0}))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-0f2")
    told = {found.subject: found.state for found in doctor._gpus()}
    assert list(told) == ["GPU 0, slice 1", "GPU 0, slice 2", "GPU 0, slice 3", "GPU 1", "GPU 2"]
    assert told["GPU 0, slice 2"] == f"{SLICE}, 7.5 of 10.0 GB free"
    assert told["GPU 1"] == f"{H100}, 10.0 of 10.0 GB free; not visible: CUDA_VISIBLE_DEVICES=MIG-0f2 does not name it"
    assert told["GPU 2"] == "cannot be opened: Insufficient Permissions"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert "CUDA_DEVICE_ORDER=PCI_BUS_ID" in doctor._gpus()[0].state


@pytest.mark.parametrize(
    ("count", "visible", "names"),
    [
        (8, "3,1", ["GPU-3e-ab", "GPU-1e-ab"]),
        (0, "3,1", []),  # a torch for the CPU
        (2, "", ["cuda:0", "cuda:1"]),  # torch knows better
    ],
)
def test_torch_has_the_last_word(monkeypatch, tmp_path, count: int, visible: str, names: list[str]) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Driver(*EIGHT))
    monkeypatch.setattr(local, "Path", lambda _: tmp_path)
    monkeypatch.setattr(local, "_counted_by_torch", lambda: count)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert local.visible_gpus() == []  # no device of an NVIDIA driver: torch is not asked
    (tmp_path / "nvidia0").touch()
    assert [gpu.name for gpu in local.visible_gpus()] == names
    (tmp_path / "kfd").touch()  # AMD's
    assert [gpu.name for gpu in local.visible_gpus()] == [f"cuda:{number}" for number in range(count)]
