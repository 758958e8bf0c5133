"""Gated recurrent unit as textbooks write it. Columns of gates: r z n. Kept for the backward pass: gates (M,3H).

The candidate's product needs the reset state, so that one step of a large state takes two programs each way.
"""

from __future__ import annotations

import triton
import triton.language as tl

from cells._kernels.triton.kernels.elements import (
    before,
    block,
    product,
    read,
    sigmoid,
    tanh,
    weight_in,
    weight_out,
    write,
)


@triton.jit(do_not_specialize=["B"])
def forward(
    projected, W, h_first, output, gates, h_last, lengths, offsets, B, H,
    SAVE: tl.constexpr, SB: tl.constexpr, SC: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """All steps."""
    rows, cols, inside = block(B, H, SB, SC)
    length = tl.load(lengths + rows, mask=rows < B, other=0)
    h = read(h_first, rows, cols, H, 0, H, inside)
    w_r, w_z, w_n = weight_in(W, 0, cols, H), weight_in(W, 1, cols, H), weight_in(W, 2, cols, H)
    for t in range(0, tl.max(length, 0)):
        alive = inside & (t < length)[:, None]
        at = tl.load(offsets + t) + rows
        r = sigmoid(read(projected, at, cols, 3 * H, 0, H, alive) + product(h, w_r, PRECISION))
        z = sigmoid(read(projected, at, cols, 3 * H, 1, H, alive) + product(h, w_z, PRECISION))
        n = tanh(read(projected, at, cols, 3 * H, 2, H, alive) + product(r * h, w_n, PRECISION))
        h = tl.where(alive, n + z * (h - n), h)
        write(output, at, cols, H, 0, H, h, alive)
        if SAVE:
            write(gates, at, cols, 3 * H, 0, H, r, alive)
            write(gates, at, cols, 3 * H, 1, H, z, alive)
            write(gates, at, cols, 3 * H, 2, H, n, alive)
    write(h_last, rows, cols, H, 0, H, h, inside)


@triton.jit(do_not_specialize=["B", "t"])
def reset(projected, recurrent, h_state, gates, h_reset, lengths, offsets, B, H, t, SB: tl.constexpr, SC: tl.constexpr):
    """The first half of one step: r and z into ``gates``, r ⊙ h into ``h_reset``."""
    rows, cols, inside = block(B, H, SB, SC)
    alive = inside & (t < tl.load(lengths + rows, mask=rows < B, other=0))[:, None]
    at = tl.load(offsets + t) + rows
    r = read(projected, at, cols, 3 * H, 0, H, alive) + read(recurrent, rows, cols, 2 * H, 0, H, alive)
    z = read(projected, at, cols, 3 * H, 1, H, alive) + read(recurrent, rows, cols, 2 * H, 1, H, alive)
    r = tl.where(alive, sigmoid(r), 0.0)  # also past an end, where the weight's gradient reads it
    write(gates, at, cols, 3 * H, 0, H, r, inside)
    write(gates, at, cols, 3 * H, 1, H, sigmoid(z), alive)
    write(h_reset, rows, cols, H, 0, H, r * read(h_state, rows, cols, H, 0, H, inside), inside)


@triton.jit(do_not_specialize=["B", "t"])
def candidate(
    projected, recurrent, h_state, output, gates, lengths, offsets, B, H, t, SB: tl.constexpr, SC: tl.constexpr
):
    """The second half of one step: n into ``gates``, the state after it into ``output`` and ``h_state``."""
    rows, cols, inside = block(B, H, SB, SC)
    alive = inside & (t < tl.load(lengths + rows, mask=rows < B, other=0))[:, None]
    at = tl.load(offsets + t) + rows
    h = read(h_state, rows, cols, H, 0, H, inside)
    z = read(gates, at, cols, 3 * H, 1, H, alive)
    n = tanh(read(projected, at, cols, 3 * H, 2, H, alive) + read(recurrent, rows, cols, H, 0, H, alive))
    h = tl.where(alive, n + z * (h - n), h)
    write(gates, at, cols, 3 * H, 2, H, n, alive)
    write(output, at, cols, H, 0, H, tl.where(alive, h, 0.0), inside)
    write(h_state, rows, cols, H, 0, H, h, inside)


@triton.jit(do_not_specialize=["B"])
def backward(
    W, gates, output, h_first, d_output, d_h, d_projected, lengths, offsets, B, H,
    SB: tl.constexpr, SC: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """All steps."""
    rows, cols, inside = block(B, H, SB, SC)
    length = tl.load(lengths + rows, mask=rows < B, other=0)
    dh = read(d_h, rows, cols, H, 0, H, inside)
    w_r, w_z, w_n = weight_out(W, 0, cols, H), weight_out(W, 1, cols, H), weight_out(W, 2, cols, H)
    end = tl.max(length, 0)
    for back in range(0, end):
        t = end - 1 - back
        alive = inside & (t < length)[:, None]
        at = tl.load(offsets + t) + rows
        r = read(gates, at, cols, 3 * H, 0, H, alive)
        z = read(gates, at, cols, 3 * H, 1, H, alive)
        n = read(gates, at, cols, 3 * H, 2, H, alive)
        h = before(output, h_first, offsets, t, rows, cols, H, alive)
        d = dh + read(d_output, at, cols, H, 0, H, alive)
        d_n = d * (1 - z) * (1 - n * n)
        d_z = d * (h - n) * z * (1 - z)
        d_reset = product(d_n, w_n, PRECISION)
        d_r = d_reset * h * r * (1 - r)
        write(d_projected, at, cols, 3 * H, 0, H, d_r, alive)
        write(d_projected, at, cols, 3 * H, 1, H, d_z, alive)
        write(d_projected, at, cols, 3 * H, 2, H, d_n, alive)
        d = d * z + d_reset * r + product(d_r, w_r, PRECISION) + product(d_z, w_z, PRECISION)
        dh = tl.where(alive, d, dh)
    write(d_h, rows, cols, H, 0, H, dh, inside)


@triton.jit(do_not_specialize=["B", "t"])
def backward_candidate(
    gates, output, h_first, d_output, d_h, d_projected, lengths, offsets, B, H, t,
    SB: tl.constexpr, SC: tl.constexpr,
):  # fmt: skip
    """The first half of one step back: the gradients by n and z, and what of the state's passes z."""
    rows, cols, inside = block(B, H, SB, SC)
    alive = inside & (t < tl.load(lengths + rows, mask=rows < B, other=0))[:, None]
    at = tl.load(offsets + t) + rows
    z = read(gates, at, cols, 3 * H, 1, H, alive)
    n = read(gates, at, cols, 3 * H, 2, H, alive)
    h = before(output, h_first, offsets, t, rows, cols, H, alive)
    dh = read(d_h, rows, cols, H, 0, H, inside)
    d = dh + read(d_output, at, cols, H, 0, H, alive)
    write(d_projected, at, cols, 3 * H, 1, H, tl.where(alive, d * (h - n) * z * (1 - z), 0.0), inside)
    write(d_projected, at, cols, 3 * H, 2, H, tl.where(alive, d * (1 - z) * (1 - n * n), 0.0), inside)
    write(d_h, rows, cols, H, 0, H, tl.where(alive, d * z, dh), inside)


@triton.jit(do_not_specialize=["B", "t"])
def backward_reset(
    gates, output, h_first, d_reset, d_h, d_projected, lengths, offsets, B, H, t,
    SB: tl.constexpr, SC: tl.constexpr,
):  # fmt: skip
    """The second half of one step back: the gradient by r, and what of the state's passes r."""
    rows, cols, inside = block(B, H, SB, SC)
    alive = inside & (t < tl.load(lengths + rows, mask=rows < B, other=0))[:, None]
    at = tl.load(offsets + t) + rows
    r = read(gates, at, cols, 3 * H, 0, H, alive)
    h = before(output, h_first, offsets, t, rows, cols, H, alive)
    d = read(d_reset, rows, cols, H, 0, H, alive)
    write(d_projected, at, cols, 3 * H, 0, H, tl.where(alive, d * h * r * (1 - r), 0.0), inside)
    write(d_h, rows, cols, H, 0, H, read(d_h, rows, cols, H, 0, H, inside) + tl.where(alive, d * r, 0.0), inside)
