"""torch's own GRU.

The equations of ``gru``, computed by ``torch.nn.GRU``.

Source: ``torch.nn.GRU``.
"""

from __future__ import annotations

from torch import nn

from cells._builtin import BuiltInHidden


class TorchGRU(BuiltInHidden):
    """``torch.nn.GRU``, one layer in one direction."""

    year = 2014
    purpose = "the same figures as gru, at the speed of torch's own module"
    module = nn.GRU
    twin = "gru"
