"""Ridge regression on more rows than fit in memory at once, its penalty chosen on validation.

Shapes: N rows, I inputs, O outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

Batches = Callable[[], Iterable[tuple[Tensor, Tensor]]]  # each time anew: inputs (N,I), outputs (N,O)
ALPHAS = tuple(10.0 ** (half / 2) for half in range(-8, 19))  # 1e-4 to 1e9
_FACTOR = 10**0.5  # from one penalty to the next where the grid is widened


class Ridge:
    """Least squares with a penalty on the weights' squares; the inputs are centred, the intercept is free.

    The grid of penalties is widened past the end at which the best of them stands, until it stands inside.

    Args:
        train: what is learned from.
        val: chooses the penalty, by mean squared error.
        alphas: the penalties to begin with, ascending.
        widened: the most penalties that may be added.

    Attributes:
        alpha: the penalty chosen.
        at_edge: it is still the grid's smallest or largest: another beyond might be better.
    """

    def __init__(self, train: Batches, val: Batches, alphas: Sequence[float] = ALPHAS, widened: int = 12) -> None:
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
        self._values, self._vectors = torch.linalg.eigh(gram)  # once for all penalties
        self._turned = self._vectors.T @ cross
        errors = {alpha: self._error(alpha, val) for alpha in alphas}
        for _ in range(widened):
            best = min(errors, key=errors.__getitem__)
            if best not in (min(errors), max(errors)):
                break
            beyond = best * _FACTOR if best == max(errors) else best / _FACTOR
            errors[beyond] = self._error(beyond, val)
        self.alpha = min(errors, key=errors.__getitem__)
        self.at_edge = self.alpha in (min(errors), max(errors))
        self.weight = self._weight(self.alpha)  # (I,O)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the outputs (N,O) of inputs (N,I) in float64."""
        return self._apply(self.weight, x)

    def _weight(self, alpha: float) -> Tensor:
        weight: Tensor = self._vectors @ (self._turned / (self._values.clamp(min=0) + alpha)[:, None])
        return weight

    def _apply(self, weight: Tensor, x: Tensor) -> Tensor:
        return (x.double() - self.x_mean) @ weight + self.y_mean

    def _error(self, alpha: float, batches: Batches) -> float:
        weight = self._weight(alpha)
        total = count = 0.0
        for x, y in batches():
            total += float((self._apply(weight, x) - y).square().sum())
            count += y.numel()
        return total / count
