"""Recurrent: a cell × layers × directions × lengths.

Shapes: B batch, T time, I input size, H hidden size, O output size, D directions, L layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cells._base import AnyCell, Cell
from cells._kernels import KERNELS
from cells._kernels.choice import Choice, choose
from cells._kernels.transforms import watched
from cells._packing import Steps, both_directions
from cells._trace import Trace


class Recurrent(nn.Module):
    """Cells stacked in layers, read in one direction or both, on sequences of any lengths.

    ``cells[layer * D + direction]`` is one layer in one direction, as in ``torch.nn``.

    Args:
        kind: the cell's class.
        input_size: I.
        hidden_size: H.
        layers: L.
        bidirectional: read each sequence both ways; a cell with ``bidirectional`` set does so in any case.
        dropout: share of each layer's outputs dropped before the next layer, in training.
        output_size: O, for a cell with an output of its own; 0: H.
        options: values of the cell's own ``Options``.
        kernel: what computes the recurrence, one of ``KERNELS``; also an attribute, to be set at any time.

    Raises:
        ValueError: a size, a share or an option is out of bounds, the cell refuses them, or there is no such kernel.
    """

    def __init__(
        self,
        kind: type[AnyCell],
        input_size: int,
        hidden_size: int,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        output_size: int = 0,
        options: Mapping[str, object] | None = None,
        kernel: str = "auto",
    ) -> None:
        super().__init__()
        self._trace: Trace | None = None  # records the passes
        self._choices: dict[tuple[str, type[AnyCell], torch.device], Choice] = {}
        if kernel not in KERNELS:
            raise ValueError(f"There is no kernel {kernel!r}: it must be {', '.join(KERNELS[:-1])} or {KERNELS[-1]}.")
        self.kernel = kernel
        if layers < 1 or not 0 <= dropout <= 1:
            raise ValueError(f"Layers must be at least 1 and dropout from 0 to 1: they are {layers}, {dropout}.")
        self.directions = 2 if bidirectional or kind.bidirectional else 1
        self.layers = layers
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.output_size = output_size or hidden_size
        self.dropout = dropout
        widths = [input_size, *[self.directions * self.output_size] * (layers - 1)]
        own = kind.read_options(options or {})
        self.cells: nn.ModuleList = nn.ModuleList(
            kind.make(width, hidden_size, output_size, own) for width in widths for _ in range(self.directions)
        )

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, state: Any = None, *, return_state: bool = False
    ) -> tuple[Tensor, Any]:
        """Read a padded batch.

        Args:
            x: (B,T,I).
            lengths: (B,) on the CPU; none: every sequence has T steps.
            state: the state before the first step, a NamedTuple of (L·D,B, …); none: each cell's ``initial_state``.
            return_state: also return the state after each sequence's own last step.

        Returns:
            outputs (B,T,D·O), zero past each sequence's end, the last state, a NamedTuple of (L·D,B, …), or ``None``.

        Raises:
            ValueError: a sequence is empty, or longer than T.
        """
        directions = both_directions(lengths, x.shape[0], x.shape[1], x.device)[: self.directions]
        x = x.transpose(0, 1)  # (T,B,I)
        last: list[Any] = []
        for layer in range(self.layers):
            outputs = []
            for steps, k in zip(directions, range(layer * self.directions, len(self.cells)), strict=False):
                output, after = self._run(k, x, steps, _part(state, k), return_state)  # (T,B,O)
                outputs.append(output)
                last.append(after)
            x = outputs[0] if self.directions == 1 else torch.cat(outputs, -1)  # (T,B,D·O)
            if layer < self.layers - 1:
                x = F.dropout(x, self.dropout, self.training)
        stacked = type(last[0])(*(torch.stack(parts) for parts in zip(*last, strict=True))) if return_state else None
        return x.transpose(0, 1), stacked  # (B,T,D·O)

    def _run(self, k: int, x: Tensor, steps: Steps, state: Any, return_state: bool) -> tuple[Tensor, Any]:
        cell = self._cell(k)
        if self._trace is not None:
            return self._trace.run(cell, *divmod(k, self.directions), x, steps, state, return_state)
        if watched():
            return cell.run(x, steps, state, return_state)
        return self._choice(cell, x.device).run(cell, x, steps, state, return_state)

    @property
    def state_size(self) -> int:
        """Numbers of one sequence's state, of all layers and directions."""
        return sum(part.numel() for k in range(len(self.cells)) for part in self._cell(k).initial_state(1))

    def choice(self, device: torch.device) -> Choice:
        """Return the kernel that computes this network on a device."""
        return self._choice(self._cell(0), device)

    def _choice(self, cell: AnyCell, device: torch.device) -> Choice:
        key = (self.kernel, type(cell), device)
        if key not in self._choices:
            self._choices[key] = choose(cell, self.kernel, device)
        return self._choices[key]

    @contextmanager
    def traced(self, trace: Trace) -> Iterator[Trace]:
        """Record every pass within the block."""
        self._trace = trace
        try:
            yield trace
        finally:
            self._trace = None

    def to_torch(self) -> dict[str, Tensor]:
        """Return the weights under ``torch.nn``'s names (``weight_ih_l0_reverse``), ready for ``load_state_dict``."""
        return {
            f"{name}{self._suffix(k)}": tensor.detach()
            for k in range(len(self.cells))
            for name, tensor in self._cell(k).torch_parameters().items()
        }

    def from_torch(self, weights: Mapping[str, Tensor]) -> None:
        """Copy the weights of a ``torch.nn`` module's ``state_dict()``.

        Raises:
            ValueError: names or shapes are not those of this network.
        """
        own = self.to_torch()
        if {n: t.shape for n, t in own.items()} != {n: t.shape for n, t in weights.items()}:
            raise ValueError("These weights are of another network: its names or shapes differ.")
        with torch.no_grad():
            for name, tensor in own.items():
                tensor.copy_(weights[name])

    def _cell(self, k: int) -> AnyCell:
        cell = self.cells[k]
        assert isinstance(cell, Cell)
        return cell

    def _suffix(self, k: int) -> str:
        layer, direction = divmod(k, self.directions)
        return f"_l{layer}" + "_reverse" * direction

    def extra_repr(self) -> str:
        return (
            f"input_size={self.input_size}, hidden_size={self.hidden_size}, layers={self.layers}, "
            f"directions={self.directions}, dropout={self.dropout}"
        )


def _part(state: Any, k: int) -> Any:
    """Return one cell's part of a state: (L·D,B, …) → (B, …)."""
    return None if state is None else type(state)(*(part[k] for part in state))
