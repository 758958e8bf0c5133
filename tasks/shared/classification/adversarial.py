"""Adversarial training: the loss of a batch, and of the same batch with its features moved to where the loss rises.

Source: T. Miyato, A. M. Dai and I. Goodfellow, Adversarial Training Methods for Semi-Supervised Text Classification,
ICLR 2017, eq. 3 to 5. There the embeddings are normalised, so that a network cannot escape by letting them grow; here
the perturbation is a share of the features' own norm instead, which comes to the same and suits any features.

Shapes: B batch, T time, I input size, C classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tasks.shared.classification.model import SequenceClassifier

_SCALE = 1024.0  # of a loss that is differentiated, so that gradients in float16 do not underflow; exact: a power of 2


def loss(
    model: SequenceClassifier, codes: Tensor, lengths: Tensor, of_scores: Callable[[Tensor], Tensor], size: float
) -> Tensor:
    """Return the mean of a batch's loss and of that with perturbed features, ().

    Both passes read the same features, with the same ones dropped; the perturbation counts as constant. The first
    pass's gradient is needed for the perturbation anyway: it is kept for the backward pass, which costs no more then.

    Args:
        codes: (B,T) or (B,T,…).
        lengths: (B,) on the CPU.
        of_scores: scores (B,C) → loss ().
        size: norm of each sequence's perturbation, as a share of the norm of its features.
    """
    features = model.features(codes)  # (B,T,I)
    plain, known = _known(model, features, lengths, of_scores)
    moved = features + perturbation(features.detach(), known, lengths, size)
    return (plain + of_scores(model.scores(moved, lengths))) / 2


def perturbation(features: Tensor, gradient: Tensor, lengths: Tensor, size: float) -> Tensor:
    """Return the change of the features that raises the loss fastest: (B,T,I), (B,T,I), (B,) → (B,T,I).

    Its norm over a whole sequence is ``size`` times the features'; zero past each end, and where the gradient is.
    """
    there = torch.arange(features.shape[1], device=features.device) < lengths.to(features.device)[:, None]
    direction = gradient.float() * there[..., None]  # the norms of long sequences pass float16
    norms = direction.flatten(1).norm(dim=1).clamp(min=torch.finfo(torch.float32).tiny)  # (B,)
    own = (features.float() * there[..., None]).flatten(1).norm(dim=1)  # (B,)
    moved: Tensor = direction * (size * own / norms)[:, None, None]
    return moved.to(features.dtype)


def _known(
    model: SequenceClassifier, features: Tensor, lengths: Tensor, of_scores: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Return the loss of features, (), whose gradient is known already, and its gradient to them (B,T,I)."""
    leaf = features.detach().requires_grad_()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    with torch.enable_grad():
        found = of_scores(model.scores(leaf, lengths))
    scaled = torch.autograd.grad(found * _SCALE, [leaf, *weights], allow_unused=True)
    gradients = [None if gradient is None else gradient / _SCALE for gradient in scaled]
    to_features = gradients[0]
    assert to_features is not None
    joined: Any = _WithGradient.apply(found.detach(), gradients, features, *weights)  # type: ignore[no-untyped-call]
    return joined, to_features


class _WithGradient(torch.autograd.Function):
    """A number whose gradients to some tensors were found before."""

    @staticmethod
    def forward(ctx: Any, number: Tensor, gradients: list[Tensor | None], *of: Tensor) -> Tensor:
        ctx.gradients = gradients
        return number.clone()

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor) -> Any:
        return None, None, *(None if gradient is None else gradient * incoming[0] for gradient in ctx.gradients)
