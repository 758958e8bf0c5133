"""Processes that hold a run's files open: the trainings that live, whoever started them."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from waiting import until


def holders(folder: Path) -> dict[int, set[str]]:
    """Processes, other than this one, with a lock or a log open below a folder, and the runs' names."""
    found: dict[int, set[str]] = {}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        with suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    file = Path(str(descriptor.readlink()).removesuffix(" (deleted)"))
                    if folder in file.parents and file.name in ("lock", "worker.log", "events.jsonl"):
                        found.setdefault(int(process.name), set()).add(file.parent.name)
    return found


def end_all(folder: Path) -> None:
    """Kill them, and wait until they are gone."""

    def gone() -> bool:
        for process in holders(folder):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return not holders(folder)

    until(gone, f"the trainings in {folder} end", seconds=30)
