"""DeltaNet, a matrix memory that the delta rule corrects.

    q_t = φ(W_q x_t + b_q) / ‖φ(W_q x_t + b_q)‖          the query
    k_t = φ(W_k x_t + b_k) / ‖φ(W_k x_t + b_k)‖          the key
    v_t = W_v x_t + b_v                                  the value
    β_t = σ(W_β x_t + b_β)                               how much is corrected
    S_t = S_{t-1} − β_t (S_{t-1} k_t − v_t) k_t^T
    o_t = S_t q_t

Before a value is written under a key, what the memory S recalls by that key is taken away: the delta rule. φ is SiLU,
or the identity (``cell.feature=none``). Each of the ``heads`` has a matrix (d_v,d_k) of its own, d_v = H/heads, and
d_k is ``key_size``; the output, of size H, is o_t of all heads, one after the other. Nothing that is multiplied
depends on the state. Parameters: ``weight_ih`` (G,I) and ``bias_ih`` (G,), G = heads·(2d_k + d_v + 1), rows in the
order q k v β, in each the heads one after the other, uniform in ±1/√H.

Source: S. Yang, B. Wang, Y. Zhang, Y. Shen and Y. Kim, Parallelizing Linear Transformers with the Delta Rule over
Sequence Length, NeurIPS 2024 (arXiv:2406.06484), without the convolutions and the norm round the recurrence; the rule
from I. Schlag, K. Irie and J. Schmidhuber, Linear Transformers Are Secretly Fast Weight Programmers, ICML 2021.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec
import torch
from msgspec import Meta
from torch import Tensor
from torch.nn import functional as F

from cells._base import Cell, head_width

_LEAST = 1e-6  # added to a squared norm, so that a vector of zeros has a finite gradient


class FastWeights(NamedTuple):
    """State of a DeltaNet: a matrix of each head."""

    S: Tensor  # (B,heads,d_v,d_k)


class DeltaNet(Cell[FastWeights]):
    """A matrix memory that the delta rule writes."""

    year = 2024
    purpose = "recalling many pairs exactly"
    recurrent_weight = False
    sigmoid_gates = ("β",)
    memory = "S"

    class Options(msgspec.Struct, frozen=True):
        """Heads, size of the keys, and what is made of queries and keys."""

        heads: Annotated[int, Meta(ge=1, le=1024, description="matrices side by side; divides hidden")] = 1
        key_size: Annotated[int, Meta(ge=1, le=1024, description="size of each head's keys and queries")] = 16
        feature: Annotated[
            Literal["silu", "none"], Meta(description="function of queries and keys before they are normalised")
        ] = "silu"

    def make_parameters(self) -> None:
        heads, d_k = self.options.heads, self.options.key_size
        d_v = head_width(self.hidden_size, heads)
        self._widths = [heads * d_k, heads * d_k, heads * d_v, heads]
        self.add_parameters(sum(self._widths), 1 / math.sqrt(self.hidden_size))

    def project(self, x: Tensor) -> Tensor:
        exact = super().project(x).to(self.weight_ih.dtype)  # under autocast too: a short vector's norm divides
        q, k, v, beta = torch.split(exact, self._widths, -1)
        return torch.cat([self._normalised(q), self._normalised(k), v, beta.sigmoid()], -1)  # (…,G)

    def initial_state(self, batch: int) -> FastWeights:
        heads, d_k = self.options.heads, self.options.key_size
        return FastWeights(self.weight_ih.new_zeros(batch, heads, self.hidden_size // heads, d_k))

    def gates(self, projected: Tensor, state: FastWeights) -> dict[str, Tensor]:
        names = ("q", "k", "v", "β")
        return dict(zip(names, torch.split(projected, self._widths, 1), strict=True))  # (B,heads·d_k), …, (B,heads)

    def update(self, gates: Mapping[str, Tensor], state: FastWeights) -> dict[str, Tensor]:
        k, v, beta = (self._by_head(gates[name]) for name in ("k", "v", "β"))
        written = _outer(beta * v, k)  # (B,heads,d_v,d_k)
        return {"kept": state.S - _outer(beta * _recalled(state.S, k), k), "written": written}

    def step(self, projected: Tensor, state: FastWeights) -> tuple[Tensor, FastWeights]:
        q, k, v, beta = (self._by_head(part) for part in torch.split(projected, self._widths, 1))
        error = _recalled(state.S, k) - v  # (B,heads,d_v)
        S = state.S - _outer(beta * error, k)  # (B,heads,d_v,d_k)
        return _recalled(S, q).flatten(1), FastWeights(S)  # (B,H)

    def _by_head(self, values: Tensor) -> Tensor:
        """Return each head's values: (B,heads·d) → (B,heads,d)."""
        return values.reshape(len(values), self.options.heads, -1)

    def _normalised(self, values: Tensor) -> Tensor:
        """Return vectors of length 1: (…,heads·d_k) → (…,heads·d_k)."""
        vectors = values.reshape(*values.shape[:-1], self.options.heads, -1)  # (…,heads,d_k)
        vectors = F.silu(vectors) if self.options.feature == "silu" else vectors
        return (vectors * (vectors.square().sum(-1, keepdim=True) + _LEAST).rsqrt()).flatten(-2)


def _recalled(S: Tensor, key: Tensor) -> Tensor:
    """Return the products S k, in the precision of S under autocast too: (…,d_v,d_k) and (…,d_k) → (…,d_v)."""
    return (S * key[..., None, :]).sum(-1)


def _outer(value: Tensor, key: Tensor) -> Tensor:
    """Return the outer products: (…,d_v) and (…,d_k) → (…,d_v,d_k)."""
    return value[..., None] * key[..., None, :]
