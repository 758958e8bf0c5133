"""Place of a process among those that train one run. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tasks.base import PlainError


class ConnectionLost(PlainError):
    """Another process of the training is gone. The message is one plain sentence."""


class Place(NamedTuple):
    """Rank of a process among all, and among those on its machine. Rank 0 holds the run; the others follow it."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    port: int = 0  # at which rank 0 listens on this machine; 0: they meet where torchrun says
    listener: int = -1  # rank 0's descriptor of the socket that listens there

    @property
    def by_torchrun(self) -> bool:
        """True where torchrun started the processes, and not the worker."""
        return self.size > 1 and not self.port


def given(environment: Mapping[str, str]) -> Place | None:
    """Return the place that torchrun gave this process; ``None``: it was not started by it."""
    if not all(environment.get(name, "").isdecimal() for name in ("RANK", "WORLD_SIZE", "MASTER_PORT")):
        return None
    rank, size = int(environment["RANK"]), int(environment["WORLD_SIZE"])
    local_rank = environment.get("LOCAL_RANK", "")
    local_size = environment.get("LOCAL_WORLD_SIZE", "")
    return Place(
        rank,
        size,
        local_rank=int(local_rank) if local_rank.isdecimal() else rank,
        local_size=int(local_size) if local_size.isdecimal() else size,
    )
