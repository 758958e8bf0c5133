"""Start of every benchmark: tell the machine's other load, and end what was started also on a signal."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import psutil

from workbench.runs import store
from workbench.runs.folder import RunError
from workbench.runs.run import Run

_BUSY = 0.05  # share of a core from which a process is told


def ended_by_signals() -> None:
    """Turn SIGTERM and SIGHUP into the end of the program, so that what it started is ended with it; Ctrl-C does so."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell started it in its background


@contextmanager
def runs_folder() -> Iterator[str]:
    """A folder of runs for a while; those that still train at the end are ended, also where a signal was the end."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield folder
        finally:
            for run in store.listing(Path(folder)):
                end(run)


def end(run: Run, seconds: float = 30) -> None:
    """Stop a training and wait until it has ended; where it does not, kill it. Its folder may be removed then."""
    with suppress(RunError):
        run.request_stop()
    until = time.monotonic() + seconds
    while run.alive() and time.monotonic() < until:
        time.sleep(0.1)
    for process in psutil.process_iter():  # also a worker that has not come as far as its lock
        with suppress(psutil.Error):
            if process.cmdline()[-1:] == [str(run.path)]:
                process.kill()


def tell_load(seconds: float = 0.5) -> None:
    """Print the load and the processes that take more than a little of a core, on stderr."""
    others = {one: one.cpu_percent() for one in psutil.process_iter() if one.pid != os.getpid()}
    time.sleep(seconds)
    busy = []
    for process in others:
        with suppress(psutil.Error):
            share = process.cpu_percent() / 100
            if share >= _BUSY:
                busy.append((share, process.pid, process.name()))
    one, five, fifteen = os.getloadavg()
    print(f"Load {one:.1f} {five:.1f} {fifteen:.1f} on {psutil.cpu_count()} cores.", end=" ", file=sys.stderr)
    if busy:
        told = ", ".join(f"{name} ({pid}) {share:.0%}" for share, pid, name in sorted(busy, reverse=True)[:5])
        print(f"Others at work: {told}. Ratios and processor time hold; seconds may not.", file=sys.stderr)
    else:
        print("Nothing else is at work.", file=sys.stderr)
