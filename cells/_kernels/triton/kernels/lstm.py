"""Long short-term memory. Columns of gates: i f g o. Kept for the backward pass: gates (M,4H) and memory (M,H)."""

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
    projected, W, recurrent, h_first, c_first, output, gates, memory, h_last, c_last, lengths, offsets, B, H, begin,
    FUSED: tl.constexpr, SAVE: tl.constexpr, SB: tl.constexpr, SC: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    rows, cols, inside = block(B, H, SB, SC)
    length = tl.load(lengths + rows, mask=rows < B, other=0)
    h = read(h_first, rows, cols, H, 0, H, inside)
    c = read(c_first, rows, cols, H, 0, H, inside)
    end = begin + 1
    if FUSED:
        end = tl.max(length, 0)
        w_i, w_f = weight_in(W, 0, cols, H), weight_in(W, 1, cols, H)
        w_g, w_o = weight_in(W, 2, cols, H), weight_in(W, 3, cols, H)
    for t in range(begin, end):
        alive = inside & (t < length)[:, None]
        at = tl.load(offsets + t) + rows
        i = read(projected, at, cols, 4 * H, 0, H, alive)
        f = read(projected, at, cols, 4 * H, 1, H, alive)
        g = read(projected, at, cols, 4 * H, 2, H, alive)
        o = read(projected, at, cols, 4 * H, 3, H, alive)
        if FUSED:
            i += product(h, w_i, PRECISION)
            f += product(h, w_f, PRECISION)
            g += product(h, w_g, PRECISION)
            o += product(h, w_o, PRECISION)
        else:
            i += read(recurrent, rows, cols, 4 * H, 0, H, alive)
            f += read(recurrent, rows, cols, 4 * H, 1, H, alive)
            g += read(recurrent, rows, cols, 4 * H, 2, H, alive)
            o += read(recurrent, rows, cols, 4 * H, 3, H, alive)
        i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
        c = tl.where(alive, f * c + i * g, c)
        h = tl.where(alive, o * tanh(c), h)
        if FUSED:
            write(output, at, cols, H, 0, H, h, alive)
        else:
            write(output, at, cols, H, 0, H, tl.where(alive, h, 0.0), inside)
        if SAVE:
            write(gates, at, cols, 4 * H, 0, H, i, alive)
            write(gates, at, cols, 4 * H, 1, H, f, alive)
            write(gates, at, cols, 4 * H, 2, H, g, alive)
            write(gates, at, cols, 4 * H, 3, H, o, alive)
            write(memory, at, cols, H, 0, H, c, alive)
    write(h_last, rows, cols, H, 0, H, h, inside)
    write(c_last, rows, cols, H, 0, H, c, inside)


@triton.jit(do_not_specialize=["B", "begin"])
def backward(
    W, gates, memory, c_first, d_output, d_h, d_c, d_projected, lengths, offsets, B, H, begin,
    FUSED: tl.constexpr, SB: tl.constexpr, SC: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    rows, cols, inside = block(B, H, SB, SC)
    length = tl.load(lengths + rows, mask=rows < B, other=0)
    dh = read(d_h, rows, cols, H, 0, H, inside)
    dc = read(d_c, rows, cols, H, 0, H, inside)
    end = begin + 1
    if FUSED:
        end = tl.max(length, 0)
        w_i, w_f = weight_out(W, 0, cols, H), weight_out(W, 1, cols, H)
        w_g, w_o = weight_out(W, 2, cols, H), weight_out(W, 3, cols, H)
    for back in range(begin, end):
        t = begin + end - 1 - back
        alive = inside & (t < length)[:, None]
        at = tl.load(offsets + t) + rows
        i = read(gates, at, cols, 4 * H, 0, H, alive)
        f = read(gates, at, cols, 4 * H, 1, H, alive)
        g = read(gates, at, cols, 4 * H, 2, H, alive)
        o = read(gates, at, cols, 4 * H, 3, H, alive)
        shown = tanh(read(memory, at, cols, H, 0, H, alive))
        d = dh + read(d_output, at, cols, H, 0, H, alive)
        d_memory = dc + d * o * (1 - shown * shown)
        d_i = d_memory * g * i * (1 - i)
        d_f = d_memory * before(memory, c_first, offsets, t, rows, cols, H, alive) * f * (1 - f)
        d_g = d_memory * i * (1 - g * g)
        d_o = d * shown * o * (1 - o)
        stored = inside
        if FUSED:
            stored = alive
        else:  # a dead row has a place of its own here, and gives nothing
            d_i, d_f = tl.where(alive, d_i, 0.0), tl.where(alive, d_f, 0.0)
            d_g, d_o = tl.where(alive, d_g, 0.0), tl.where(alive, d_o, 0.0)
        write(d_projected, at, cols, 4 * H, 0, H, d_i, stored)
        write(d_projected, at, cols, 4 * H, 1, H, d_f, stored)
        write(d_projected, at, cols, 4 * H, 2, H, d_g, stored)
        write(d_projected, at, cols, 4 * H, 3, H, d_o, stored)
        dc = tl.where(alive, d_memory * f, dc)
        if FUSED:
            d = product(d_i, w_i, PRECISION) + product(d_f, w_f, PRECISION)
            d += product(d_g, w_g, PRECISION) + product(d_o, w_o, PRECISION)
            dh = tl.where(alive, d, dh)
        else:
            dh = tl.where(alive, 0.0, dh)  # the product is added outside
    write(d_h, rows, cols, H, 0, H, dh, inside)
    write(d_c, rows, cols, H, 0, H, dc, inside)
