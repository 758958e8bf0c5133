"""The scan by torch's operations, one a step: where there is no compiler.

Shapes: B batch, N units of the state, M rows of all steps together.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cells._kernels.layout import Layout
from cells._kernels.linear.sequence import Gradients, Scan


class Stepwise(Scan):
    """One fused product and sum a step and direction, on rows that lie side by side."""

    def forward(self, layout: Layout, decay: Tensor, added: Tensor, first: Tensor) -> Tensor:
        states, h = torch.empty_like(added), first
        for a, b, to in zip(*(_slabs(one, layout) for one in (decay, added, states)), strict=True):
            torch.addcmul(b, a, h[: len(b)], out=to)
            h = to
        return states

    def backward(
        self,
        layout: Layout,
        decay: Tensor,
        first: Tensor,
        states: Tensor,
        d_states: Tensor | None,
        d_last: Tensor | None,
    ) -> Gradients:
        decay = decay.conj().resolve_conj()
        d_added = torch.zeros_like(states) if d_states is None else d_states.clone()
        if d_last is not None:
            d_added.index_add_(0, layout.last(), d_last)
        slabs, decays = _slabs(d_added, layout), _slabs(decay, layout)
        for t in range(len(slabs) - 1, 0, -1):
            slabs[t - 1][: len(slabs[t])].addcmul_(decays[t], slabs[t])
        before = layout.states_before(first, states, states.dtype)
        d_decay = d_added * before.conj()
        d_first = decays[0] * slabs[0]
        return Gradients(d_decay if decay.dim() == 2 else d_decay.sum(0), d_added, d_first)


def _slabs(every: Tensor, layout: Layout) -> tuple[Tensor, ...]:
    """Return the values of each step, (n,N); (N,) for a decay that is always the same."""
    return torch.split(every, layout.sizes) if every.dim() == 2 else (every,) * len(layout.sizes)
