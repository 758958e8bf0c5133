"""torch's own LSTM.

The equations of ``lstm``, computed by ``torch.nn.LSTM``.

Source: ``torch.nn.LSTM``.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from cells._builtin import BuiltIn


class TorchLSTMState(NamedTuple):
    """State of ``torch.nn.LSTM``: hidden vector and memory."""

    h: Tensor  # (B,H)
    c: Tensor  # (B,H)


class TorchLSTM(BuiltIn[TorchLSTMState]):
    """``torch.nn.LSTM``, one layer in one direction."""

    year = 1997
    purpose = "the same figures as lstm, at the speed of torch's own module"
    module = nn.LSTM
    twin = "lstm"

    def initial_state(self, batch: int) -> TorchLSTMState:
        zeros = self.rnn.weight_hh_l0.new_zeros(batch, self.hidden_size)
        return TorchLSTMState(zeros, zeros)

    def to_module(self, state: TorchLSTMState) -> tuple[Tensor, Tensor]:
        return state.h[None].contiguous(), state.c[None].contiguous()

    def from_module(self, state: tuple[Tensor, Tensor]) -> TorchLSTMState:
        return TorchLSTMState(state[0][0], state[1][0])
