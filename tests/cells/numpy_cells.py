"""Recurrences as loops in numpy, each in another form of its equations than the cell's.

Shapes: B batch, T time, I input size, H hidden size, d units of a head, K size of a key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Values = Mapping[str, Array]
Loop = Callable[[Values, Array, list[Array], Any], tuple[list[Array], list[Array]]]
"""Parameters, one sequence (T,I), the parts of the state before it, options → outputs, the parts after it."""

I, H = 3, 4  # noqa: E741


def sigmoid(x: Array) -> Array:
    return np.asarray(0.5 + 0.5 * np.tanh(x / 2))


def ind_rnn(p: Values, xs: Array, state: list[Array], own: Any) -> tuple[list[Array], list[Array]]:
    """Unit by unit, each alone."""
    outputs = np.zeros((len(xs), H))
    for unit in range(H):
        h = state[0][unit]
        for t, x in enumerate(xs):
            total = sum(p["weight_ih"][unit, k] * x[k] for k in range(I)) + p["bias_ih"][unit] + p["u"][unit] * h
            h = np.tanh(total) if own.activation == "tanh" else max(total, 0.0)
            outputs[t, unit] = h
    return [*outputs], [outputs[-1]]


def mgu(p: Values, xs: Array, state: list[Array], own: Any) -> tuple[list[Array], list[Array]]:
    """The paper's: weights of [h; x], the gate as a mixture."""
    both = np.concatenate([p["weight_hh"], p["weight_ih"]], 1)  # (2H,H+I)
    h, outputs = state[0], []
    for x in xs:
        f = sigmoid(both[:H] @ np.concatenate([h, x]) + p["bias_ih"][:H])
        candidate = np.tanh(both[H:] @ np.concatenate([f * h, x]) + p["bias_ih"][H:])
        h = h - f * h + f * candidate
        outputs.append(h)
    return outputs, [h]


def peephole_lstm(p: Values, xs: Array, state: list[Array], own: Any) -> tuple[list[Array], list[Array]]:
    """Peepholes as diagonal matrices beside those of x and h."""
    W = np.concatenate([p["weight_ih"], p["weight_hh"]], 1).reshape(4, H, I + H)  # i f g o
    b = (p["bias_ih"] + p["bias_hh"]).reshape(4, H)
    (h, c), outputs = state, []
    for x in xs:
        seen = np.concatenate([x, h])
        i, f = (sigmoid(W[k] @ seen + np.diag(p["weight_ph"][k]) @ c + b[k]) for k in (0, 1))
        c = np.diag(f) @ c + np.diag(i) @ np.tanh(W[2] @ seen + b[2])
        h = sigmoid(W[3] @ seen + np.diag(p["weight_ph"][2]) @ c + b[3]) * np.tanh(c)
        outputs.append(h)
    return outputs, [h, c]


def co_rnn(p: Values, xs: Array, state: list[Array], own: Any) -> tuple[list[Array], list[Array]]:
    """One linear map of [y; z] and a force on both."""
    dt, eye = own.dt, np.eye(H)
    flow = np.block(
        [[(1 - own.gamma * dt**2) * eye, dt * (1 - own.epsilon * dt) * eye],
         [-own.gamma * dt * eye, (1 - own.epsilon * dt) * eye]]
    )  # fmt: skip
    both, outputs = np.concatenate(state), []
    for x in xs:
        force = np.tanh(p["weight_hh"] @ both + p["weight_ih"] @ x + p["bias_ih"])
        both = flow @ both + np.concatenate([dt**2 * force, dt * force])
        outputs.append(both[:H])
    return outputs, [both[:H], both[H:]]


def s_lstm(p: Values, xs: Array, state: list[Array], own: Any) -> tuple[list[Array], list[Array]]:
    """Without a stabiliser, head by head: memory and normaliser in their own size."""
    d = H // own.heads
    h, scale = state[0], np.exp(state[3])
    c, n, outputs = state[1] * scale, state[2] * scale, []
    R = p["weight_hh"].reshape(4, own.heads, d, d)
    for x in xs:
        from_x = (p["weight_ih"] @ x + p["bias_ih"] + p["bias_hh"]).reshape(4, own.heads, d)
        from_h = np.stack([[R[k, head] @ h[head * d : head * d + d] for head in range(own.heads)] for k in range(4)])
        i, f, z, o = (from_x + from_h).reshape(4, H)
        f = sigmoid(f) if own.forget == "sigmoid" else np.exp(f)
        c, n = f * c + np.exp(i) * np.tanh(z), f * n + np.exp(i)
        h = sigmoid(o) * (c / n)
        outputs.append(h)
    return outputs, [h, c, n]


def delta_net(p: Values, xs: Array, state: list[Array], own: Any) -> tuple[list[Array], list[Array]]:
    """S (1 − β k kᵀ) + β v kᵀ, head by head."""
    heads, K, d = own.heads, own.key_size, H // own.heads
    S, outputs = [*state[0]], []  # heads × (d,K)
    for x in xs:
        rows = p["weight_ih"] @ x + p["bias_ih"]
        q, k, v, beta = np.split(rows, np.cumsum([heads * K, heads * K, heads * d]))
        output = []
        for head in range(heads):
            pair = []
            for rows in (q, k):
                vector = rows[head * K : head * K + K]
                vector = vector * sigmoid(vector) if own.feature == "silu" else vector
                pair.append(vector / np.sqrt(vector @ vector + 1e-6))
            rate = sigmoid(beta[head : head + 1])
            write = np.outer(v[head * d : head * d + d], pair[1])
            S[head] = S[head] @ (np.eye(K) - rate * np.outer(pair[1], pair[1])) + rate * write
            output.append(S[head] @ pair[0])
        outputs.append(np.concatenate(output))
    return outputs, [np.stack(S)]
