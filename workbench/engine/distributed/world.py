"""Processes that train one run, as one of them sees them: what they tell one another. Nothing is pickled.

Orders and states go by gloo, gradients by gloo on the CPU and by NCCL on GPUs.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from enum import IntEnum
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

from workbench.distributed.ending import note_others
from workbench.distributed.place import ConnectionLost, Place

_PATIENCE = timedelta(days=30)  # an evaluation of rank 0, for which the others wait
_STEP = timedelta(minutes=10)  # of GPUs that wait for one another's gradients
_LOOPBACK = ("lo", "lo0")
_BROKEN = ("gloo", "nccl", "connection closed by peer", "connection reset", "broken pipe")


class Command(IntEnum):
    """Order of rank 0 to the others."""

    STEP = 0  # train on a batch of an epoch
    SAVE = 1  # hand in what a checkpoint holds of each process
    END = 2


class Order(NamedTuple):
    """Command with the epoch and the batch that it is about."""

    command: Command
    epoch: int = 0
    batch: int = 0


class World:
    """Processes of one training. Every method is called by all of them, in the same order."""

    def __init__(self, place: Place | None = None) -> None:
        self.place = place or Place()
        self.rank, self.size = self.place.rank, self.place.size
        self.local_pids: list[int] = []  # of the processes on this machine
        self._gradients: Any = None
        if self.size > 1:
            with self.connected():
                self._join()

    @property
    def leads(self) -> bool:
        """True in rank 0."""
        return self.rank == 0

    def _join(self) -> None:
        note_others(self.size)
        place = self.place
        if place.port:
            loopback = [name for _, name in socket.if_nameindex() if name in _LOOPBACK]
            for variable in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME") if loopback else ():
                os.environ.setdefault(variable, loopback[0])  # they are on one machine: nobody else hears
            store = dist.TCPStore(  # type: ignore[attr-defined]
                "127.0.0.1",
                place.port,
                self.size,
                is_master=self.leads,
                timeout=_PATIENCE,
                wait_for_workers=False,
                master_listen_fd=place.listener if self.leads else None,
            )
            dist.init_process_group("gloo", store=store, rank=self.rank, world_size=self.size, timeout=_PATIENCE)
        else:
            dist.init_process_group("gloo", timeout=_PATIENCE)
        told = self.collect(f"{os.getpid()} {socket.gethostname()}".encode())
        pids = [words.decode().partition(" ") for words in told]
        self.local_pids = [int(pid) for pid, _, host in pids if host == socket.gethostname()]

    def group_for(self, device: torch.device) -> Any:
        """Return the process group in which the gradients on a device are averaged."""
        if device.type != "cuda":
            return dist.group.WORLD
        if self._gradients is None:
            self._gradients = dist.new_group(backend="nccl", timeout=_STEP)
        return self._gradients

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Run the block in rank 0, then in the others: what it puts into a cache is made once."""
        if self.leads:
            yield
        self.wait()
        if not self.leads:
            yield

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if self.size > 1:
            with self.connected():
                dist.barrier()

    def order(self, order: Order | None = None) -> Order:
        """Return rank 0's order in every process; it alone gives one."""
        given = torch.tensor(order or (0, 0, 0), dtype=torch.int64)
        if self.size > 1:
            with self.connected():
                dist.broadcast(given, 0)
        command, epoch, batch = given.tolist()
        return Order(Command(command), epoch, batch)

    def share(self, content: bytes = b"") -> bytes:
        """Return rank 0's content in every process."""
        return self.collect(content if self.leads else b"")[0] if self.size > 1 else content

    def collect(self, content: bytes) -> list[bytes]:
        """Return every process's content, in the order of their ranks."""
        if self.size == 1:
            return [content]
        with self.connected():
            sizes = torch.zeros(self.size, dtype=torch.int64)
            sizes[self.rank] = len(content)
            dist.all_reduce(sizes)
            padded = torch.zeros(max(1, int(sizes.max())), dtype=torch.uint8)
            padded[: len(content)] = torch.frombuffer(bytearray(content), dtype=torch.uint8) if content else padded[:0]
            parts = [torch.empty_like(padded) for _ in range(self.size)]
            dist.all_gather(parts, padded)
        return [bytes(part[:size].numpy()) for part, size in zip(parts, sizes.tolist(), strict=True)]

    def sum(self, value: Tensor) -> dist.Work | None:
        """Begin to add up a tensor over the processes, in place; its ``wait`` returns when that is done."""
        work: dist.Work | None = dist.all_reduce(value, group=self.group_for(value.device), async_op=True)
        return work

    def leave(self) -> None:
        """Part with the others: the training is over."""
        if self.size > 1 and dist.is_initialized():
            with suppress(RuntimeError):
                dist.destroy_process_group()

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Talk to the other processes within the block.

        Raises:
            ConnectionLost: one of them is gone.
        """
        try:
            yield
        except RuntimeError as error:
            text = str(error).lower()
            if isinstance(error, dist.DistError) or any(sign in text for sign in _BROKEN):
                raise ConnectionLost(
                    f"The connection to another of the {self.size} processes of this training was lost: one of them "
                    "ended, and the log says more. The run goes on from its last checkpoint when it is started again."
                ) from error
            raise


def shares(rows: Tensor, size: int) -> Sequence[Tensor]:
    """Return each process's rows of a batch: r, r+N, r+2N…; none, where there are fewer rows than processes."""
    return [rows[rank::size] for rank in range(size)]
