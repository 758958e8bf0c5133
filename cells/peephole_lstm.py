"""LSTM whose gates look at the memory.

    i_t = σ(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi + p_i ⊙ c_{t-1})  what is written
    f_t = σ(W_if x_t + b_if + W_hf h_{t-1} + b_hf + p_f ⊙ c_{t-1})  what is kept
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)               the candidate
    c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t
    o_t = σ(W_io x_t + b_io + W_ho h_{t-1} + b_ho + p_o ⊙ c_t)      what is shown
    h_t = o_t ⊙ tanh(c_t)

A shut output gate hides the memory from the gates of ``lstm``; here they see it: i and f the memory before the step, o
the memory after it. The output is h_t. Parameters and ``forget_bias`` as in ``lstm``, and the peepholes
``weight_ph`` (3,H), rows p_i p_f p_o; with zeros it is ``lstm``.

Source: F. A. Gers and J. Schmidhuber, Recurrent Nets that Time and Count, IJCNN 2000, with tanh for the two squashing
functions of the memory.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from cells._base import uniform
from cells.lstm import LSTM, LSTMState


class PeepholeLSTM(LSTM):
    """An LSTM with diagonal weights from the memory to its gates."""

    year = 2000
    purpose = "counting and exact timing"

    def make_parameters(self) -> None:
        super().make_parameters()
        self.weight_ph = uniform(1 / math.sqrt(self.hidden_size), 3, self.hidden_size)

    def gates(self, projected: Tensor, state: LSTMState) -> dict[str, Tensor]:
        i, f, g, o, _ = self._gates_and_memory(projected, state)
        return {"i": i, "f": f, "g": g, "o": o}

    def step(self, projected: Tensor, state: LSTMState) -> tuple[Tensor, LSTMState]:
        *_, o, c = self._gates_and_memory(projected, state)
        h = o * c.tanh()  # (B,H)
        return h, LSTMState(h, c)

    def _gates_and_memory(self, projected: Tensor, state: LSTMState) -> tuple[Tensor, ...]:
        """Return i, f, g, o and the memory after the step, each (B,H)."""
        i, f, g, o = torch.addmm(projected, state.h, self.recurrent_matrix.t()).chunk(4, 1)  # (B,4H) → 4 × (B,H)
        p_i, p_f, p_o = self.weight_ph  # 3 × (H,)
        i = torch.addcmul(i, p_i, state.c).sigmoid()
        f = torch.addcmul(f, p_f, state.c).sigmoid()
        g = g.tanh()
        c = torch.addcmul(f * state.c, i, g)
        return i, f, g, torch.addcmul(o, p_o, c).sigmoid(), c
