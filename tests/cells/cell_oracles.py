"""Shared by the tests of the cells: networks, batches, torch's twins, and all values that two passes must agree in.

Shapes: B batch, T time, I input size, H hidden size, O output size, D directions, L layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from hypothesis import settings
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import cells
from cells._recurrent import Recurrent

TWINS: dict[str, type[nn.RNNBase]] = {
    "rnn": nn.RNN,
    "gru": nn.GRU,
    "lstm": nn.LSTM,
    "bilstm": nn.LSTM,
    "torch-rnn": nn.RNN,
    "torch-gru": nn.GRU,
    "torch-lstm": nn.LSTM,
}
EVERY = cells.available()
ONE_WAY = [name for name in EVERY if not cells.reads_both_ways(name)]

few = settings(max_examples=8, deadline=None, derandomize=True)


def network(
    name: str, input_size: int = 3, hidden_size: int = 4, *, dtype: torch.dtype = torch.float64, **options: Any
) -> Recurrent:
    """Return a cell's network with weights that are the same at every call."""
    torch.manual_seed(0)
    return cells.build(name, input_size, hidden_size, **options).to(dtype)


def own_output(name: str) -> bool:
    """Return whether the cell's output size may differ from its hidden size."""
    cell: Any = network(name).cells[0]
    return bool(cell.own_output)


def noise(*shape: int, seed: int = 1, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return normal numbers, the same at every call."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def other_state(first: Any) -> Any:
    """Return a state of the same shapes that is not the first; parts without fractions stay as they are."""
    parts = (
        noise(*part.shape, seed=seed, dtype=part.dtype) if part.is_floating_point() else part.clone()
        for seed, part in enumerate(first, 2)
    )
    return type(first)(*parts)


def some_state(net: Recurrent, batch: int) -> Any:
    """Return a state to start from, each part (L·D,B, …)."""
    cell: Any = net.cells[0]
    first = cell.initial_state(batch)
    return other_state(type(first)(*(part.detach().expand(len(net.cells), *part.shape) for part in first)))


def parameters(net: Recurrent) -> dict[str, Tensor]:
    """Return the network's parameters themselves under torch's names (``to_torch`` detaches them)."""
    named = {}
    for k, cell in enumerate(net.cells):
        layer, direction = divmod(k, net.directions)
        for name, parameter in cell.torch_parameters().items():  # type: ignore[operator]
            named[f"{name}_l{layer}" + "_reverse" * direction] = parameter
    return named


def twin_of(net: Recurrent, kind: type[nn.RNNBase]) -> nn.RNNBase:
    """Return the ``torch.nn`` module of the same form, with its own weights."""
    form: Any = kind
    module: nn.RNNBase = form(
        net.input_size, net.hidden_size, net.layers, batch_first=True, bidirectional=net.directions == 2
    )
    return module.to(next(net.parameters()).dtype)


def twin_run(twin: nn.RNNBase, x: Tensor, lengths: Tensor | None, state: Any) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return torch's outputs (B,T,D·H) and last states, packed where there are lengths."""
    start = None if state is None else tuple(state) if isinstance(twin, nn.LSTM) else state[0]
    if lengths is None:
        outputs, last = twin(x, start)
    else:
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, last = twin(packed, start)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])
    return outputs, last if isinstance(twin, nn.LSTM) else (last,)


def everything(outputs: Tensor, last: tuple[Tensor, ...] | None, leaves: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return outputs, last states, and the gradient by each leaf of a loss that depends on every one of them."""
    values = {"outputs": outputs} | {f"last {i}": part for i, part in enumerate(last or ()) if part.requires_grad}
    loss = sum((value * noise(*value.shape, seed=7, dtype=value.dtype)).sum() for value in values.values())
    assert isinstance(loss, Tensor)
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return values | {f"gradient of {name}": g for name, g in zip(leaves, gradients, strict=True)}


def agree(actual: object, expected: object, within: float = 1e-10) -> None:
    """Assert that two passes agree in every tensor."""
    torch.testing.assert_close(actual, expected, rtol=within, atol=within)
