"""Findings of a cluster's node: ``python -P -m workbench.executors.probe RUNS_FOLDER MARK`` prints them. No torch.

Each line is a ``Finding`` as JSON. MARK is a file in the runs folder that the asking side holds locked; its content
comes back in the first line.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

import workbench
from tasks.shared import files
from workbench.executors.contract import Finding

_TORCH_SECONDS = 180  # of the first import of torch on a slow file system
_TORCH = """
import torch
print(torch.__version__)
if torch.cuda.is_available():
    for number in range(torch.cuda.device_count()):
        print(torch.cuda.get_device_name(number))
"""


def findings(runs_folder: Path, mark: Path) -> Iterator[Finding]:
    """Yield what this machine finds: the runs folder, its locks, Python, torch, GPUs, memory for data."""
    yield _folder(runs_folder, mark)
    yield _locks(mark)
    yield Finding("Python", f"{platform.python_version()}, {sys.executable}", good=True)
    yield Finding("workbench", workbench.__version__, good=True)
    lines = _torch()
    yield Finding("torch", lines[0], good=not lines[0].startswith("cannot"))
    gpus = lines[1:]
    yield Finding("GPU", ", ".join(gpus) if gpus else "none: trainings run on the CPU", good=True)


def _folder(runs_folder: Path, mark: Path) -> Finding:
    try:
        seen = mark.read_text()
        beside = runs_folder / f"{mark.name}.{os.getpid()}{files.TEMPORARY}"
        beside.write_text(seen)
        beside.unlink()
    except OSError as error:
        return Finding("runs folder", f"{error.filename}: {error.strerror}", good=False)
    free = shutil.disk_usage(runs_folder).free / 1e9
    return Finding("runs folder", f"{runs_folder} is read and written, {free:.0f} GB free", good=True)


def _locks(mark: Path) -> Finding:
    """Return whether a lock that the asking side holds is seen here."""
    try:
        with mark.open("rb") as file:
            if files.lock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB):
                return Finding(
                    "locks", "one machine's are not seen on another: job.json tells who has a run", good=True
                )
            return Finding("locks", "the file system has none: a worker's heartbeat tells that it lives", good=True)
    except BlockingIOError:
        return Finding("locks", "of one machine are seen on another", good=True)
    except OSError as error:
        return Finding("locks", f"{mark}: {error.strerror}", good=False)


def _torch() -> list[str]:
    """Return torch's version and the names of the GPUs on which it computes here, found in a process of its own."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _TORCH], capture_output=True, text=True, timeout=_TORCH_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"cannot be imported: {error}"]
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return [f"cannot be imported: {lines[-1] if lines else f'exit code {done.returncode}'}"]
    return done.stdout.splitlines()


def main() -> int:
    """Print what is found, each as soon as it is; return the exit code."""
    if len(sys.argv) != 3:
        print("usage: python -P -m workbench.executors.probe RUNS_FOLDER MARK", file=sys.stderr)
        return 2
    for finding in findings(Path(sys.argv[1]), Path(sys.argv[2])):
        with suppress(BrokenPipeError):
            print(msgspec.json.encode(finding._asdict()).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
