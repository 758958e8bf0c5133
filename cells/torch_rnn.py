"""torch's own RNN (tanh).

The equations of ``rnn``, computed by ``torch.nn.RNN``.

Source: ``torch.nn.RNN``.
"""

from __future__ import annotations

from torch import Tensor, nn

from cells._builtin import BuiltInHidden


class TorchRNN(BuiltInHidden):
    """``torch.nn.RNN``, one layer in one direction."""

    year = 1990
    purpose = "the same figures as rnn, at the speed of torch's own module"
    module = nn.RNN
    twin = "rnn"

    @property
    def recurrent_map(self) -> Tensor:
        weight: Tensor = self.rnn.weight_hh_l0
        return weight
