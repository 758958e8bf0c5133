"""Divergence between two readings of the same examples whose dropouts differ.

Source: X. Liang et al., R-Drop: Regularized Dropout for Neural Networks, NeurIPS 2021, eq. 1 to 4. The loss there is
the sum of both readings' cross-entropies and α times this; a task's is half of that, a mean, so that α is the paper's.

Shapes: B examples, C classes.
"""

from __future__ import annotations

from torch import Tensor


def divergence(scores: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the mean over the examples of (KL(p‖q) + KL(q‖p)) / 2, a scalar.

    Args:
        scores: (2B,C), the second half of the same examples as the first.
        weights: (B,) of the examples in the mean; none: all the same.
    """
    first, second = scores.float().log_softmax(1).chunk(2)  # 2 × (B,C)
    each = ((first.exp() - second.exp()) * (first - second)).sum(1) / 2  # (B,)
    return each.mean() if weights is None else (each * weights).sum() / weights.sum()
