"""Kernel ``torch``: a cell's own weights through torch's function of whole sequences, which is cuDNN's on a GPU.

Shapes: B batch, T time, I input size, H hidden size, M steps of all sequences together.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from cells._base import AnyCell
from cells._kernels.recurrences import recurrence
from cells._packing import Steps, run_whole

_FUNCTIONS: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "lstm": torch.lstm,
    "gru": torch.gru,
    "rnn": torch.rnn_tanh,
}

# cuDNN wants the four weights of a cell in one piece of memory, and copies them into one at each call. Parameters that
# were views of one piece would save that, and would have to be made anew after each move and copy of the network.
warnings.filterwarnings("ignore", message="RNN module weights are not part of single contiguous chunk of memory")


def why_not(cell: AnyCell) -> str:
    """Return a clause on why torch has no function for a cell; empty: it has one."""
    return "" if recurrence(cell) in _FUNCTIONS else "torch has no function of its equations"


def run(cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool) -> tuple[Tensor, Any]:
    """Compute what ``Cell.run`` does.

    As with ``torch.nn``'s modules there is no second derivative.
    """
    function = _FUNCTIONS.get(recurrence(cell))
    if function is None:  # it was changed since its kernel was chosen
        return cell.run(x, steps, state, return_state)
    before = cell.initial_state(x.shape[1]) if state is None else state
    return run_whole(partial(_whole, cell, function), x, steps, before, return_state)


def _whole(
    cell: AnyCell, function: Callable[..., tuple[Tensor, ...]], x: Tensor, sizes: Tensor | None, state: Any
) -> tuple[Tensor, Any]:
    """Compute sequences (T,B,I), or packed (M,I), and the state after the last step, its parts (B,H)."""
    parts = [part[None].contiguous() for part in state]  # (1,B,H)
    before = parts if len(parts) > 1 else parts[0]
    weights = [cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh]
    training = torch.is_grad_enabled()  # cuDNN keeps what a backward pass needs only then; nothing is dropped out
    about = (before, weights, True, 1, 0.0, training, False)
    output, *after = function(x, *about, False) if sizes is None else function(x, sizes, *about)
    return output, type(state)(*(part[0] for part in after))
