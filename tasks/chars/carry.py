"""State of the recurrence carried on from a training batch to the next.

Shapes: B batch, L layers.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from tasks.base import RecurrentState

_ROWS = "rows"


class CarriedState:
    """Last state of a training batch, for the batch whose every chunk comes after that of the same row."""

    def __init__(self) -> None:
        self._rows: Tensor | None = None  # (B,) on the CPU
        self._state: RecurrentState = None  # a NamedTuple of (L,B, …), without its graph

    def before(self, rows: Tensor) -> RecurrentState:
        """Return the state before a batch of chunks (B,); ``None`` where they do not continue those before."""
        if self._rows is None or len(self._rows) != len(rows) or not torch.equal(self._rows + 1, rows.cpu()):
            return None
        return self._state

    def keep(self, rows: Tensor, state: RecurrentState) -> None:
        """Keep the state after a batch of chunks (B,): the gradient ends here."""
        self._rows = rows.cpu()
        self._state = type(state)(*(part.detach() for part in state))

    def tensors(self) -> dict[str, Tensor]:
        """Return all of it by name; nothing before the first batch."""
        if self._rows is None:
            return {}
        return {_ROWS: self._rows, **{f"state.{name}": part for name, part in self._state._asdict().items()}}

    @staticmethod
    def joined(shares: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Return the tensors of a batch whose rows r, r+N, r+2N… have those of ``shares[r]``."""
        parts = [share for share in shares if share]
        if not parts:
            return {}
        size = sum(len(part[_ROWS]) for part in parts)
        order = torch.cat([torch.arange(r, size, len(shares)) for r in range(len(parts))]).argsort()  # (B,)
        return {
            name: torch.cat([part[name].to(first.device) for part in parts], dim).index_select(
                dim, order.to(first.device)
            )
            for name, first in parts[0].items()
            for dim in [_dim(name)]
        }

    @staticmethod
    def share(tensors: Mapping[str, Tensor], process: int, processes: int) -> dict[str, Tensor]:
        """Return the tensors of the batch's rows r, r+N, r+2N…; none where there are no such rows."""
        if not tensors or process >= len(tensors[_ROWS]):
            return {}
        return {
            name: part[process::processes] if _dim(name) == 0 else part[:, process::processes].contiguous()
            for name, part in tensors.items()
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take what ``tensors`` returned.

        Raises:
            ValueError, TypeError, AttributeError: it is no such state.
        """
        if not tensors:
            self._rows = self._state = None
            return
        rows = tensors[_ROWS].cpu()
        named = {name.removeprefix("state."): part for name, part in tensors.items() if name != _ROWS}
        if rows.ndim != 1 or any(part.ndim < 2 or part.shape[1] != len(rows) for part in named.values()):
            raise ValueError("The carried state is none of this batch.")
        self._rows, self._state = rows, namedtuple("State", named)(**named)


def _dim(name: str) -> int:
    """Return the dimension of a tensor that counts the batch's rows."""
    return 0 if name == _ROWS else 1
