"""Report on this machine, this terminal, and the cells and tasks that are here."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import psutil

import cells
import tasks
import workbench
from cells._kernels.native import library
from tasks.base import DataError
from tasks.shared.datasets import cache, locations
from workbench.config.threads import cores, openmp_threads
from workbench.executors import gpus
from workbench.render.ascii import ascii_only
from workbench.render.console import wide_console
from workbench.runs.locations import root


class Finding(NamedTuple):
    """Examined subject, its state, and a warning where one is due."""

    subject: str
    state: str
    warning: str = ""


def examine(data: Path | None) -> list[Finding]:
    """Return all that ``workbench doctor`` prints."""
    return [
        Finding("workbench", f"{workbench.__version__}, Python {platform.python_version()}, {platform.platform()}"),
        *_compute(),
        *_terminal(),
        *_places(data),
        *_unreadable(),
        _logout(),
    ]


def _compute() -> list[Finding]:
    """Report on torch, threads, memory and GPUs; torch is imported only where there is a driver for it to use."""
    threads = openmp_threads() or cores()
    driver = gpus.driver()
    findings = [
        Finding("torch", metadata.version("torch")),
        Finding("threads", f"{threads} for {os.cpu_count()} logical cores"),
        Finding("memory", f"{psutil.virtual_memory().available / 1e9:.1f} GB free"),
    ]
    kernels = Finding("kernels", f"reference, torch; native: {library.describe()}")
    if driver:
        return [*findings, *_gpu(driver, threads), *_gpus(), kernels]
    cpu = Finding("device", f"CPU, {threads} thread{'s' * (threads != 1)}")
    return [*findings, cpu, Finding("GPU", "none: trainings run on the CPU"), kernels]


def _gpu(driver: str, threads: int) -> list[Finding]:
    import torch

    from workbench.engine import devices

    device = devices.choose_device("auto")
    named = Finding("device", devices.device_name(device, threads))
    if device.type == "cuda":
        bf16 = "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
        return [named, Finding("GPU", f"driver {driver}, {bf16}")]
    lacking = "A driver is here, but this torch cannot use it: install a CUDA build."
    return [named, Finding("GPU", f"driver {driver}", lacking)]


def _gpus() -> list[Finding]:
    """Report on each GPU and MIG slice that NVML lists: its memory, or why this process may not use it."""
    here = gpus.machine()
    seen = gpus.visible(here, os.environ)
    why = {device.uuid: reason for device, reason in seen.hidden}
    order = f"; {gpus.VISIBLE} does not tell whether it is visible: set {gpus.ORDER}=PCI_BUS_ID"
    findings = []
    for device in here.devices:
        free = gpus.memory(device.handle)
        memory = f"{free.free / 1e9:.1f} of {free.total / 1e9:.1f} GB free" if free else "its memory is not told"
        reason = f"; not visible: {why[device.uuid]}" if device.uuid in why else "" if seen.certain else order
        findings.append(Finding(device.title, f"{device.name}, {memory}{reason}"))
    return findings + [
        Finding(f"GPU {number}", f"cannot be opened: {reason}") for number, reason in here.closed.items()
    ]


def _terminal() -> list[Finding]:
    size = shutil.get_terminal_size()
    colours = wide_console().color_system or "none"
    encoding = (sys.stdout.encoding or "unknown").lower()
    small = "The laboratory shows one pane at a time below 80×24." if size.columns < 80 or size.lines < 24 else ""
    lacking = "Charts and Chinese need UTF-8: set LANG=C.UTF-8." if ascii_only() else ""
    multiplexer = "tmux" if os.environ.get("TMUX") else "screen" if os.environ.get("STY") else ""
    inside = f", inside {multiplexer}" if multiplexer else ""
    return [
        Finding("terminal", f"{size.columns}×{size.lines}, {os.environ.get('TERM', 'no TERM')}{inside}", small),
        Finding("colours", colours),
        Finding("encoding", encoding, lacking),
    ]


def _places(data: Path | None) -> list[Finding]:
    folder = root()
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(existing).free / 1e9
    readonly = "" if os.access(existing, os.W_OK) else "It cannot be written: name another folder with --runs."
    findings = [
        Finding("runs", f"{folder}, {free:.0f} GB free", readonly),
        Finding("cache", str(cache.cache_folder())),
    ]
    return [*findings, *(_data(task, data) for task in tasks.available() if tasks.settings(task).files)]


def _data(task: str, folder: Path | None) -> Finding:
    settings = tasks.settings(task)
    if settings.own_data_only:
        names = " or ".join(f"task.{name}" for name in settings.own_data_names())
        return Finding(f"data: {task}", f"your own, named with {names}; without it the starter set")
    try:
        source = locations.find(task, folder)
    except DataError as error:
        return Finding(f"data: {task}", "incomplete", str(error))
    return Finding(f"data: {task}", str(source.folder) if source else "not downloaded yet")


def _unreadable() -> list[Finding]:
    """Return the cells, tasks and folders of the user's that cannot be read, with the reason."""
    return [
        Finding(f"{kind}: {name}", sentence)
        for kind, problems in (("cell", cells.unreadable()), ("task", tasks.unreadable()))
        for name, sentence in problems.items()
    ]


def _logout() -> Finding:
    """Report whether logind kills a user's processes at logout (``KillUserProcesses=yes``), detached trainings too."""
    files = [Path("/etc/systemd/logind.conf"), *sorted(Path("/etc/systemd/logind.conf.d").glob("*.conf"))]
    kills = False
    for file in files:
        if file.is_file():
            for line in file.read_text(errors="replace").splitlines():
                name, _, value = line.partition("=")
                if name.strip() == "KillUserProcesses":
                    kills = value.strip().lower() in ("yes", "true", "1", "on")
    if kills:
        return Finding(
            "logout",
            "ends detached trainings",
            "Allow them to stay: `loginctl enable-linger` (logind kills them else).",
        )
    return Finding("logout", "leaves detached trainings running")
