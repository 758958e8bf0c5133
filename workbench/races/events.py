"""Events of a race of cells, one JSON object a line where they leave the process. No torch.

A number that is not finite is written as ``null``.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from tasks.base import Metrics, PlainError
from workbench.races.budget import Budget

Clock = Literal["CPU", "wall"]


class RaceError(PlainError):
    """A race cannot go on. The message is one plain sentence."""


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", omit_defaults=True):
    pass


class Contender(msgspec.Struct, frozen=True, kw_only=True):
    """A cell at the start of a race."""

    cell: str
    parameters: int
    kernel: str = ""  # computes the recurrence: "reference", "native", "torch"
    twin_of: str = ""  # the cell whose weights it starts from; empty: its own, drawn from the race's seed
    parity: float | None = None  # largest difference of the two networks' outputs on the first batch


class Begun(_Event, frozen=True, kw_only=True, tag="begun"):
    """The race begins."""

    task: str
    contenders: list[Contender]
    budget: Budget
    seed: int
    batch_size: int
    train_size: int
    starter: bool
    device: str  # "CPU, 2 threads"
    precision: str
    clock: Clock
    bound: float  # difference of two twins' losses at one step, above which their parity is lost
    notes: list[str] = []


class Turn(_Event, frozen=True, kw_only=True, tag="turn"):
    """A cell's block of steps. The blocks with one number are the cells' in turn, on the same batches."""

    block: int
    cell: str
    step: int  # made when it ends
    seconds: float  # of the race's clock
    wall_s: float
    examples: int
    losses: list[float | None]  # of the training, step by step


class Out(_Event, frozen=True, kw_only=True, tag="out"):
    """A cell leaves the race: one sentence says why."""

    cell: str
    message: str


class Evaluated(_Event, frozen=True, kw_only=True, tag="evaluated"):
    """A cell's metrics on the validation split, by its weights at the end."""

    cell: str
    metrics: Metrics


class Ended(_Event, frozen=True, kw_only=True, tag="ended"):
    """The race is over."""

    reason: str


Event = Begun | Turn | Out | Evaluated | Ended
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """Return an event as a line, with its line feed."""
    return msgspec.json.encode(event) + b"\n"


def decode(line: bytes) -> Event | None:
    """Return the event on a line; ``None`` where it holds none."""
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
