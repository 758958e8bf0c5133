"""Elementwise linear cells against numpy: closed forms and loops over single numbers from the papers' equations.

The gradients are compared with central differences of the same numpy functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from cell_oracles import network, noise, parameters, some_state

import cells

Weights = dict[str, np.ndarray]
Formula = Callable[[Weights, np.ndarray, list[np.ndarray], dict[str, Any]], tuple[np.ndarray, list[np.ndarray]]]
"""One sequence: weights, inputs (T,I), state before it, options → outputs (T,O), state after it."""

I, H, T = 2, 3, 5  # noqa: E741


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def squash(x: float, options: dict[str, Any]) -> float:
    if options.get("candidate") != "positive":
        return x
    return x + 0.5 if x >= 0 else 1 / (1 + math.exp(-x))


def min_gru(w: Weights, x: np.ndarray, state: list[np.ndarray], options: dict[str, Any]) -> Any:
    """The state as a sum over all inputs, each by the product of the decays since."""
    z = sigmoid(x @ w["weight_ih"][:H].T + w["bias_ih"][:H])  # (T,H)
    n = np.vectorize(lambda one: squash(one, options))(x @ w["weight_ih"][H:].T + w["bias_ih"][H:])
    outputs = np.array(
        [
            np.prod(1 - z[: t + 1], 0) * state[0]
            + sum(np.prod(1 - z[k + 1 : t + 1], 0) * z[k] * n[k] for k in range(t + 1))
            for t in range(len(x))
        ]
    )
    return outputs, [outputs[-1]]


def min_lstm(w: Weights, x: np.ndarray, state: list[np.ndarray], options: dict[str, Any]) -> Any:
    """Unit by unit and step by step, in single numbers."""
    outputs = np.zeros((len(x), H))
    for unit in range(H):
        h = float(state[0][unit])
        for t, given in enumerate(x):
            f, i, n = (
                sum(a * b for a, b in zip(w["weight_ih"][gate * H + unit], given, strict=True))
                + w["bias_ih"][gate * H + unit]
                for gate in range(3)
            )
            f, i = 1 / (1 + math.exp(-f)), 1 / (1 + math.exp(-i))
            h = (f * h + i * squash(n, options)) / (f + i)
            outputs[t, unit] = h
    return outputs, [outputs[-1]]


def lru(w: Weights, x: np.ndarray, state: list[np.ndarray], options: dict[str, Any]) -> Any:
    """Powers of the eigenvalues, in complex numbers."""
    size = len(w["nu"])
    eigenvalues = np.exp(-np.exp(w["nu"]) + 1j * np.exp(w["theta"]))
    B = w["weight_ih"][:size] + 1j * w["weight_ih"][size : 2 * size]
    C, D = w["weight_ho"][:, :size] + 1j * w["weight_ho"][:, size:], w["weight_ih"][2 * size :]
    first = state[0] + 1j * state[1]
    states = [
        eigenvalues ** (t + 1) * first
        + sum(eigenvalues ** (t - k) * np.exp(w["gamma"]) * (B @ x[k]) for k in range(t + 1))
        for t in range(len(x))
    ]
    outputs = np.array([(C @ h).real + D @ given for h, given in zip(states, x, strict=True)])
    if options.get("activation", "gelu") == "gelu":
        outputs = outputs * (1 + np.vectorize(math.erf)(outputs / math.sqrt(2))) / 2
    return outputs, [states[-1].real, states[-1].imag]


def rg_lru(w: Weights, x: np.ndarray, state: list[np.ndarray], options: dict[str, Any]) -> Any:
    """Unit by unit: a is a power, 1 − a² as it stands."""
    wide = np.array([w["weight_ih"] @ given + w["bias_ih"] for given in x])  # (T,H)
    outputs = np.zeros((len(x), H))
    for unit in range(H):
        h, base = float(state[0][unit]), 1 / (1 + math.exp(-w["Lambda"][unit]))
        for t in range(len(x)):
            r = 1 / (1 + math.exp(-(w["weight_gates"][unit] @ wide[t] + w["bias_gates"][unit])))
            i = 1 / (1 + math.exp(-(w["weight_gates"][H + unit] @ wide[t] + w["bias_gates"][H + unit])))
            a = base ** (options.get("c", 8.0) * r)
            h = a * h + math.sqrt(1 - a**2) * i * wide[t, unit]
            outputs[t, unit] = h
    return outputs, [outputs[-1]]


FORMS: list[tuple[str, Formula, dict[str, Any], int]] = [
    ("min-gru", min_gru, {}, 0),
    ("min-gru", min_gru, {"candidate": "positive"}, 0),
    ("min-lstm", min_lstm, {}, 0),
    ("min-lstm", min_lstm, {"candidate": "positive"}, 0),
    ("lru", lru, {}, 0),
    ("lru", lru, {"activation": "none"}, 0),
    ("lru", lru, {"state_size": 4, "r_min": 0.4, "r_max": 0.9, "max_phase": 1.0}, 2),
    ("rg-lru", rg_lru, {}, 0),
    ("rg-lru", rg_lru, {"c": 2.0, "min_decay": 0.2, "max_decay": 0.7}, 0),
]
EACH = pytest.mark.parametrize(("name", "formula", "options", "output_size"), FORMS)
KERNEL = pytest.mark.parametrize("kernel", ["reference", "auto"])


def weights_of(cell: Any) -> Weights:
    return {name: value.detach().numpy().copy() for name, value in cell.named_parameters()}


@KERNEL
@EACH
def test_agrees_with_its_equations(
    name: str, formula: Formula, options: dict[str, Any], output_size: int, kernel: str
) -> None:
    """Two layers read both ways, ragged, from a state."""
    form = {"layers": 2, "bidirectional": True, "output_size": output_size, "options": options, "kernel": kernel}
    net = network(name, I, H, **form)
    x, lengths = noise(3, T, I), [3, 5, 1]
    state = some_state(net, 3)
    outputs, last = net(x, torch.tensor(lengths), state, return_state=True)
    for row, length in enumerate(lengths):
        y = x[row, :length].numpy()
        for layer in range(2):
            ways = []
            for direction in range(2):
                k = 2 * layer + direction
                first = [part[k, row].numpy() for part in state]
                given = y[::-1] if direction else y
                out, after = formula(weights_of(net.cells[k]), given, first, options)
                ways.append(out[::-1] if direction else out)
                for part, right in zip(last, after, strict=True):
                    np.testing.assert_allclose(part[k, row].detach().numpy(), right, rtol=1e-10, atol=1e-12)
            y = np.concatenate(ways, 1)
        np.testing.assert_allclose(outputs[row, :length].detach().numpy(), y, rtol=1e-10, atol=1e-12)
        assert not outputs[row, length:].any()


@KERNEL
@EACH
def test_gradients_are_those_of_its_equations(
    name: str, formula: Formula, options: dict[str, Any], output_size: int, kernel: str
) -> None:
    net = network(name, I, H, output_size=output_size, options=options, kernel=kernel)
    state, x = some_state(net, 1), noise(1, T, I)
    leaves = {"x": x, **state._asdict(), **{k.removesuffix("_l0"): v for k, v in parameters(net).items()}}
    for leaf in leaves.values():
        leaf.requires_grad_()
    outputs, last = net(x, None, state, return_state=True)
    by = [noise(*value.shape, seed=7 + k) for k, value in enumerate((outputs, *last))]
    loss = sum((value * one).sum() for value, one in zip((outputs, *last), by, strict=True))
    found = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))  # type: ignore[arg-type]

    values = {key: leaf.detach().numpy().copy() for key, leaf in leaves.items()}

    def loss_of() -> float:
        out, after = formula(values, values["x"][0], [values[part][0, 0] for part in state._fields], options)
        return float(sum((one.numpy().reshape(value.shape) * value).sum() for one, value in zip(by, [out, *after])))  # noqa: B905

    for key, gradient in found.items():
        flat, step = values[key].reshape(-1), 1e-6
        for place, right in enumerate(gradient.reshape(-1).tolist()):
            before = flat[place]
            ends = []
            for there in (before + step, before - step):
                flat[place] = there
                ends.append(loss_of())
            flat[place] = before
            assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(right, rel=1e-6, abs=1e-7), key


def test_the_eigenvalues_of_an_lru_begin_in_their_ring() -> None:
    cell: Any = network("lru", 3, 500, options={"r_min": 0.6, "r_max": 0.9, "max_phase": 0.5}).cells[0]
    cell.requires_grad_(False)
    modulus, phase = (-cell.nu.exp()).exp(), cell.theta.exp()
    assert 0.6 <= float(modulus.min()) < 0.62
    assert 0.88 < float(modulus.max()) <= 0.9
    assert float((modulus**2).mean()) == pytest.approx((0.36 + 0.81) / 2, abs=0.02)  # uniform in area
    assert 0 <= float(phase.min()) < 0.02
    assert 0.48 < float(phase.max()) <= 0.5
    torch.testing.assert_close(cell.gamma.exp() ** 2 + modulus**2, torch.ones(500, dtype=torch.float64))


def test_a_whole_disc_begins_with_finite_logarithms() -> None:
    cell: Any = network("lru", 3, 5000).cells[0]
    assert all(bool(parameter.isfinite().all()) for parameter in cell.parameters())
    assert float((-cell.nu.exp()).exp().detach().max()) < 1


@pytest.mark.parametrize(("c", "low", "high"), [(8.0, 0.9, 0.999), (2.0, 0.3, 0.5)])
def test_the_decays_of_an_rg_lru_begin_uniform(c: float, low: float, high: float) -> None:
    cell: Any = network("rg-lru", 3, 500, options={"c": c, "min_decay": low, "max_decay": high}).cells[0]
    decays = cell.Lambda.detach().sigmoid() ** c
    near = 0.02 * (high - low)
    assert low - 1e-5 <= float(decays.min()) < low + near
    assert high - near < float(decays.max()) <= high + 1e-5
    assert float(decays.mean()) == pytest.approx((low + high) / 2, abs=0.1 * (high - low))


def test_a_closed_gate_of_an_rg_lru_keeps_its_state_and_has_a_gradient() -> None:
    """In float32, where 1 − a² would cancel, and where the gate is 0."""
    cell: Any = network("rg-lru", 1, 1, dtype=torch.float32).cells[0]
    for closed in (-18.0, -200.0):
        projected = torch.tensor([[1.0, closed, 0.0]], requires_grad=True)
        decay, added = cell.coefficients(projected)
        a = (
            float(torch.tensor(closed).double().sigmoid())
            * 8.0
            * float(torch.log(cell.Lambda.detach().double().sigmoid()))
        )
        assert float(added.detach()) == pytest.approx(0.5 * math.sqrt(-math.expm1(2 * a)), rel=1e-5, abs=1e-18)
        (gradient,) = torch.autograd.grad((decay + added).sum(), projected)
        assert bool(gradient.isfinite().all())


def test_gates_of_a_min_lstm_that_both_vanish_are_still_shared() -> None:
    cell: Any = network("min-lstm", 1, 1, dtype=torch.float32).cells[0]
    decay, added = cell.coefficients(torch.tensor([[-200.0, -201.0, 3.0]]))
    assert float(decay) == pytest.approx(1 / (1 + math.exp(-1)), rel=1e-5)
    assert float(added) == pytest.approx(3 / (1 + math.exp(1)), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("lru", {"r_min": 0.9, "r_max": 0.5}, r"The ring of eigenvalues is empty: r_min is 0\.9 and r_max 0\.5\."),
        ("rg-lru", {"min_decay": 0.9, "max_decay": 0.9}, r"No decay is between min_decay, 0\.9, and max_decay, 0\.9\."),
    ],
)
def test_bounds_that_leave_nothing_are_refused(name: str, options: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        cells.build(name, 3, 4, options=options)
