"""Count attempts and survivals by fault; a test goes on after an attempt that failed, and fails at its end."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

WHOLE = os.environ.get("WORKBENCH_CHAOS") == "whole"
SEED = int(os.environ.get("WORKBENCH_CHAOS_SEED", "13"))
_LONGEST = 1600  # characters told of a failed attempt
whole = pytest.mark.skipif(not WHOLE, reason="with `make chaos`")
PROPERTY = "chaos"  # the key under which a report carries an attempt


def amount(few: int, whole: int) -> int:
    """Number of attempts: ``few`` in the suite, ``whole`` with WORKBENCH_CHAOS=whole."""
    return whole if WHOLE else few


def some(every: list[Any], few: int) -> list[Any]:
    """All of ``every`` with WORKBENCH_CHAOS=whole, else ``few`` of them, always the same."""
    return every if WHOLE else random.Random(SEED).sample(every, min(few, len(every)))


class Tally:
    """Attempts of one test.

    Args:
        node: the test; its reports carry the attempts to whoever prints the table.
    """

    def __init__(self, node: pytest.Item) -> None:
        self._node = node
        self.failures: list[str] = []

    @contextmanager
    def attempt(self, fault: str, told: object = "") -> Iterator[None]:
        """Count the block as an attempt; an error in it is one that was not survived.

        Args:
            fault: a row of the table.
            told: what was tried, for the list of failures.
        """
        failure = ""
        try:
            yield
        except (Exception, pytest.fail.Exception) as error:
            if isinstance(error, subprocess.TimeoutExpired):
                failure = f"hung for {error.timeout:.0f} s"
            else:
                failure = f"{type(error).__name__}: {error}" if not isinstance(error, AssertionError) else str(error)
            failure = failure[:_LONGEST]
            self.failures.append(f"[{fault}] {told}\n{failure}")
        self._node.user_properties.append((PROPERTY, [fault, str(told), failure]))
        if listed := os.environ.get("WORKBENCH_CHAOS_LIST"):
            with Path(listed).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(json.dumps([fault, str(told), failure]) + "\n")


def table(attempts: list[tuple[str, str, str]]) -> str:
    """Attempts as the table fault | attempts | survived."""
    rows: dict[str, list[int]] = {}
    for fault, _, failure in attempts:
        row = rows.setdefault(fault, [0, 0])
        row[0] += 1
        row[1] += not failure
    total = [sum(row[k] for row in rows.values()) for k in (0, 1)]
    lines = [f"| {fault} | {tried} | {survived} |" for fault, (tried, survived) in sorted(rows.items())]
    head = ["| fault | attempts | survived |", "| --- | ---: | ---: |"]
    return "\n".join([*head, *lines, f"| **all** | **{total[0]}** | **{total[1]}** |"])
