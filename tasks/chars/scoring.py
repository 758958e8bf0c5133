"""Negative log-likelihood of a text under the network, summed up by character.

Shapes: B batch, T time, O output size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tasks.base import Metrics, RecurrentState
from tasks.chars.baselines import metrics
from tasks.chars.data import CharData
from tasks.shared.text.language_model import PlainNetwork
from tasks.shared.text.linear_nll import mean_nll
from tasks.views import Table, TableValue

AT_ONCE = 1_000  # characters that an evaluation reads between two returns of the state
_ROWS = 20  # characters of the table


class Tally:
    """Sums over predicted characters, by the character that was due.

    Args:
        size: V.
    """

    def __init__(self, size: int) -> None:
        self._nats = torch.zeros(size, dtype=torch.float64)
        self._right, self._count = torch.zeros(2, size, dtype=torch.int64)

    def add(self, scores: Tensor, targets: Tensor) -> None:
        """Count in what was predicted: scores (B,T,V) of targets (B,T)."""
        due = targets.flatten().cpu()
        self._nats.index_add_(0, due, token_nll(scores, targets).flatten().double().cpu())
        self._right.index_add_(0, due, (scores.argmax(2) == targets).flatten().long().cpu())
        self._count += torch.bincount(due, minlength=len(self._count))

    def metrics(self) -> Metrics:
        """Return NLL, bits for each character, and accuracy."""
        count = int(self._count.sum())
        return {**metrics(float(self._nats.sum()) / count), "accuracy": int(self._right.sum()) / count}

    def table(self, tokens: Sequence[str]) -> Table:
        """Return the characters that cost most, with their shares of the text and of its nats."""
        order = self._nats.argsort(descending=True, stable=True)[:_ROWS].tolist()
        count, nats = int(self._count.sum()), float(self._nats.sum())
        rows: list[list[TableValue]] = []
        for code in order:
            number = int(self._count[code])
            if number:
                cost = float(self._nats[code])
                right = int(self._right[code]) / number
                rows.append([tokens[code], number / count, cost / nats if nats else 0.0, cost / number, right])
        return Table(
            title="by character",
            columns=["character", "share of text", "share of NLL", "nats", "accuracy"],
            rows=rows,
            note="those that cost most first",
        )


def network_of(model: nn.Module) -> PlainNetwork:
    """Return the model, which is a language model."""
    assert isinstance(model, PlainNetwork)
    return model


def read(model: nn.Module, codes: Tensor, state: RecurrentState = None) -> tuple[Tensor, Tensor, RecurrentState]:
    """Return outputs (B,T,O) and targets (B,T) of chunks (B,T+1) read on from a state, and the state after them."""
    outputs, after = network_of(model)(codes[:, :-1], None, state, return_state=True)
    return outputs, codes[:, 1:], after


def predict(model: nn.Module, codes: Tensor, state: RecurrentState = None) -> tuple[Tensor, Tensor, RecurrentState]:
    """Return scores (B,T,V), targets (B,T) and the state after them, as ``read`` returns outputs."""
    outputs, targets, after = read(model, codes, state)
    return network_of(model).scores(outputs), targets, after


def loss(model: nn.Module, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
    """Return the mean NLL of the targets of several batches of chunks: (B,T,O), (B,T) each → ()."""
    due = torch.cat([some.flatten() for some in targets])
    return mean_nll(torch.cat([some.flatten(0, 1) for some in outputs]), due, *network_of(model).score_layer())


def token_nll(scores: Tensor, targets: Tensor) -> Tensor:
    """Return the NLL of each target: (B,T,V), (B,T) → (B,T)."""
    return F.cross_entropy(scores.float().flatten(0, 1), targets.flatten(), reduction="none").view_as(targets)


def add_chunks(tally: Tally, model: nn.Module, data: CharData, rows: Tensor) -> None:
    """Count in training chunks, each read after the chunk before it; the text's first one has none."""
    has_one = rows > 0
    for some, earlier in ((rows[has_one], True), (rows[~has_one], False)):
        if len(some):
            state = predict(model, data.chunks(some - 1))[2] if earlier else None
            tally.add(*predict(model, data.chunks(some), state)[:2])


def add_part(tally: Tally, model: nn.Module, data: CharData, begin: int, end: int) -> None:
    """Count in all characters from ``begin`` to ``end`` but the first, the state carried on through them."""
    state: RecurrentState = None
    for at in range(begin, end - 1, AT_ONCE):
        codes = data.codes[None, at : min(at + AT_ONCE, end - 1) + 1].long()
        scores, targets, state = predict(model, codes, state)
        tally.add(scores, targets)
