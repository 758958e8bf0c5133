"""Place of a cell in a stack of layers and directions, as measurements name it. No torch."""

from __future__ import annotations

import msgspec


class CellPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Layer and direction of a cell."""

    layer: int  # from 0
    direction: int  # 0 forward, 1 backward

    @property
    def name(self) -> str:
        """Layer and direction in words: ``layer 1``, ``layer 2 backward``."""
        return f"layer {self.layer + 1}" + " backward" * self.direction

    @property
    def place(self) -> dict[str, object]:
        """Layer, from 1, and direction, as JSON and CSV tell them."""
        return {"layer": self.layer + 1, "direction": "backward" if self.direction else "forward"}
