"""Long short-term memory.

    i_t = σ(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)      what is written
    f_t = σ(W_if x_t + b_if + W_hf h_{t-1} + b_hf)      what is kept
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)   the candidate
    o_t = σ(W_io x_t + b_io + W_ho h_{t-1} + b_ho)      what is shown
    c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t
    h_t = o_t ⊙ tanh(c_t)

The output is h_t. Parameters as in ``torch.nn.LSTM``: ``weight_ih`` (4H,I), ``weight_hh`` (4H,H), biases (4H,),
rows in the order i f g o. ``forget_bias`` is added to ``bias_ih`` of f at the start: at 1 a new network keeps what it
has written.

Source: S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, Neural Computation 9(8), 1997; the forget gate from
F. A. Gers, J. Schmidhuber and F. Cummins, Learning to Forget, Neural Computation 12(10), 2000; the bias from
R. Jozefowicz, W. Zaremba and I. Sutskever, An Empirical Exploration of Recurrent Network Architectures, ICML 2015.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import msgspec
import torch
from msgspec import Meta
from torch import Tensor

from cells._base import Cell


class LSTMState(NamedTuple):
    """State of an LSTM: hidden vector and memory."""

    h: Tensor  # (B,H)
    c: Tensor  # (B,H)


class LSTM(Cell[LSTMState]):
    """A memory ``c`` that gates write, keep and show."""

    year = 1997
    purpose = "memory over long sequences; the default of most tasks"
    gate_count = 4
    sigmoid_gates = ("i", "f", "o")
    keep_gate = "f"
    memory = "c"

    class Options(msgspec.Struct, frozen=True):
        """Bias with which it begins to keep its memory."""

        forget_bias: Annotated[
            float, Meta(ge=-20, le=20, description="added to the forget gate's bias at the start; 0: as torch")
        ] = 0.0

    def make_parameters(self) -> None:
        super().make_parameters()
        if bias := getattr(self.options, "forget_bias", 0.0):  # a cell made from this one may have other options
            with torch.no_grad():
                self.bias_ih.chunk(self.gate_count)[1].add_(bias)

    def initial_state(self, batch: int) -> LSTMState:
        zeros = self.weight_hh.new_zeros(batch, self.hidden_size)
        return LSTMState(zeros, zeros)

    def gates(self, projected: Tensor, state: LSTMState) -> dict[str, Tensor]:
        i, f, g, o = torch.addmm(projected, state.h, self.recurrent_matrix.t()).chunk(4, 1)  # (B,4H) → 4 × (B,H)
        return {"i": i.sigmoid(), "f": f.sigmoid(), "g": g.tanh(), "o": o.sigmoid()}

    def update(self, gates: Mapping[str, Tensor], state: LSTMState) -> dict[str, Tensor]:
        return {"kept": gates["f"] * state.c, "written": gates["i"] * gates["g"]}  # (B,H)

    def step(self, projected: Tensor, state: LSTMState) -> tuple[Tensor, LSTMState]:
        i, f, g, o = self.gates(projected, state).values()
        c = torch.addcmul(f * state.c, i, g)  # (B,H)
        h = o * c.tanh()  # (B,H)
        return h, LSTMState(h, c)
