"""LSTM with exponential gates.

    ĩ_t = W_ii x_t + b_ii + W_hi h_{t-1} + b_hi
    f̃_t = W_if x_t + b_if + W_hf h_{t-1} + b_hf
    z_t = tanh(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)  the candidate
    o_t = σ(W_io x_t + b_io + W_ho h_{t-1} + b_ho)     what is shown
    m_t = max(log σ(f̃_t) + m_{t-1}, ĩ_t)               the stabiliser, at the start −∞
    i_t = exp(ĩ_t − m_t)                               what is written
    f_t = exp(log σ(f̃_t) + m_{t-1} − m_t)              what is kept
    c_t = f_t ⊙ c_{t-1} + i_t ⊙ z_t
    n_t = f_t ⊙ n_{t-1} + i_t                          the normaliser
    h_t = o_t ⊙ c_t / n_t

With an exponential forget gate (``cell.forget=exp``) f̃_t stands for log σ(f̃_t). An input may outweigh all that came
before it: exp(ĩ_t) is not bounded. c and n are divided by exp(m), so that nothing overflows; h is the same for every m,
and no gradient is passed to m_t. For inspection, r is the share of what was stored before in the average c_t / n_t.
With ``heads``, each W_h is block-diagonal: a unit sees those of its own head.

The output is h_t. Parameters: ``weight_ih`` (4H,I), ``weight_hh`` (4H,H/heads), biases (4H,), rows in the order
i f z o, in each the heads one after the other; ``forget_bias`` is added to ``bias_ih`` of f at the start.

Source: M. Beck et al., xLSTM: Extended Long Short-Term Memory, NeurIPS 2024 (arXiv:2405.04517), sLSTM.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec
import torch
from msgspec import Meta
from torch import Tensor
from torch.nn import functional as F

from cells._base import Cell, head_width, uniform


class SLSTMState(NamedTuple):
    """State of an sLSTM: hidden vector, memory, normaliser, stabiliser."""

    h: Tensor  # (B,H)
    c: Tensor  # (B,H), divided by exp(m)
    n: Tensor  # (B,H), divided by exp(m)
    m: Tensor  # (B,H)


class SLSTM(Cell[SLSTMState]):
    """An LSTM whose memory is an average that exponential gates weigh."""

    year = 2024
    purpose = "revising what was stored; an input may outweigh all that came before it"
    gate_count = 4
    sigmoid_gates = ("o", "r")
    keep_gate = "r"
    memory = "c"
    differentiable = ("h", "c", "n")  # no answer depends on m

    class Options(msgspec.Struct, frozen=True):
        """Heads, form of the forget gate, and its bias at the start."""

        heads: Annotated[int, Meta(ge=1, le=1024, description="blocks of the recurrent matrices; divides hidden")] = 1
        forget: Annotated[
            Literal["sigmoid", "exp"], Meta(description="form of the forget gate: sigmoid or exponential")
        ] = "sigmoid"
        forget_bias: Annotated[
            float, Meta(ge=-20, le=20, description="added to the forget gate's bias at the start")
        ] = 0.0

    def make_parameters(self) -> None:
        super().make_parameters()
        if self.options.heads > 1:
            width = head_width(self.hidden_size, self.options.heads)
            self.weight_hh = uniform(1 / math.sqrt(width), 4 * self.hidden_size, width)
        with torch.no_grad():
            self.bias_ih.chunk(4)[1].add_(self.options.forget_bias)

    def initial_state(self, batch: int) -> SLSTMState:
        zeros = self.weight_hh.new_zeros(batch, self.hidden_size)
        return SLSTMState(zeros, zeros, zeros, zeros - torch.inf)

    def gates(self, projected: Tensor, state: SLSTMState) -> dict[str, Tensor]:
        i, f, z, o, _ = self._gates_and_stabiliser(projected, state)
        kept = f * state.n
        return {"i": i, "f": f, "z": z, "o": o, "r": kept / (kept + i)}

    def update(self, gates: Mapping[str, Tensor], state: SLSTMState) -> dict[str, Tensor]:
        return {"kept": gates["f"] * state.c, "written": gates["i"] * gates["z"]}  # (B,H)

    def step(self, projected: Tensor, state: SLSTMState) -> tuple[Tensor, SLSTMState]:
        i, f, z, o, m = self._gates_and_stabiliser(projected, state)
        c = torch.addcmul(f * state.c, i, z)  # (B,H)
        n = torch.addcmul(i, f, state.n)  # (B,H)
        h = o * c / n  # (B,H)
        return h, SLSTMState(h, c, n, m)

    def _gates_and_stabiliser(self, projected: Tensor, state: SLSTMState) -> tuple[Tensor, ...]:
        """Return i, f, z, o and m, each (B,H)."""
        i, f, z, o = (projected + self._recurrent(state.h)).chunk(4, 1)  # (B,4H) → 4 × (B,H)
        f = (F.logsigmoid(f) if self.options.forget == "sigmoid" else f) + state.m
        m = torch.maximum(f, i).detach()
        return (i - m).exp(), (f - m).exp(), z.tanh(), o.sigmoid(), m

    def _recurrent(self, h: Tensor) -> Tensor:
        """Return the recurrent matrices' products with h (B,H) → (B,4H), each head with its own blocks."""
        heads = self.options.heads
        if heads == 1:
            return F.linear(h, self.recurrent_matrix)
        blocks = self.recurrent_matrix.view(4, heads, -1, self.weight_hh.shape[1])  # (4,heads,d,d)
        return torch.einsum("ghde,bhe->bghd", blocks, h.reshape(len(h), heads, -1)).flatten(1)
