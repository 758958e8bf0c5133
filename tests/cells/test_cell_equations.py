"""Cells that torch does not have against loops that follow their equations, one row and one step at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from cell_oracles import TWINS, agree, everything, network, noise, parameters, some_state
from torch import Tensor
from torch.nn import functional as F

from cells._recurrent import Recurrent

Loop = Callable[[Any, Tensor, Tensor], tuple[Tensor, Tensor]]
"""One layer in one direction over one sequence: cell, (T,I), state before it (H,) → outputs (T,O), state after it."""


def textbook(cell: Any, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    W_xr, W_xz, W_xh = cell.weight_ih.T.chunk(3, 1)  # 3 × (I,H)
    W_hr, W_hz, W_hh = cell.weight_hh.T.chunk(3, 1)  # 3 × (H,H)
    b_r, b_z, b_h = cell.bias_ih.chunk(3)
    outputs = []
    for x_t in x:
        R = torch.sigmoid(x_t @ W_xr + h @ W_hr + b_r)
        Z = torch.sigmoid(x_t @ W_xz + h @ W_hz + b_z)
        candidate = torch.tanh(x_t @ W_xh + (R * h) @ W_hh + b_h)
        h = Z * h + (1 - Z) * candidate
        outputs.append(h)
    return torch.stack(outputs), h


def tutorial(cell: Any, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    weight = torch.cat([cell.weight_ih, cell.weight_hh], 1)  # (H+O,I+H)
    H = len(h)
    outputs = []
    for x_t in x:
        combined = torch.cat([x_t, h])
        outputs.append(F.linear(combined, weight[H:], cell.bias_ih[H:]))
        h = F.linear(combined, weight[:H], cell.bias_ih[:H])
    return torch.stack(outputs), h


def explicit(net: Recurrent, loop: Loop, x: Tensor, lengths: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs (B,T,D·O) and last states (L·D,B,H) of a network, each row alone and in its own length."""
    rows, states = [], []
    for b, length in enumerate(lengths.tolist()):
        y, after = x[b, :length], []  # (T,I)
        for layer in range(net.layers):
            ways = []
            for direction in range(net.directions):
                k = layer * net.directions + direction
                output, h = loop(net.cells[k], y.flip(0) if direction else y, start[k, b])
                ways.append(output.flip(0) if direction else output)
                after.append(h)
            y = torch.cat(ways, 1)  # (T,D·O)
        rows.append(F.pad(y, (0, 0, 0, x.shape[1] - length)))
        states.append(torch.stack(after))
    return torch.stack(rows), torch.stack(states, 1)


@pytest.mark.parametrize("lengths", [[5, 5, 5], [2, 5, 1]], ids=["full", "ragged"])
@pytest.mark.parametrize("both", [False, True], ids=["one-way", "both-ways"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize(
    ("name", "loop", "output_size"),
    [("gru-textbook", textbook, 0), ("tutorial-rnn", tutorial, 0), ("tutorial-rnn", tutorial, 2)],
    ids=["gru-textbook", "tutorial-rnn", "tutorial-rnn-O2"],
)
def test_agrees_with_its_equations(
    name: str, loop: Loop, output_size: int, layers: int, both: bool, lengths: list[int]
) -> None:
    net = network(name, layers=layers, bidirectional=both, output_size=output_size)
    x = noise(3, 5, net.input_size).requires_grad_()
    state = some_state(net, 3)
    leaves = {"x": x, "h": state.h.requires_grad_()} | parameters(net)

    outputs, after = net(x, torch.tensor(lengths), state, return_state=True)
    expected, expected_after = explicit(net, loop, x, torch.tensor(lengths), state.h)

    assert outputs.shape[-1] == net.directions * (output_size or net.hidden_size)
    agree(everything(outputs, after, leaves), everything(expected, (expected_after,), leaves))


@pytest.mark.parametrize("name", [*TWINS, "gru-textbook", "tutorial-rnn"])
def test_starts_uniform_within_its_bound(name: str) -> None:
    I, H = 30, 40  # noqa: E741
    bound = 1 / math.sqrt(I + H if name == "tutorial-rnn" else H)
    for weights in network(name, I, H).parameters():
        assert weights.abs().max() <= bound
        assert weights.min() < -0.6 * bound
        assert weights.max() > 0.6 * bound
