"""A network that reads a sequence and names its class.

Shapes: B batch, T time, I input size, D directions, O output size, C classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tasks.base import RecurrentNetwork
from tasks.shared.classification.settings import Pooling


class OneHot(nn.Module):
    """A symbol as a vector with a single one: (B,T) → (B,T,I)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, codes: Tensor) -> Tensor:
        return F.one_hot(codes, self.size).float()

    def extra_repr(self) -> str:
        return str(self.size)


class CharacterEmbedding(nn.Module):
    """Each word's own embedding beside the mean of its characters': (B,T,1+K) → (B,T,W+E).

    Args:
        words: (B,T) → (B,T,W).
        characters: how many there are, padding (number 0) included.
        width: E.
    """

    def __init__(self, words: nn.Module, characters: int, width: int) -> None:
        super().__init__()
        self.words = words
        self.characters = nn.Embedding(characters, width, padding_idx=0)

    def forward(self, codes: Tensor) -> Tensor:
        spelling = codes[..., 1:]  # (B,T,K)
        count = (spelling > 0).sum(-1, keepdim=True).clamp(min=1)  # (B,T,1)
        mean = self.characters(spelling).sum(-2) / count  # (B,T,E)
        return torch.cat([self.words(codes[..., 0]), mean], -1)


class LastState(nn.Module):
    """The output of each direction after it has read all: (B,T,D·O) → (B,D·O)."""

    def __init__(self, width: int, directions: int) -> None:
        super().__init__()
        self.width, self.directions = width, directions

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        rows = torch.arange(len(outputs), device=outputs.device)
        ends = (lengths - 1).to(outputs.device, non_blocking=True)
        if self.directions == 1:
            return outputs[rows, ends]
        forward, backward = outputs.chunk(2, -1)  # 2 × (B,T,O)
        return torch.cat([forward[rows, ends], backward[:, 0]], -1)


class LastMeanPooling(nn.Module):
    """``LastState`` beside each output's mean over the steps: (B,T,D·O) → (B,2·D·O)."""

    def __init__(self, width: int, directions: int) -> None:
        super().__init__()
        self.last = LastState(width, directions)
        self.width = 2 * width

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        return torch.cat([self.last(outputs, lengths), _mean(outputs, lengths)], -1)


class MaxMeanPooling(nn.Module):
    """Each output's maximum and mean over the steps: (B,T,D·O) → (B,2·D·O)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = 2 * width

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        past = _past(outputs, lengths.to(outputs.device, non_blocking=True))[..., None]  # (B,T,1)
        return torch.cat([outputs.masked_fill(past, -torch.inf).amax(1), _mean(outputs, lengths)], -1)


class AttentionPooling(nn.Module):
    """A mean of the outputs weighted by a learned score of each: (B,T,D·O) → (B,D·O).

    Source: Z. Yang et al., Hierarchical Attention Networks for Document Classification, NAACL 2016, eq. 5 to 7.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.key = nn.Linear(width, width)
        self.query = nn.Linear(width, 1, bias=False)

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        lengths = lengths.to(outputs.device, non_blocking=True)
        score = self.query(self.key(outputs).tanh())[..., 0]  # (B,T)
        weights = score.masked_fill(_past(outputs, lengths), -torch.inf).softmax(1)  # (B,T)
        return torch.einsum("bt,bto->bo", weights, outputs)


def make_pooling(name: Pooling, width: int, directions: int) -> LastState | MaxMeanPooling | AttentionPooling:
    """Return the pooling that ``task.pooling`` names, of outputs (B,T,D·O) of that width."""
    match name:
        case "last":
            return LastState(width, directions)
        case "max-mean":
            return MaxMeanPooling(width)
        case "attention":
            return AttentionPooling(width)


class SequenceClassifier(nn.Module):
    """Input → recurrence → pooling → dropout → classifier.

    Args:
        input: codes (B,T) → features (B,T,I).
        recurrent: (B,T,I) → (B,T,D·O).
        pool: outputs (B,T,D·O) and lengths (B,) → (B,P), P its ``width``.
        head: (B,P) → (B,C).
        dropout: share of the pooled outputs dropped in training.
        input_dropout: share of the features dropped in training.
        symbol_dropout: share of whole symbols blanked in training.
        beside: codes (B,T) → scores (B,C) whose mean with the network's own is given, but not in training: a model
            that knows those texts by heart would leave the network nothing to learn.
    """

    def __init__(
        self,
        input: nn.Module,
        recurrent: RecurrentNetwork,
        pool: nn.Module,
        head: nn.Module,
        *,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        symbol_dropout: float = 0.0,
        beside: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.input = input
        self.blank = nn.Dropout1d(symbol_dropout)  # (B,T,I): whole steps
        self.input_dropout = nn.Dropout(input_dropout)
        self.recurrent = recurrent
        self.pool = pool
        self.dropout = nn.Dropout(dropout)
        self.head = head
        self.beside = beside

    def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """``codes`` (B,T), ``lengths`` (B,) on the CPU → scores (B,C)."""
        return with_beside(self, codes, self.scores(self.features(codes), lengths))

    def features(self, codes: Tensor) -> Tensor:
        """Return the recurrence's input: (B,T) → (B,T,I)."""
        features: Tensor = self.input_dropout(self.blank(self.input(codes)))
        return features

    def scores(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Return the network's own scores of the recurrence's input: (B,T,I), ``lengths`` (B,) on the CPU → (B,C)."""
        outputs, _ = self.recurrent(features, lengths)  # (B,T,D·O)
        return self.readout(outputs, lengths)

    def readout(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        """Return the recurrence's own scores: outputs (B,T,D·O), ``lengths`` (B,) on the CPU → (B,C)."""
        scores: Tensor = self.head(self.dropout(self.pool(outputs, lengths)))
        return scores


def with_beside(network: nn.Module, codes: Tensor, scores: Tensor) -> Tensor:
    """Return the mean of a network's scores (B,C) and those of the model beside it, but not in training."""
    if network.beside is None or network.training:
        return scores
    assert isinstance(network.beside, nn.Module)
    mean: Tensor = (scores + network.beside(codes)) / 2
    return mean


def _mean(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Return the outputs' mean over each sequence's own steps; they are zero past its end: (B,T,D·O) → (B,D·O)."""
    return outputs.sum(1) / lengths.to(outputs.device, non_blocking=True)[:, None]


def _past(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Mask of the steps past each sequence's end: (B,T)."""
    return torch.arange(outputs.shape[1], device=outputs.device) >= lengths[:, None]
