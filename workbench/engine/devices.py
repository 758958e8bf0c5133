"""Device, precision and threads of a process that computes, set before its first parallel operation."""

from __future__ import annotations

import ctypes
import os
import platform
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress

import psutil
import torch

from tasks.base import PlainError
from workbench.config.options import DEVICE_PATTERN
from workbench.config.threads import cores as cores
from workbench.config.threads import openmp_threads

# glibc's mallopt parameters (malloc.h): keep freed memory rather than give it back and take it again at each step
_MALLOPT = {-3: 1 << 30, -1: 2 << 30, -2: 64 << 20}  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD


class DeviceError(PlainError):
    """The requested device cannot be used here. The message is one plain sentence."""


def configure_process(threads: int = 0, processes: int = 1) -> int:
    """Set the allocator, denormal floats and the thread count of this process.

    Back-propagated gradients fall into denormal floats, on which CPUs are ten times slower.

    Args:
        threads: of torch's operations; 0: as many as ``OMP_NUM_THREADS`` says, else one for each core that this
            process may use.
        processes: those that train a run together on this machine, and share its cores.

    Returns:
        the thread count.
    """
    if platform.libc_ver()[0] == "glibc":
        with suppress(OSError, AttributeError):
            mallopt = ctypes.CDLL(None).mallopt
            for parameter, setting in _MALLOPT.items():
                mallopt(parameter, setting)
    torch.set_flush_denormal(True)
    threads = threads or openmp_threads() or max(1, cores() // processes)
    torch.set_num_threads(threads)
    return threads


def thread_note(threads: int, *, chosen: bool) -> list[str]:
    """Return a sentence where the processes of a training have more threads than this machine has cores.

    Args:
        threads: of all processes of the training that are on this machine.
        chosen: the number is that of ``train.threads``, else of ``OMP_NUM_THREADS``.
    """
    if threads <= cores():
        return []
    cure = "set train.threads=0" if chosen else "unset OMP_NUM_THREADS"
    return [f"{threads} threads share {cores()} cores, which is slower than a thread a core: {cure}."]


def choose_device(name: str, process: int = 0, processes: int = 1) -> torch.device:
    """Return the device for ``auto`` (CUDA where there is one), ``cpu``, ``cuda`` or ``cuda:1``.

    Args:
        process: number of this process among those that train a run together on this machine: on a GPU each has its
            own, the first of them the one that is named.

    Raises:
        DeviceError: there is no such device here, or there are fewer GPUs than processes.
    """
    if not re.fullmatch(DEVICE_PATTERN, name):
        raise DeviceError(f"There is no device {name!r}: use auto, cpu, cuda or cuda:1.")
    device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)
    if device.type == "cuda" and name != "auto":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            there = f"there are {count} GPUs here" if count else "torch sees no GPU here"
            raise DeviceError(f"Device {name} cannot be used: {there}. Use --device auto or cpu.")
    if device.type != "cuda" or processes == 1:
        return device
    first, count = device.index or 0, torch.cuda.device_count()
    if first + processes > count:
        here = "there is 1 GPU" if count == 1 else f"there are {count} GPUs"
        rest = f", of which cuda:{first} is to be the first" if first else ""
        raise DeviceError(
            f"{processes} processes need {processes} GPUs, and {here} here{rest}: lower train.processes, or train on "
            "the CPU (train.device=cpu)."
        )
    return torch.device("cuda", first + process)


def choose_precision(name: str, device: torch.device) -> torch.dtype | None:
    """Return the type of mixed-precision arithmetic; ``None``: everything in float32, or what was not measured yet.

    Raises:
        DeviceError: the device has no such arithmetic.
    """
    if name == "fp16" and device.type != "cuda":
        raise DeviceError("Precision fp16 needs a GPU: on the CPU take train.precision=bf16 or fp32.")
    if name in ("auto", "fastest") and device.type == "cuda":
        name = "bf16" if _has_bf16(device) else "fp16"
    return {"bf16": torch.bfloat16, "fp16": torch.float16}.get(name)


def use(device: torch.device) -> None:
    """Make a GPU the current one, so that nothing of this process settles on another.

    What cuDNN computes in float32 is as exact as torch's other products there, which do without TF32 by default.
    """
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)


def _has_bf16(device: torch.device) -> bool:
    """Return whether a GPU computes in bfloat16 by itself: emulated, it is slower than float16."""
    with nullcontext() if device.index is None else torch.cuda.device(device):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def available_device(name: str) -> torch.device:
    """Return a device by its name, or the one for ``auto`` where that one is not here."""
    try:
        return choose_device(name)
    except DeviceError:
        return choose_device("auto")


def available_precision(name: str, device: torch.device) -> torch.dtype | None:
    """Return the arithmetic for a precision's name; float32 (``None``) where the device lacks it."""
    try:
        return choose_precision(name, device)
    except DeviceError:
        return None


def autocast(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[object]:
    """Compute in mixed precision within the block; everything in float32 where ``dtype`` is ``None``."""
    return torch.autocast(device.type, dtype) if dtype else nullcontext()


def device_name(device: torch.device, threads: int, processes: int = 1) -> str:
    """Return the name of a training's device: ``NVIDIA H100 80GB HBM3``, ``CPU, 2 threads``, ``2 × CPU, 1 thread``."""
    times = f"{processes} × " if processes > 1 else ""
    if device.type == "cuda":
        return times + str(torch.cuda.get_device_name(device))
    return f"{times}CPU, {threads} thread{'s' * (threads != 1)}"


def memory_mb(device: torch.device, processes: Sequence[int] = ()) -> float:
    """Return the megabytes in use: reserved by torch on this process's GPU, else resident.

    Args:
        processes: ids of those that train together on this machine, whose memory is counted; none: this one alone.
    """
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device) / 1e6
    resident = 0
    for pid in processes or [os.getpid()]:
        with suppress(psutil.Error):
            resident += psutil.Process(pid).memory_info().rss
    return resident / 1e6
