"""GPU of a worker as NVML knows it: a whole one, or a MIG slice of one. Call it on a thread beside the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from workbench.runs.events import Started

_VISIBLE, _ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"


class Gpu(NamedTuple):
    """Utilisation and memory of the worker's GPU; bytes."""

    busy: float | None  # share of the time; None: not known, as of a MIG slice
    used: int
    total: int


class _Device(NamedTuple):
    """Device on which CUDA computes: a GPU, or where it is divided one of its MIG slices."""

    handle: Any
    name: str  # as torch names it: "NVIDIA H100 80GB HBM3 MIG 1g.10gb"
    uuids: tuple[str, ...]  # its own and its GPU's
    gpu: int  # NVML's index of its GPU


def gpu_of(started: Started, environment: Mapping[str, str]) -> object:
    """Return NVML's handle of the worker's GPU; ``None`` where it has none or nothing tells which.

    Args:
        environment: the worker's variables, of which ``CUDA_VISIBLE_DEVICES`` tells the GPU where NVML has other
            process ids, as inside a container.
    """
    if started.device.startswith("CPU"):
        return None
    import pynvml

    try:
        pynvml.nvmlInit()
        every = list(_devices())
        same_name = [device for device in every if device.name == started.device]
        for device in same_name:
            if any(one.pid == started.pid for one in pynvml.nvmlDeviceGetComputeRunningProcesses(device.handle)):
                return device.handle
    except (pynvml.NVMLError, OSError):
        return None
    of_one_kind = environment.get(_ORDER) == "PCI_BUS_ID" or len({device.name for device in every}) == 1
    entry = _visible_entry(environment.get(_VISIBLE, ""), str(started.settings.get("train.device", "")))
    visible = [device for device in same_name if _is_named(device, entry, by_number=of_one_kind)] if entry else []
    if visible:  # of a divided GPU, CUDA takes the first slice
        return visible[0].handle
    return same_name[0].handle if len(same_name) == 1 else None


def read_gpu(handle: object) -> Gpu | None:
    """Return a GPU's load; ``None`` without one, or where NVML does not tell it."""
    if handle is None:
        return None
    import pynvml

    busy = None
    with suppress(pynvml.NVMLError):  # a MIG slice has no utilisation of its own
        busy = pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    except pynvml.NVMLError:
        return None
    return Gpu(busy, int(memory.used), int(memory.total))


def _devices() -> Iterator[_Device]:
    """Yield the devices on which CUDA computes, in NVML's order.

    Raises:
        NVMLError: there is no driver.
    """
    import pynvml

    for number in range(pynvml.nvmlDeviceGetCount()):
        gpu = pynvml.nvmlDeviceGetHandleByIndex(number)
        uuid = _text(pynvml.nvmlDeviceGetUUID(gpu))
        slices = list(_slices(gpu))
        for handle in slices:
            uuids = (_text(pynvml.nvmlDeviceGetUUID(handle)), uuid)
            yield _Device(handle, _text(pynvml.nvmlDeviceGetName(handle)), uuids, number)
        if not slices:
            yield _Device(gpu, _text(pynvml.nvmlDeviceGetName(gpu)), (uuid,), number)


def _slices(gpu: Any) -> Iterator[Any]:
    """Yield the handles of a GPU's MIG slices; none where it is not divided."""
    import pynvml

    try:
        divided, _ = pynvml.nvmlDeviceGetMigMode(gpu)
        most = pynvml.nvmlDeviceGetMaxMigDeviceCount(gpu) if divided else 0
    except pynvml.NVMLError:  # a GPU without MIG
        return
    for place in range(most):
        with suppress(pynvml.NVMLError):  # nothing stands at this place
            yield pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, place)


def _visible_entry(visible: str, device: str) -> str:
    """Return the entry of ``CUDA_VISIBLE_DEVICES`` that a torch device names: the second one for ``cuda:1``."""
    entries = [entry.strip() for entry in visible.split(",")]
    number = device.partition(":")[2]
    place = int(number) if number.isdecimal() else 0
    return entries[place] if place < len(entries) else ""


def _is_named(device: _Device, entry: str, *, by_number: bool) -> bool:
    """Return whether an entry of ``CUDA_VISIBLE_DEVICES`` names a device: by the start of a UUID, or a GPU's number.

    Args:
        by_number: CUDA and NVML count the GPUs in the same order.
    """
    if entry.isdecimal():
        return by_number and device.gpu == int(entry)
    return any(uuid.startswith(entry) for uuid in device.uuids)


def _text(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name
