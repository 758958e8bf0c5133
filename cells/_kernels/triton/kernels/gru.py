"""Gated recurrent unit as torch computes it. Columns of gates: r z n.

Kept for the backward pass (M,4H): r z n and q, the candidate's recurrent product with its bias.
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


@triton.jit(do_not_specialize=["B", "begin"])
def forward(
    projected, W, bias, recurrent, h_first, output, gates, h_last, lengths, offsets, B, H, begin,
    FUSED: tl.constexpr, SAVE: tl.constexpr, SB: tl.constexpr, SC: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    rows, cols, inside = block(B, H, SB, SC)
    length = tl.load(lengths + rows, mask=rows < B, other=0)
    h = read(h_first, rows, cols, H, 0, H, inside)
    b_r = tl.load(bias + cols, mask=cols < H, other=0.0)[None, :]
    b_z = tl.load(bias + H + cols, mask=cols < H, other=0.0)[None, :]
    b_n = tl.load(bias + 2 * H + cols, mask=cols < H, other=0.0)[None, :]
    end = begin + 1
    if FUSED:
        end = tl.max(length, 0)
        w_r, w_z, w_n = weight_in(W, 0, cols, H), weight_in(W, 1, cols, H), weight_in(W, 2, cols, H)
    for t in range(begin, end):
        alive = inside & (t < length)[:, None]
        at = tl.load(offsets + t) + rows
        r = read(projected, at, cols, 3 * H, 0, H, alive) + b_r
        z = read(projected, at, cols, 3 * H, 1, H, alive) + b_z
        if FUSED:
            r += product(h, w_r, PRECISION)
            z += product(h, w_z, PRECISION)
            q = product(h, w_n, PRECISION) + b_n
        else:
            r += read(recurrent, rows, cols, 3 * H, 0, H, alive)
            z += read(recurrent, rows, cols, 3 * H, 1, H, alive)
            q = read(recurrent, rows, cols, 3 * H, 2, H, alive) + b_n
        r, z = sigmoid(r), sigmoid(z)
        n = tanh(read(projected, at, cols, 3 * H, 2, H, alive) + r * q)
        h = tl.where(alive, n + z * (h - n), h)
        if FUSED:
            write(output, at, cols, H, 0, H, h, alive)
        else:
            write(output, at, cols, H, 0, H, tl.where(alive, h, 0.0), inside)
        if SAVE:
            write(gates, at, cols, 4 * H, 0, H, r, alive)
            write(gates, at, cols, 4 * H, 1, H, z, alive)
            write(gates, at, cols, 4 * H, 2, H, n, alive)
            write(gates, at, cols, 4 * H, 3, H, q, alive)
    write(h_last, rows, cols, H, 0, H, h, inside)


@triton.jit(do_not_specialize=["B", "begin"])
def backward(
    W, gates, output, h_first, d_output, d_h, d_projected, d_recurrent, lengths, offsets, B, H, begin,
    FUSED: tl.constexpr, SB: tl.constexpr, SC: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    rows, cols, inside = block(B, H, SB, SC)
    length = tl.load(lengths + rows, mask=rows < B, other=0)
    dh = read(d_h, rows, cols, H, 0, H, inside)
    end = begin + 1
    if FUSED:
        end = tl.max(length, 0)
        w_r, w_z, w_n = weight_out(W, 0, cols, H), weight_out(W, 1, cols, H), weight_out(W, 2, cols, H)
    for back in range(begin, end):
        t = begin + end - 1 - back
        alive = inside & (t < length)[:, None]
        at = tl.load(offsets + t) + rows
        r = read(gates, at, cols, 4 * H, 0, H, alive)
        z = read(gates, at, cols, 4 * H, 1, H, alive)
        n = read(gates, at, cols, 4 * H, 2, H, alive)
        q = read(gates, at, cols, 4 * H, 3, H, alive)
        h = before(output, h_first, offsets, t, rows, cols, H, alive)
        d = dh + read(d_output, at, cols, H, 0, H, alive)
        d_n = d * (1 - z) * (1 - n * n)
        d_z = d * (h - n) * z * (1 - z)
        d_r = d_n * q * r * (1 - r)
        stored = inside
        if FUSED:
            stored = alive
        else:  # a dead row has a place of its own here, and gives nothing
            d_n, d_z, d_r = tl.where(alive, d_n, 0.0), tl.where(alive, d_z, 0.0), tl.where(alive, d_r, 0.0)
        write(d_projected, at, cols, 3 * H, 0, H, d_r, stored)
        write(d_projected, at, cols, 3 * H, 1, H, d_z, stored)
        write(d_projected, at, cols, 3 * H, 2, H, d_n, stored)
        write(d_recurrent, at, cols, 3 * H, 0, H, d_r, stored)
        write(d_recurrent, at, cols, 3 * H, 1, H, d_z, stored)
        write(d_recurrent, at, cols, 3 * H, 2, H, d_n * r, stored)
        d = d * z
        if FUSED:
            d += product(d_r, w_r, PRECISION) + product(d_z, w_z, PRECISION) + product(d_n * r, w_n, PRECISION)
        dh = tl.where(alive, d, dh)  # one step: the product is added outside
    write(d_h, rows, cols, H, 0, H, dh, inside)
