"""A real Slurm on this machine: whether it answers, its jobs hurried on, its nodes and controller put down.

``WORKBENCH_CLUSTERS=whole`` (``make clusters``) tries every fault; without it one run is trained.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WHOLE = os.environ.get("WORKBENCH_CLUSTERS") == "whole"
whole = pytest.mark.skipif(not WHOLE, reason="WORKBENCH_CLUSTERS=whole (`make clusters`) tries the faults of clusters")


def said(*words: str) -> str:
    """Return the output of a command of Slurm's, which must succeed."""
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


def why_not() -> str:
    """Return why no real Slurm can be used here; empty where one answers and has a node that is up."""
    try:
        up = subprocess.run(["sinfo", "-h", "-o", "%t"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return "no Slurm answers here"
    return "" if {"idle", "mix", "alloc"} & {*up.split()} else "no node of Slurm's is up"


@contextmanager
def hurried() -> Iterator[None]:
    """Let requeued jobs start at once: Slurm has them wait for two minutes."""
    over = threading.Event()

    def hurry() -> None:
        while not over.wait(1.0):
            listed = subprocess.run(["squeue", "-h", "-t", "PD", "-o", "%A %r"], capture_output=True, text=True)
            for line in listed.stdout.splitlines():
                job, _, reason = line.partition(" ")
                if reason == "BeginTime":
                    subprocess.run(["scontrol", "update", f"JobId={job}", "StartTime=now"], capture_output=True)

    thread = threading.Thread(target=hurry, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def node_down(name: str) -> Iterator[None]:
    """Set a node down, and up again."""
    said("scontrol", "update", f"NodeName={name}", "State=DOWN", "Reason=test")
    try:
        yield
    finally:
        resume = ["scontrol", "update", f"NodeName={name}", "State=RESUME"]
        subprocess.run(resume, capture_output=True)  # fails where it came back by itself (ReturnToService)


@contextmanager
def nothing_starts(partition: str = "debug") -> Iterator[None]:
    """Close the partition: jobs wait in it."""
    said("scontrol", "update", f"PartitionName={partition}", "State=DOWN")
    try:
        yield
    finally:
        said("scontrol", "update", f"PartitionName={partition}", "State=UP")


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Mount a small file system on a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
