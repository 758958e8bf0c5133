"""Ridge regression on more rows than fit in memory at once, its penalty chosen on validation.

Shapes: N rows, I inputs, O outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

Batches = Callable[[], Iterable[tuple[Tensor, Tensor]]]  # each time anew: inputs (N,I), outputs (N,O)
ALPHAS = tuple(10.0**power for power in range(-2, 7))


class Ridge:
    """Least squares with a penalty on the weights' squares; the inputs are centred, the intercept is free.

    Args:
        train: what is learned from.
        val: chooses the penalty, by mean squared error.
        alphas: the penalties to choose from.
    """

    def __init__(self, train: Batches, val: Batches, alphas: Sequence[float] = ALPHAS) -> None:
        rows = 0
        sums: list[Tensor] = []
        for x, y in train():
            x, y = x.double(), y.double()
            products = [x.sum(0), y.sum(0), x.T @ x, x.T @ y]
            sums = [a + b for a, b in zip(sums, products, strict=True)] if sums else products
            rows += len(x)
        self.x_mean, self.y_mean = sums[0] / rows, sums[1] / rows  # (I,), (O,)
        gram = sums[2] - rows * torch.outer(self.x_mean, self.x_mean)  # (I,I)
        cross = sums[3] - rows * torch.outer(self.x_mean, self.y_mean)  # (I,O)
        values, vectors = torch.linalg.eigh(gram)  # once for all penalties
        turned = vectors.T @ cross
        best = float("inf")
        for alpha in alphas:
            weight = vectors @ (turned / (values.clamp(min=0) + alpha)[:, None])  # (I,O)
            error = self._error(weight, val)
            if error < best:
                best, self.alpha, self.weight = error, alpha, weight

    def __call__(self, x: Tensor) -> Tensor:
        """Return the outputs (N,O) of inputs (N,I) in float64."""
        return self._apply(self.weight, x)

    def _apply(self, weight: Tensor, x: Tensor) -> Tensor:
        return (x.double() - self.x_mean) @ weight + self.y_mean

    def _error(self, weight: Tensor, batches: Batches) -> float:
        total = count = 0.0
        for x, y in batches():
            total += float((self._apply(weight, x) - y).square().sum())
            count += y.numel()
        return total / count
