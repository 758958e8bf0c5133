"""Sizes of the five tasks' recurrences, and the modules of ``torch.nn`` that the cells are measured by."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn


class Shape(NamedTuple):
    """A task's sizes."""

    task: str
    B: int
    T: int
    I: int  # noqa: E741
    H: int
    L: int = 1

    def __str__(self) -> str:
        return f"B{self.B} T{self.T} I{self.I} H{self.H}" + (f" L{self.L}" if self.L > 1 else "")


SHAPES = [
    Shape("names", 256, 12, 57, 128),
    Shape("imdb", 128, 250, 100, 64),
    Shape("reviews", 128, 60, 128, 128),
    Shape("climate", 64, 720, 7, 64),
    Shape("poems", 100, 50, 256, 512, 2),
]


class Group(NamedTuple):
    """A module of ``torch.nn`` and the cells that are measured by it."""

    twin: type[nn.RNNBase]
    cells: list[str]
    both: bool = False  # both directions
    lowered: bool = False  # also under bfloat16 autocast

    def __str__(self) -> str:
        return f"nn.{self.twin.__name__}" + (" both ways" if self.both else "")


GROUPS = [
    Group(nn.RNN, ["rnn", "tutorial-rnn"]),
    Group(nn.GRU, ["gru", "gru-textbook"]),
    Group(nn.LSTM, ["lstm"], lowered=True),
    Group(nn.LSTM, ["bilstm"], both=True),
]
UNLIKE = ["tutorial-rnn", "gru-textbook"]  # other equations than their twin's, so other outputs
LINEAR = ["min-gru", "min-lstm", "lru", "rg-lru"]  # elementwise linear: no twin in torch
