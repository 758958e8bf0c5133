"""Functions that the programs of all recurrences share: squashing functions, and blocks of a matrix (rows, columns).

A program holds ``SB`` rows of a batch and ``SC`` columns of the state. ``FUSED``: it holds all columns and goes
through all steps; the product by ``weight_hh`` is its own. Else it computes one step, and the product comes in.

Rows and steps are numbers that no program is compiled for: a ragged batch has new ones all the time.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def sigmoid(x):
    return 1 / (1 + tl.exp(-x))


@triton.jit
def tanh(x):
    e = tl.exp(-2 * tl.abs(x))  # never overflows; NaN stays NaN
    y = (1 - e) / (1 + e)
    return tl.where(x < 0, -y, y)


@triton.jit
def block(B, H, SB: tl.constexpr, SC: tl.constexpr):
    """Rows (SB,), columns (SC,), and the mask (SB,SC) of those that exist."""
    rows = tl.program_id(0) * SB + tl.arange(0, SB)
    cols = tl.program_id(1) * SC + tl.arange(0, SC)
    return rows, cols, (rows < B)[:, None] & (cols < H)[None, :]


@triton.jit
def read(pointer, row, cols, width, gate, H, mask):
    """Float32 values (SB,SC) of one gate's columns in a matrix of ``width`` columns."""
    return tl.load(pointer + row[:, None] * width + gate * H + cols[None, :], mask=mask, other=0.0).to(tl.float32)


@triton.jit
def write(pointer, row, cols, width, gate, H, value, mask):
    tl.store(pointer + row[:, None] * width + gate * H + cols[None, :], value, mask=mask)


@triton.jit
def weight_in(W, gate, cols, H):
    """One gate's matrix, transposed (H,H): a state times it is the gate's recurrent product."""
    mask = (cols < H)[:, None] & (cols < H)[None, :]
    return tl.load(W + (gate * H + cols[None, :]) * H + cols[:, None], mask=mask, other=0.0)


@triton.jit
def weight_out(W, gate, cols, H):
    """One gate's matrix (H,H): a gate's gradient times it is the state's."""
    mask = (cols < H)[:, None] & (cols < H)[None, :]
    return tl.load(W + (gate * H + cols[:, None]) * H + cols[None, :], mask=mask, other=0.0)


@triton.jit
def product(x, w, PRECISION: tl.constexpr):
    """Float32 product of a block in the weight's arithmetic.

    ``PRECISION`` is Triton's, or *rounded*: float32 products of 16-bit values, as the interpreter has no others.
    """
    low = x.to(w.dtype)
    if PRECISION == "rounded":
        return tl.dot(low.to(tl.float32), w.to(tl.float32), input_precision="ieee")
    return tl.dot(low, w, input_precision=PRECISION)


@triton.jit
def before(sequence, first, offsets, t, rows, cols, H, mask):
    """A state's float32 values before step t: those kept after the step before it, or the first."""
    later = ((t + tl.zeros_like(rows)) > 0)[:, None]  # a block: some versions' interpreters mask by nothing else
    at = tl.load(offsets + t - 1, mask=t > 0, other=0)
    kept = tl.load(sequence + (at + rows)[:, None] * H + cols[None, :], mask=mask & later, other=0.0)
    start = tl.load(first + rows[:, None] * H + cols[None, :], mask=mask & (later == 0), other=0.0)
    return tl.where(later, kept.to(tl.float32), start.to(tl.float32))
