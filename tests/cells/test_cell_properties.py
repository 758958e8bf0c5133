"""Properties that single cells are made for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from cell_oracles import agree, network, noise, some_state
from numpy_cells import H, I

import cells
from cells._recurrent import Recurrent

B, T = 3, 6


def copied(source: Recurrent, name: str, **options: object) -> Recurrent:
    """Return another cell's network with the parameters of the same names and shapes."""
    net = network(name, I, H, options=options)
    own = net.state_dict()
    net.load_state_dict(own | {n: t for n, t in source.state_dict().items() if n in own and own[n].shape == t.shape})
    return net


def test_peephole_lstm_without_peepholes_is_lstm() -> None:
    lstm = network("lstm", I, H)
    net = copied(lstm, "peephole-lstm")
    x = noise(B, T, I)
    assert float((net(x)[0] - lstm(x)[0]).detach().abs().max()) > 1e-3
    with torch.no_grad():
        net.cells[0].weight_ph.zero_()  # type: ignore[operator,union-attr]
    agree(net(x, return_state=True), lstm(x, return_state=True))


def test_the_output_gates_peephole_sees_the_new_memory() -> None:
    cell: Any = network("peephole-lstm", 1, 1).cells[0]
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        cell.bias_ih.copy_(torch.tensor([9.0, -9.0, 9.0, 0.0]))  # c becomes 1
        cell.weight_ph[2] = 3.0
    state = cell.initial_state(1)
    o = cell.gates(cell.project(torch.zeros(1, 1).double()), state)["o"].detach()
    assert float(o) == pytest.approx(0.9526, abs=1e-3)


def test_ind_rnn_is_an_rnn_with_a_diagonal_matrix() -> None:
    net = network("ind-rnn", I, H, options={"activation": "tanh"})
    cell: Any = net.cells[0]
    rnn = network("rnn", I, H)
    full: Any = rnn.cells[0]
    with torch.no_grad():
        for own, value in ((full.weight_ih, cell.weight_ih), (full.bias_ih, cell.bias_ih), (full.bias_hh, 0 * cell.u)):
            own.copy_(value)
        full.weight_hh.copy_(torch.diag(cell.u))
    x = noise(B, T, I)
    agree(net(x)[0], rnn(x)[0])
    agree(cell.recurrent_map, full.recurrent_map)
    relu = torch.nn.RNN(I, H, nonlinearity="relu", batch_first=True).double()
    relu.load_state_dict({f"{name}_l0": value for name, value in full.state_dict().items()})
    agree(copied(net, "ind-rnn")(x)[0], relu(x)[0])


def test_ind_rnns_weights_act_within_their_bound_and_still_learn() -> None:
    net = network("ind-rnn", I, 200, options={"steps": 10})
    cell: Any = net.cells[0]
    bound = 2 ** (1 / 10)
    least, most = (float(value) for value in cell.u.detach().aminmax())
    assert 0 <= least < 0.1 < bound - 0.1 < most <= bound
    with torch.no_grad():
        cell.u.copy_(torch.linspace(-2, 2, 200))
    agree(cell.recurrent_map.diag(), cell.u.clamp(-bound, bound))
    net(noise(B, T, I))[0].sum().backward()
    assert bool(cell.u.grad[cell.u > bound].any())


@pytest.mark.parametrize("forget", ["sigmoid", "exp"])
def test_s_lstm_stays_finite_where_its_gates_overflow(forget: str) -> None:
    net = network("s-lstm", I, H, dtype=torch.float32, options={"forget": forget})
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(400)
    x = noise(B, 40, I, dtype=torch.float32).requires_grad_()
    outputs, last = net(x, torch.tensor([40, 3, 1]), return_state=True)
    assert bool((outputs.abs() <= 1).all())
    assert all(bool(part.isfinite().all()) for part in last)
    outputs.sum().backward()
    assert all(bool(leaf.grad.isfinite().all()) for leaf in [x, *net.parameters()] if leaf.grad is not None)


def test_s_lstm_is_the_same_for_every_stabiliser() -> None:
    net = network("s-lstm", I, H)
    state, x = some_state(net, B), noise(B, T, I)
    moved = state._replace(c=state.c * torch.e**2, n=state.n * torch.e**2, m=state.m - 2)
    agree(net(x, None, moved)[0], net(x, None, state)[0])


def test_s_lstm_revises_what_it_stored() -> None:
    cell: Any = network("s-lstm", 1, 1).cells[0]
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        cell.bias_ih.copy_(torch.tensor([0.0, 50.0, 0.0, 50.0]))  # everything is kept and shown
        cell.weight_ih.copy_(torch.tensor([[1.0], [0.0], [1.0], [0.0]]))
    x = torch.tensor([1.0, 30.0, -1.0]).double()[:, None, None]  # the second outweighs the first and the third
    state, seen = cell.initial_state(1), []
    for projected in cell.project(x):
        share = cell.gates(projected, state)["r"]
        output, state = cell.step(projected, state)
        seen.append((float(output.detach()), float(share.detach())))
    assert seen[0] == pytest.approx((np.tanh(1), 0))
    assert seen[1] == pytest.approx((1, 0), abs=1e-9)
    assert seen[2] == pytest.approx((1, 1), abs=1e-9)


def test_delta_net_recalls_values_by_orthonormal_keys() -> None:
    cell: Any = network("delta-net", I, H, options={"key_size": 5}).cells[0]
    keys, _ = torch.linalg.qr(noise(5, 5))  # rows of length 1 at right angles
    values, state = noise(5, H, seed=4), cell.initial_state(1)

    def write(key: torch.Tensor, value: torch.Tensor, asked: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        found: tuple[torch.Tensor, Any] = cell.step(torch.cat([asked, key, value, torch.ones(1).double()])[None], state)
        return found

    for key, value in zip(keys, values, strict=True):
        recalled, state = write(key, value, key, state)
        agree(recalled[0], value)
    agree(state.S[0, 0] @ keys.T, values.T)
    newer = noise(H, seed=8)
    recalled, state = write(keys[1], newer, keys[3], state)  # one value is written over, the others stay
    agree(recalled[0], values[3])
    agree(state.S[0, 0] @ keys[1], newer)


def test_co_rnns_oscillator_comes_to_rest() -> None:
    net = network("co-rnn", I, H, options={"dt": 0.05, "gamma": 2.0, "epsilon": 1.0})
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    start = some_state(net, B)
    outputs, last = net(torch.zeros(B, 600, I).double(), None, start, return_state=True)
    rate, speed = 0.5, np.sqrt(2.0 - 0.25)  # of y″ = −2 y − y′
    time = 0.05 * torch.arange(1, 601).double()[:, None]
    y, z = start.y[0, :, None], start.z[0, :, None]
    exact = (-rate * time).exp() * (y * (speed * time).cos() + (z + rate * y) / speed * (speed * time).sin())
    assert float((outputs.detach() - exact).abs().max()) < 0.1 * float(exact.abs().max())  # to the first order of Δt
    assert float(last.y.detach().abs().max()) < 1e-5


@pytest.mark.parametrize("name", ["s-lstm", "delta-net"])
def test_heads_that_do_not_divide_the_hidden_size_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^Hidden size 4 cannot be shared out among 3 heads: make it a multiple\.$"):
        cells.build(name, I, H, options={"heads": 3})
