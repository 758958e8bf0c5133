"""Elman's recurrent network. Nothing is kept for the backward pass but the output."""

from __future__ import annotations

import triton
import triton.language as tl

from cells._kernels.triton.kernels.elements import block, product, read, tanh, weight_in, weight_out, write


@triton.jit(do_not_specialize=["B", "begin"])
def forward(
    projected, W, recurrent, h_first, output, h_last, lengths, offsets, B, H, begin,
    FUSED: tl.constexpr, SB: tl.constexpr, SC: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    rows, cols, inside = block(B, H, SB, SC)
    length = tl.load(lengths + rows, mask=rows < B, other=0)
    h = read(h_first, rows, cols, H, 0, H, inside)
    end = begin + 1
    if FUSED:
        end = tl.max(length, 0)
        w = weight_in(W, 0, cols, H)
    for t in range(begin, end):
        alive = inside & (t < length)[:, None]
        at = tl.load(offsets + t) + rows
        a = read(projected, at, cols, H, 0, H, alive)
        if FUSED:
            a += product(h, w, PRECISION)
        else:
            a += read(recurrent, rows, cols, H, 0, H, alive)
        h = tl.where(alive, tanh(a), h)
        if FUSED:
            write(output, at, cols, H, 0, H, h, alive)
        else:
            write(output, at, cols, H, 0, H, tl.where(alive, h, 0.0), inside)
    write(h_last, rows, cols, H, 0, H, h, inside)


@triton.jit(do_not_specialize=["B", "begin"])
def backward(
    W, output, d_output, d_h, d_projected, lengths, offsets, B, H, begin,
    FUSED: tl.constexpr, SB: tl.constexpr, SC: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    rows, cols, inside = block(B, H, SB, SC)
    length = tl.load(lengths + rows, mask=rows < B, other=0)
    dh = read(d_h, rows, cols, H, 0, H, inside)
    end = begin + 1
    if FUSED:
        end = tl.max(length, 0)
        w = weight_out(W, 0, cols, H)
    for back in range(begin, end):
        t = begin + end - 1 - back
        alive = inside & (t < length)[:, None]
        at = tl.load(offsets + t) + rows
        h = read(output, at, cols, H, 0, H, alive)
        d = (dh + read(d_output, at, cols, H, 0, H, alive)) * (1 - h * h)
        if FUSED:
            write(d_projected, at, cols, H, 0, H, d, alive)
            dh = tl.where(alive, product(d, w, PRECISION), dh)
        else:
            write(d_projected, at, cols, H, 0, H, tl.where(alive, d, 0.0), inside)
            dh = tl.where(alive, 0.0, dh)  # the product is added outside
    write(d_h, rows, cols, H, 0, H, dh, inside)
