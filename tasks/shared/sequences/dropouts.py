"""Dropout of whole tokens, and of a recurrence's own weights from state to state, one draw for a whole pass.

S. Merity, N. S. Keskar and R. Socher, Regularizing and Optimizing LSTM Language Models, ICLR 2018, section 2, after
L. Wan et al., Regularization of Neural Networks using DropConnect, ICML 2013.

Shapes: B batch, T time, E width, G rows of gates, H hidden size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn import functional as F

from tasks.base import RecurrentNetwork

_WEIGHT = "weight_hh"  # (G,H) of a cell; cells whose units do not see one another's state have none


@contextmanager
def dropped_weights(recurrent: RecurrentNetwork, share: float) -> Iterator[None]:
    """Drop a share of the weights from state to state within the block, where the module is in training.

    The weights that are left grow by 1/(1 - share). The gradient reaches the parameters themselves.

    Args:
        recurrent: the module whose cells, of any layers and directions, have such weights.
        share: from 0, which drops none and draws nothing, to less than 1.
    """
    assert isinstance(recurrent, nn.Module)
    cells = [cell for cell in recurrent.modules() if cell._parameters.get(_WEIGHT) is not None]
    whole = [cell._parameters[_WEIGHT] for cell in cells]
    try:
        if share and recurrent.training:
            for cell, weight in zip(cells, whole, strict=True):
                assert weight is not None
                cell._parameters[_WEIGHT] = F.dropout(weight, share)  # type: ignore[assignment]
        yield
    finally:
        for cell, weight in zip(cells, whole, strict=True):
            cell._parameters[_WEIGHT] = weight


def drop_tokens(vectors: Tensor, share: float, *, training: bool) -> Tensor:
    """Drop a share of tokens' vectors as a whole, in training: (B,T,E); those that are left grow by 1/(1 - share)."""
    return vectors * F.dropout(vectors.new_ones(*vectors.shape[:-1], 1), share) if training and share else vectors
