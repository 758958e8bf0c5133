"""Mean negative log-likelihood of classes that a linear layer scores, without keeping the scores.

Scores of thousands of classes take more memory and time than all else of a small network's step: they are written,
kept for the backward pass and read again. Here gradients are computed with the scores of some positions at a time,
in the forward pass, while these scores are in the cache, and are multiplied by the loss's own gradient in the backward
pass.
P.-L. Hsu et al., Liger Kernel: Efficient Triton Kernels for LLM Training, arXiv:2410.10989, 2024, section 3.2.

Shapes: P positions, W width of an output, V classes, C positions of a chunk.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

_CHUNK = 256  # positions: their scores of 7,000 classes are 7 MB, and products of as many rows run at full speed


def mean_nll(outputs: Tensor, targets: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Compute the mean NLL in nats () of targets (P,) under outputs (P,W) scored by a layer (V,W), (V,).

    It is ``F.cross_entropy(F.linear(outputs, weight, bias), targets)`` to rounding, first derivatives too; where
    gradients of it are to be derived again, or on another device than the CPU, or under autocast, that is what is
    computed.
    """
    if _can_fuse(outputs, weight, bias):
        nll: Tensor = _MeanNLL.apply(outputs, targets, weight, bias)  # type: ignore[no-untyped-call]
        return nll
    return F.cross_entropy(F.linear(outputs, weight, bias).float(), targets)


def _can_fuse(*tensors: Tensor) -> bool:
    plain = all(one.is_cpu and one.dtype in (torch.float32, torch.float64) for one in tensors)
    return plain and torch.is_grad_enabled() and not torch.is_autocast_enabled("cpu")


class _MeanNLL(torch.autograd.Function):
    """Forward pass with the gradients; the backward pass scales them."""

    @staticmethod
    def forward(ctx: Any, outputs: Tensor, targets: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        count = len(outputs)
        d_outputs, d_weight, d_bias = torch.empty_like(outputs), torch.zeros_like(weight), torch.zeros_like(bias)
        room = outputs.new_empty(min(count, _CHUNK), len(weight))
        nats = outputs.new_empty(count, 1)
        for first in range(0, count, _CHUNK):
            part = slice(first, first + _CHUNK)
            given, due = outputs[part], targets[part, None]  # (C,W), (C,1)
            scores = torch.addmm(bias, given, weight.t(), out=room[: len(given)])  # (C,V)
            chosen, largest = scores.gather(1, due), scores.amax(1, keepdim=True)  # (C,1)
            likelihoods = scores.sub_(largest).exp_()  # in proportion to the classes' probabilities
            total = likelihoods.sum(1, keepdim=True)  # (C,1)
            torch.sub(total.log() + largest, chosen, out=nats[part])
            # total times the gradients of the scores; the totals are divided out of the narrower factors
            errors = likelihoods.scatter_add_(1, due, -total)
            torch.mm(errors, weight, out=d_outputs[part]).div_(total)
            d_weight.addmm_(errors.t(), given / total)
            d_bias.addmv_(errors.t(), total.reciprocal()[:, 0])
        ctx.save_for_backward(d_outputs, d_weight, d_bias)
        return nats.mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        d_outputs, d_weight, d_bias = ctx.saved_tensors
        scale = grad / len(d_outputs)
        return d_outputs * scale, None, d_weight * scale, d_bias * scale
