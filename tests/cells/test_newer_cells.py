"""Cells of today, and classic ones that torch does not have, against loops in numpy.

The derivative of each loop is taken by finite differences, so that nothing of torch's enters it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from cell_oracles import agree, network, noise
from numpy_cells import Array, H, I, Loop, co_rnn, delta_net, ind_rnn, mgu, peephole_lstm, s_lstm

from cells._recurrent import Recurrent

B, T = 3, 6

CASES: list[tuple[str, Loop, dict[str, object]]] = [
    ("ind-rnn", ind_rnn, {}),
    ("ind-rnn", ind_rnn, {"activation": "tanh", "steps": 50}),
    ("mgu", mgu, {}),
    ("peephole-lstm", peephole_lstm, {"forget_bias": 1.0}),
    ("co-rnn", co_rnn, {}),
    ("co-rnn", co_rnn, {"dt": 0.3, "gamma": 1.5, "epsilon": 0.5}),
    ("s-lstm", s_lstm, {}),
    ("s-lstm", s_lstm, {"heads": 2, "forget": "exp", "forget_bias": -1.0}),
    ("delta-net", delta_net, {"key_size": 3}),
    ("delta-net", delta_net, {"heads": 2, "key_size": 3, "feature": "none"}),
]
cases = pytest.mark.parametrize(
    ("name", "loop", "options"), CASES, ids=[f"{name}-{'-'.join(map(str, own.values()))}" for name, _, own in CASES]
)


def as_arrays(net: Recurrent) -> dict[str, Array]:
    return {name: p.detach().numpy().copy() for name, p in net.cells[0].named_parameters()}


def starts(net: Recurrent, *, first: bool) -> Any:
    """Return the first state, or another: its parts (1,B, …), a normaliser above 0."""
    cell: Any = net.cells[0]
    state = cell.initial_state(B)
    if not first:
        state = type(state)(*(noise(*part.shape, seed=seed) for seed, part in enumerate(state, 3)))
        state = state._replace(n=state.n.exp()) if "n" in state._fields else state
    return type(state)(*(part[None] for part in state))


@pytest.mark.parametrize("first", [True, False], ids=["from-the-first", "from-another"])
@cases
def test_agrees_with_numpy(name: str, loop: Loop, options: dict[str, object], first: bool) -> None:
    net = network(name, I, H, options=options)
    x, lengths, start = noise(B, T, I), [6, 2, 5], starts(net, first=first)
    outputs, last = net(x, torch.tensor(lengths), None if first else start, return_state=True)
    own: Any = net.cells[0].options
    for row, length in enumerate(lengths):
        before = [part[0, row].numpy() for part in start]
        expected, after = loop(as_arrays(net), x[row, :length].numpy(), before, own)
        agree(outputs[row, :length].detach(), torch.from_numpy(np.stack(expected)))
        found = [part[0, row].detach().numpy() for part in last]
        if name == "s-lstm":  # memory and normaliser stand divided by exp(m)
            found = [found[0], *(part * np.exp(found[3]) for part in found[1:3])]
        np.testing.assert_allclose(np.stack(found), np.stack(after), rtol=1e-10, atol=1e-10)


@cases
def test_gradients_are_those_of_numpys_finite_differences(name: str, loop: Loop, options: dict[str, object]) -> None:
    net = network(name, I, H, options=options)
    x, weights = noise(1, T, I).requires_grad_(), noise(T, H, seed=9)
    cell: Any = net.cells[0]
    (net(x)[0][0] * weights).sum().backward()
    values = as_arrays(net) | {"x": x.detach()[0].numpy().copy()}
    before = [part[0].numpy() for part in cell.initial_state(1)]

    def loss() -> float:
        outputs, _ = loop(values, values["x"], before, cell.options)
        return float((np.stack(outputs) * weights.numpy()).sum())

    leaves = dict(cell.named_parameters()) | {"x": x}
    for leaf, parameter in leaves.items():
        gradient = parameter.grad[0] if leaf == "x" else parameter.grad
        expected = np.array([*differences(values[leaf], loss)]).reshape(values[leaf].shape)
        np.testing.assert_allclose(gradient.numpy(), expected, rtol=1e-5, atol=1e-7, err_msg=leaf)


def differences(array: Array, loss: Callable[[], float], by: float = 1e-5) -> Iterator[float]:
    """Yield the central difference of a loss by each number of an array, which stays as it was."""
    flat = array.reshape(-1)
    for at, value in enumerate(flat.copy()):
        flat[at] = value + by
        above = loss()
        flat[at] = value - by
        yield (above - loss()) / (2 * by)
        flat[at] = value
