"""Number of threads that a process computes with. No torch."""

from __future__ import annotations

import os

import psutil

from workbench.config.options import MOST_THREADS


def cores() -> int:
    """Return the number of cores that this process may use: the physical ones, where it is known."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, psutil.cpu_count(logical=False) or allowed)


def openmp_threads() -> int:
    """Return the first number in ``OMP_NUM_THREADS`` (a list is one a nesting level); 0 where there is none."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return min(int(first), MOST_THREADS) if first.isascii() and first.isdigit() else 0
