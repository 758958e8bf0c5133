"""Large states, a few launches a step: the whole sequence as one CUDA graph for each batch size and bucket of lengths.

Shapes: B batch, T time, H hidden size, G rows of all gates, M rows of all steps together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

import torch
from torch import Tensor

from cells._kernels.captures import Captures, bucket, pad
from cells._kernels.layout import Layout
from cells._kernels.triton.recurrence import Gradients, Passed, Recurrence, Tensors


class Graphed(Recurrence):
    """A recurrence whose passes are replayed on padded batches; on ragged ones as they are until they are captured."""

    def __init__(self, inner: Recurrence, captures: Captures) -> None:
        self._inner, self._captures = inner, captures
        self.bias = inner.bias

    def forward(
        self, layout: Layout, projected: Tensor, weight: Tensor, bias: Tensor | None, first: Tensors, keep: bool
    ) -> Passed:
        def compute(lengths: Tensor, projected: Tensor, weight: Tensor, *rest: Tensor) -> Tensors:
            given = Layout.equal(layout.batch, time, lengths.device, lengths)
            passed = self._inner.forward(given, projected, weight, *_bias_and_first(rest, self.bias), keep)
            return passed.output, *passed.last, *passed.kept

        time = bucket(len(layout.sizes))
        rest = first if bias is None else (bias, *first)
        values = self._replay(("forward", keep), layout, time, compute, (projected,), (weight, *rest))
        if values is None:
            return self._inner.forward(layout, projected, weight, bias, first, keep)
        rows, parts = layout.places(), len(first)
        output, last, kept = values[0], values[1 : 1 + parts], values[1 + parts :]
        return Passed(output[rows], last, tuple(part[rows] if keep else part for part in kept))

    def backward(
        self,
        layout: Layout,
        weight: Tensor,
        first: Tensors,
        output: Tensor,
        kept: Tensors,
        d_output: Tensor,
        d_last: Tensors,
    ) -> Gradients:
        parts, count = len(first), len(kept)

        def compute(lengths: Tensor, output: Tensor, d_output: Tensor, *given: Tensor) -> Tensors:
            kept, weight, rest = given[:count], given[count], given[count + 1 :]
            padded = Layout.equal(layout.batch, time, lengths.device, lengths)
            found = self._inner.backward(padded, weight, rest[:parts], output, kept, d_output, rest[parts:])
            return found.projected, found.weight, *(() if found.bias is None else (found.bias,)), *found.first

        time = bucket(len(layout.sizes))
        sequences, rest = (output, d_output, *kept), (weight, *first, *d_last)
        values = self._replay("backward", layout, time, compute, sequences, rest)
        if values is None:
            return self._inner.backward(layout, weight, first, output, kept, d_output, d_last)
        bias = values[2] if self.bias else None
        return Gradients(values[0][layout.places()], values[1], bias, values[2 + self.bias :])

    def _replay(
        self,
        which: Hashable,
        layout: Layout,
        time: int,
        compute: Callable[..., Tensors],
        sequences: Tensors,
        rest: Tensors,
    ) -> Tensors | None:
        """Return what ``compute`` gives of lengths, padded sequences (T·B, …) and the rest; none: not captured."""
        like = sequences[0]
        key = (which, type(self._inner), layout.batch, time, *(tensor.shape[1:] for tensor in sequences), like.dtype,
               rest[0].dtype, like.device, torch.backends.cuda.matmul.allow_tf32)  # fmt: skip

        def inputs() -> Tensors:
            padded = (pad(tensor, layout.places(), layout.batch * time) for tensor in sequences)
            return layout.lengths, *padded, *rest

        return self._captures.run(key, compute, inputs)


def _bias_and_first(rest: Tensors, bias: bool) -> tuple[Tensor | None, Tensors]:
    return (rest[0], rest[1:]) if bias else (None, rest)
