"""Events of a race, written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.races.budget import Budget
from workbench.races.events import Begun, Contender, Ended, Evaluated, Event, Turn


def begun(*cells: str, twins: bool = True, **more: Any) -> Begun:
    """The start of a race; each cell but the first is the first one's twin, unless ``twins`` is false."""
    facts: dict[str, Any] = {
        "task": "names",
        "budget": Budget(steps=40),
        "seed": 0,
        "batch_size": 16,
        "train_size": 192,
        "starter": True,
        "device": "CPU, 1 thread",
        "precision": "float32",
        "clock": "CPU",
        "bound": 1e-4,
    }
    contenders = [
        Contender(cell=cell, parameters=443, twin_of=cells[0] if at and twins else "", parity=1e-7 if at else None)
        for at, cell in enumerate(cells)
    ]
    return Begun(contenders=contenders, **facts | more)


def turn(
    cell: str, block: int, losses: Sequence[float | None], seconds: float = 1.0, before: int | None = None
) -> Turn:
    """A block of steps with ten examples each, the blocks before it as long."""
    step = (block * len(losses) if before is None else before) + len(losses)
    return Turn(
        block=block,
        cell=cell,
        step=step,
        seconds=seconds,
        wall_s=2 * seconds,
        examples=10 * len(losses),
        losses=[*losses],
    )


def whole(cells: Sequence[str] = ("lstm", "torch-lstm"), apart: float = 2e-7) -> list[Event]:
    """A race of four blocks of ten steps, the second cell twice as fast and its losses ``apart``."""
    events: list[Event] = [begun(*cells)]
    for block in range(4):
        losses = [3.0 / (1 + block * 10 + at) + 0.5 for at in range(10)]
        events += [
            turn(cell, block, [loss + at * apart for loss in losses], 1.0 / (1 + at)) for at, cell in enumerate(cells)
        ]
    events += [
        Evaluated(cell=cell, metrics={"loss": 0.51, "accuracy": 0.8125, "macro_f1": 0.5, "weighted_f1": 0.75})
        for cell in cells
    ]
    return [*events, Ended(reason="all steps done")]
