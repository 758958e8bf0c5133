"""Device, precision and threads of a process that computes; statistics of its steps; sentences for its errors."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import torch
from engine.toy_runs import toy
from waiting import Clock

from workbench.engine import devices, step_statistics
from workbench.engine.devices import DeviceError
from workbench.engine.errors import explain
from workbench.engine.state import TrainingState
from workbench.engine.step_statistics import StepStatistics

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def test_devices_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.choose_device("auto") == devices.choose_device("cpu") == CPU
    for wanted in ("cuda", "cuda:1"):
        with pytest.raises(DeviceError) as caught:
            devices.choose_device(wanted)
        assert str(caught.value) == (
            f"Device {wanted} cannot be used: torch sees no GPU here. Use --device auto or cpu."
        )


@pytest.mark.parametrize("name", ["", "gpu", "cuda:x", "cuda:1\n", "meta"])
def test_a_device_that_no_machine_has_is_refused(name: str) -> None:
    with pytest.raises(DeviceError) as caught:
        devices.choose_device(name)
    assert str(caught.value) == f"There is no device {name!r}: use auto, cpu, cuda or cuda:1."


def test_what_is_not_here_is_replaced_where_a_network_only_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.available_device("cuda:3") == CPU
    assert devices.available_precision("fp16", CPU) is None
    assert devices.available_precision("bf16", CPU) is torch.bfloat16


@pytest.mark.parametrize(
    ("variable", "threads", "expected"),
    [
        ("3", 0, 3),
        ("3,2", 0, 3),
        ("3", 2, 2),
        ("", 0, None),
        ("many", 0, None),
        ("0", 0, None),
        ("-2", 0, None),
        ("9999", 0, 1024),
    ],
)
def test_the_thread_count_follows_the_setting_then_openmp_then_the_cores(
    monkeypatch: pytest.MonkeyPatch, variable: str, threads: int, expected: int | None
) -> None:
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", variable)
    try:
        assert devices.configure_process(threads) == torch.get_num_threads() == (expected or devices.cores())
    finally:
        torch.set_num_threads(before)


def test_more_threads_than_cores_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cores", lambda: 2)
    assert devices.thread_note(2, chosen=True) == []
    assert [devices.thread_note(99, chosen=chosen) for chosen in (True, False)] == [
        ["99 threads share 2 cores, which is slower than a thread a core: set train.threads=0."],
        ["99 threads share 2 cores, which is slower than a thread a core: unset OMP_NUM_THREADS."],
    ]


def test_devices_with_two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert devices.choose_device("auto") == CUDA
    assert devices.choose_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(DeviceError, match="there are 2 GPUs here"):
        devices.choose_device("cuda:2")


def test_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    assert devices.choose_precision("auto", CPU) is None
    assert devices.choose_precision("bf16", CPU) is torch.bfloat16
    with pytest.raises(DeviceError, match="fp16 needs a GPU"):
        devices.choose_precision("fp16", CPU)
    for has_it, chosen in ((True, torch.bfloat16), (False, torch.float16)):

        def supported(including_emulation: bool, has_it: bool = has_it) -> bool:
            return has_it or including_emulation

        monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
        assert devices.choose_precision("auto", CUDA) is chosen
        assert devices.choose_precision("fp32", CUDA) is None
        assert devices.choose_precision("fp16", CUDA) is torch.float16


def test_threads_and_denormals(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    try:
        assert devices.configure_process(3) == torch.get_num_threads() == 3
        assert devices.configure_process() == devices.cores() <= (os.cpu_count() or 1)
        assert float(torch.tensor(1e-38) * 1e-3) == 0  # a denormal, flushed
        assert devices.device_name(CPU, 1) == "CPU, 1 thread"
        assert devices.device_name(CPU, 2) == "CPU, 2 threads"
    finally:
        torch.set_num_threads(before)


def test_step_statistics_are_those_since_the_last_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(step_statistics, "time", clock)
    statistics = StepStatistics(CPU)
    assert statistics.seconds_for(5) is None
    for loss, norm in ((1.0, 0.1), (2.0, 0.7), (6.0, 0.3)):
        statistics.add(torch.tensor(loss), torch.tensor(norm), 10)
    clock.sleep(0.24)
    assert not statistics.due
    clock.sleep(0.01)
    assert statistics.due
    loss, norm, speed, *_ = statistics.summarize()
    assert (loss, norm) == (3.0, pytest.approx(0.7))
    assert speed == pytest.approx(30 / 0.25)
    assert not statistics.due
    assert (statistics.steps, statistics.reported_steps) == (0, 3)
    clock.sleep(0.5)
    assert statistics.elapsed == pytest.approx(0.75)
    assert statistics.seconds_for(6) == pytest.approx(1.5)
    statistics.add(torch.tensor(4.0), torch.tensor(float("nan")), 10)
    loss, norm, *_ = statistics.summarize()
    assert loss == 4.0
    assert norm != norm


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "is full (step 7): free some space, then `workbench resume"),
        (OSError(errno.EFBIG, "File too large"), "is full (step 7)"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "is full for you, by your quota, (step 7): free some space"),
        (torch.OutOfMemoryError("CUDA out of memory."), "The GPU ran out of memory at step 7"),
        (MemoryError(), "This machine ran out of memory at step 7"),
        (RuntimeError("DefaultCPUAllocator: not enough memory"), "This machine ran out of memory at step 7"),
        (RuntimeError("could not create a primitive descriptor for the LSTM"), "This CPU cannot compute rnn in auto"),
        (ZeroDivisionError("division by zero\nsecond line"), "by a defect (division by zero): the traceback is in"),
        (AssertionError(), "by a defect (AssertionError): the traceback is in"),
    ],
)
def test_an_error_is_one_sentence(runs_folder: Path, error: Exception, said: str) -> None:
    state = TrainingState(step=7)
    state.activity = "training"
    sentence = explain(error, toy(runs_folder, {"cell.hidden": 9}), state)
    assert said in sentence
    assert "\n" not in sentence
    if "memory" in said:
        assert "--batch-size (it is 16)" in sentence
        assert "--hidden (it is 9)" in sentence
