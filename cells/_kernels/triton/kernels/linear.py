"""The elementwise linear recurrence by associative scans: a program goes through a sequence by chunks of steps.

A program holds ``SC`` units of one sequence. Pairs (a, b) of neighbouring steps join to (a' a, a' b + b'), in parallel;
the state before a chunk is multiplied in afterwards. A complex number is its real and its imaginary part.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def joined(a, b, later_a, later_b):
    return later_a * a, later_a * b + later_b


@triton.jit
def joined_complex(a, ai, b, bi, c, ci, d, di):
    """The step (a, b) and then (c, d), each a real and an imaginary part."""
    return c * a - ci * ai, c * ai + ci * a, c * b - ci * bi + d, c * bi + ci * b + di


@triton.jit
def last_of(values, ST: tl.constexpr):
    """The last row (SC,) of a chunk (ST,SC), whatever stands in the others."""
    steps = tl.arange(0, ST)[:, None] + tl.zeros_like(values).to(tl.int32)
    return tl.sum(tl.where(steps == ST - 1, values, tl.zeros_like(values)), 0)


@triton.jit
def forward(
    a, b, first, h, lengths, offsets, N,
    COMPLEX: tl.constexpr, CONSTANT: tl.constexpr, ST: tl.constexpr, SC: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0)
    cols = tl.program_id(1) * SC + tl.arange(0, SC)
    there = cols < N
    length = tl.load(lengths + row)
    parts: tl.constexpr = 2 if COMPLEX else 1
    carry = tl.load(first + (row * N + cols) * parts, mask=there, other=0.0)
    if COMPLEX:
        carry_i = tl.load(first + (row * N + cols) * parts + 1, mask=there, other=0.0)
    for begin in range(0, length, ST):
        t = begin + tl.arange(0, ST)
        inside = (t < length)[:, None] & there[None, :]
        at = tl.load(offsets + t, mask=t < length, other=0) + row
        place = (at[:, None] * N + cols[None, :]) * parts
        of_a = (cols[None, :] + tl.zeros_like(place)) * parts if CONSTANT else place
        decay = tl.load(a + of_a, mask=inside, other=1.0)  # past the end the state stays as it is
        added = tl.load(b + place, mask=inside, other=0.0)
        if COMPLEX:
            decay_i = tl.load(a + of_a + 1, mask=inside, other=0.0)
            added_i = tl.load(b + place + 1, mask=inside, other=0.0)
            decay, decay_i, added, added_i = tl.associative_scan((decay, decay_i, added, added_i), 0, joined_complex)
            state = decay * carry[None, :] - decay_i * carry_i[None, :] + added
            state_i = decay * carry_i[None, :] + decay_i * carry[None, :] + added_i
            tl.store(h + place + 1, state_i, mask=inside)
            carry_i = last_of(state_i, ST)
        else:
            decay, added = tl.associative_scan((decay, added), 0, joined)
            state = decay * carry[None, :] + added
        tl.store(h + place, state, mask=inside)
        carry = last_of(state, ST)


@triton.jit
def backward(
    a, h, first, d_h, d_last, d_a, d_b, d_first, lengths, offsets, N,
    COMPLEX: tl.constexpr, CONSTANT: tl.constexpr, ST: tl.constexpr, SC: tl.constexpr,
):  # fmt: skip
    """Gradients g of b, from the last step to the first: g_t = d_h_t + conj(a_{t+1}) g_{t+1}; by a it is g conj(h)."""
    row = tl.program_id(0)
    cols = tl.program_id(1) * SC + tl.arange(0, SC)
    there = cols < N
    length = tl.load(lengths + row)
    parts: tl.constexpr = 2 if COMPLEX else 1
    start = (row * N + cols) * parts
    carry = tl.load(d_last + start, mask=there, other=0.0)
    if COMPLEX:
        carry_i = tl.load(d_last + start + 1, mask=there, other=0.0)
    for begin in range(0, length, ST):
        t = length - 1 - begin - tl.arange(0, ST)  # in the order of the scan
        inside = (t >= 0)[:, None] & there[None, :]
        at = tl.load(offsets + t, mask=t >= 0, other=0) + row
        place = (at[:, None] * N + cols[None, :]) * parts
        goes_on = inside & (t + 1 < length)[:, None]
        next_at = tl.load(offsets + t + 1, mask=(t >= 0) & (t + 1 < length), other=0) + row
        of_a = next_at[:, None] * N + cols[None, :]
        if CONSTANT:
            of_a = cols[None, :] + tl.zeros_like(of_a)
        of_a = of_a * parts
        decay = tl.load(a + of_a, mask=goes_on, other=1.0)
        grad = tl.load(d_h + place, mask=inside, other=0.0)
        earlier = inside & (t > 0)[:, None]
        at_before = tl.load(offsets + t - 1, mask=t > 0, other=0) + row
        of_before = (at_before[:, None] * N + cols[None, :]) * parts
        at_first = start[None, :] + tl.zeros_like(place)
        is_first = inside & (t == 0)[:, None]
        before = tl.load(h + of_before, mask=earlier, other=0.0) + tl.load(first + at_first, mask=is_first, other=0.0)
        if COMPLEX:
            decay_i = -tl.load(a + of_a + 1, mask=goes_on, other=0.0)
            grad_i = tl.load(d_h + place + 1, mask=inside, other=0.0)
            before_i = tl.load(h + of_before + 1, mask=earlier, other=0.0)
            before_i += tl.load(first + at_first + 1, mask=is_first, other=0.0)
            decay, decay_i, grad, grad_i = tl.associative_scan((decay, decay_i, grad, grad_i), 0, joined_complex)
            g = decay * carry[None, :] - decay_i * carry_i[None, :] + grad
            g_i = decay * carry_i[None, :] + decay_i * carry[None, :] + grad_i
            tl.store(d_b + place, g, mask=inside)
            tl.store(d_b + place + 1, g_i, mask=inside)
            tl.store(d_a + place, g * before + g_i * before_i, mask=inside)
            tl.store(d_a + place + 1, g_i * before - g * before_i, mask=inside)
            carry_i = last_of(g_i, ST)
        else:
            decay, grad = tl.associative_scan((decay, grad), 0, joined)
            g = decay * carry[None, :] + grad
            tl.store(d_b + place, g, mask=inside)
            tl.store(d_a + place, g * before, mask=inside)
        carry = last_of(g, ST)
    first_a = cols * parts if CONSTANT else start  # the first step's rows lie first
    decay = tl.load(a + first_a, mask=there, other=0.0)
    if COMPLEX:
        decay_i = tl.load(a + first_a + 1, mask=there, other=0.0)
        tl.store(d_first + start, decay * carry + decay_i * carry_i, mask=there)
        tl.store(d_first + start + 1, decay * carry_i - decay_i * carry, mask=there)
    else:
        tl.store(d_first + start, decay * carry, mask=there)
