"""GPUs of this machine by NVML, MIG slices too, and those of them that CUDA shows to a process. No torch.

``CUDA_VISIBLE_DEVICES`` is read as torch reads it: numbers, or beginnings of UUIDs, up to the first entry that names
nothing; a list that names one twice is empty. NVML counts by places on the bus, CUDA by default the fastest first.
Where Slurm does not set it, ``SLURM_STEP_GPUS`` or ``SLURM_JOB_GPUS`` names the job's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from workbench.runs.events import Started

VISIBLE, ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"
_OF_SLURM = ("SLURM_STEP_GPUS", "SLURM_JOB_GPUS")
_NUMBER = re.compile(r"\s*([+-]?[0-9]+)")
_UUIDS = ("GPU-", "MIG-")


class Device(NamedTuple):
    """Device on which CUDA computes: a GPU, or where it is divided one of its MIG slices."""

    handle: Any
    name: str  # as torch names it: "NVIDIA H100 80GB HBM3 MIG 1g.10gb"
    uuids: tuple[str, ...]  # its own and its GPU's
    gpu: int  # NVML's index of its GPU
    minor: int  # of its GPU's device file, as Slurm counts
    slice: int | None = None  # its place on its GPU

    @property
    def uuid(self) -> str:
        """Its own name in ``CUDA_VISIBLE_DEVICES``."""
        return self.uuids[0]

    @property
    def title(self) -> str:
        """Name for a person: ``GPU 1, slice 2``."""
        return f"GPU {self.gpu}" + (f", slice {self.slice}" if self.slice is not None else "")


class Machine(NamedTuple):
    """Devices that NVML lists, GPUs that it does not open, and why it lists none at all."""

    devices: Sequence[Device] = ()
    closed: Mapping[int, str] = {}  # by NVML's index: the reason
    problem: str = ""


class Visible(NamedTuple):
    """Devices that a process may use, those that it may not and why, and whether this is certain."""

    devices: Sequence[Device]
    hidden: Sequence[tuple[Device, str]] = ()
    certain: bool = True  # else numbers name them, and CUDA may count otherwise than NVML


class Memory(NamedTuple):
    """Memory of a device in bytes."""

    used: int
    total: int

    @property
    def free(self) -> int:
        return self.total - self.used


def machine() -> Machine:
    """Return what NVML lists; it is asked for the first time here, and stays open."""
    import pynvml

    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
    except (pynvml.NVMLError, AttributeError, OSError) as error:
        return Machine(problem=str(error))
    devices: list[Device] = []
    closed: dict[int, str] = {}
    for number in range(count):
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(number)
            devices += _devices(handle, number)
        except pynvml.NVMLError as error:  # of another job, or fallen off the bus
            closed[number] = str(error)
    return Machine(devices, closed)


def driver() -> str:
    """Return the NVIDIA driver's version; empty where there is none."""
    import pynvml

    try:
        pynvml.nvmlInit()
        return _text(pynvml.nvmlSystemGetDriverVersion())
    except (pynvml.NVMLError, AttributeError, OSError):
        return ""


def entries(value: str) -> list[str]:
    """Return the entries of a ``CUDA_VISIBLE_DEVICES`` that CUDA reads: numbers, or beginnings of UUIDs."""
    words = value.split(",")
    kind = next((kind for kind in _UUIDS if value.startswith(kind)), None)
    if kind:
        found = list(takewhile(lambda word: word.startswith(kind), words))
    else:
        numbers = (int(match[1]) if (match := _NUMBER.match(word)) else -1 for word in words)
        found = [str(number) for number in takewhile(lambda number: number >= 0, numbers)]
    return found if len({*found}) == len(found) else []


def visible(here: Machine, environment: Mapping[str, str]) -> Visible:
    """Return which of a machine's devices a process with these variables may use, all slices of a divided GPU."""
    value = environment.get(VISIBLE)
    if value is None:
        return _granted_by_slurm(here, environment)
    chosen: list[Device] = []
    for entry in entries(value):
        if entry.isdecimal() and not _counted_alike(here, environment):
            return Visible((), certain=False)
        found = _named(here.devices, entry)
        if any(device in chosen for device in found):
            chosen = []
            break
        if not found:
            break
        chosen += found
    return _parted(here, chosen, f"{VISIBLE}={value} does not name it")


def memory(handle: object) -> Memory | None:
    """Return a device's memory; ``None`` where NVML does not tell it."""
    found = _ask("nvmlDeviceGetMemoryInfo", handle)
    return Memory(int(found.used), int(found.total)) if found else None


def of_worker(started: Started, environment: Mapping[str, str]) -> Device | None:
    """Return the device of a worker; ``None`` where it has none or nothing tells which.

    Args:
        environment: the worker's variables, of which ``CUDA_VISIBLE_DEVICES`` tells the GPU where NVML has other
            process ids, as inside a container.
    """
    if started.device.startswith("CPU"):
        return None
    here = machine()
    same_name = [device for device in here.devices if device.name == started.device]
    for device in same_name:
        if any(one.pid == started.pid for one in _ask("nvmlDeviceGetComputeRunningProcesses", device.handle) or ()):
            return device
    entry = _visible_entry(environment.get(VISIBLE, ""), str(started.settings.get("train.device", "")))
    if entry and (not entry.isdecimal() or _counted_alike(here, environment)):
        of_entry = [device for device in same_name if device in _named(here.devices, entry)]
        if of_entry:  # of a divided GPU, CUDA takes the first slice
            return of_entry[0]
    return same_name[0] if len(same_name) == 1 else None


def _devices(gpu: Any, number: int) -> Iterator[Device]:
    """Yield a GPU, or its slices where it is divided.

    Raises:
        NVMLError: it is not to be read.
    """
    import pynvml

    uuid, name = _text(pynvml.nvmlDeviceGetUUID(gpu)), _text(pynvml.nvmlDeviceGetName(gpu))
    minor = _ask("nvmlDeviceGetMinorNumber", gpu)
    minor = number if minor is None else int(minor)
    divided = (_ask("nvmlDeviceGetMigMode", gpu) or (0,))[0]
    places = (_ask("nvmlDeviceGetMaxMigDeviceCount", gpu) or 0) if divided else 0
    slices = [(place, _ask("nvmlDeviceGetMigDeviceHandleByIndex", gpu, place)) for place in range(places)]
    slices = [(place, handle) for place, handle in slices if handle is not None]
    for place, handle in slices:
        own = _text(pynvml.nvmlDeviceGetUUID(handle))
        yield Device(handle, _text(pynvml.nvmlDeviceGetName(handle)), (own, uuid), number, minor, place)
    if not slices:
        yield Device(gpu, name, (uuid,), number, minor)


def _granted_by_slurm(here: Machine, environment: Mapping[str, str]) -> Visible:
    """Return the devices of a Slurm job whose GPUs CUDA is not told; where the job sees but its own, all of them."""
    granted = next((value for name in _OF_SLURM if (value := environment.get(name))), "")
    minors = {int(word) for word in granted.split(",") if word.strip().isdecimal()}
    own = [device for device in here.devices if device.minor in minors]
    if not own or len({device.gpu for device in here.devices}) <= len(minors):
        return Visible(here.devices)
    return _parted(here, own, f"Slurm gave this job the GPUs {granted}")


def _parted(here: Machine, chosen: list[Device], why: str) -> Visible:
    return Visible(chosen, [(device, why) for device in here.devices if device not in chosen])


def _counted_alike(here: Machine, environment: Mapping[str, str]) -> bool:
    """Return whether CUDA and NVML number the GPUs alike: by the bus, or as they are all of one kind."""
    if here.closed:
        return False
    return environment.get(ORDER) == "PCI_BUS_ID" or len({device.name for device in here.devices}) <= 1


def _named(devices: Sequence[Device], entry: str) -> list[Device]:
    """Return the devices that an entry names: of a GPU all its slices; none where it could be several GPUs."""
    if entry.isdecimal():
        return [device for device in devices if device.gpu == int(entry)]
    own = [device for device in devices if device.uuid.startswith(entry)]
    if own and own[0].slice is not None:
        return own if len(own) == 1 else []
    found = [device for device in devices if device.uuids[-1].startswith(entry)]
    return found if len({device.gpu for device in found}) == 1 else []


def _visible_entry(value: str, device: str) -> str:
    """Return the entry of ``CUDA_VISIBLE_DEVICES`` that a torch device names: the second one for ``cuda:1``."""
    found = entries(value)
    number = device.partition(":")[2]
    place = int(number) if number.isdecimal() else 0
    return found[place] if place < len(found) else ""


def _ask(function: str, *arguments: object) -> Any:
    """Call a function of NVML; ``None`` where this driver lacks it or does not answer."""
    import pynvml

    try:
        return getattr(pynvml, function)(*arguments)
    except (pynvml.NVMLError, AttributeError):
        return None


def _text(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name
