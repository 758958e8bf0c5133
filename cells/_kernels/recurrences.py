"""Recurrences that kernels compute: found by a cell's functions, not by its name."""

from __future__ import annotations

from typing import Any, TypeGuard

from cells._base import AnyCell
from cells._linear import ElementwiseLinear
from cells.gru import GRU
from cells.gru_textbook import TextbookGRU
from cells.lstm import LSTM
from cells.rnn import RNN

_KINDS: dict[str, tuple[type[AnyCell], int, int]] = {  # with the rows of gates and the number of biases
    "lstm": (LSTM, 4, 2),
    "gru": (GRU, 3, 2),
    "gru-textbook": (TextbookGRU, 3, 1),
    "rnn": (RNN, 1, 2),
}
_DECISIVE = ("run", "step", "gates", "project", "_input_bias", "recurrent_matrix")
"""Attributes that make a recurrence; where a state begins is left to ``initial_state``, which kernels call."""


def recurrence(cell: AnyCell) -> str:
    """Return the recurrence of a cell: ``lstm``, ``gru``, ``gru-textbook`` or ``rnn``; empty: one of its own.

    A subclass that changes none of the functions has its parent's recurrence, one that overrides ``step`` its own.
    The parameters must be those of the equations: ``weight_ih`` (G,I), ``weight_hh`` (G,H) and the biases (G,).
    """
    for name, (kind, gates, biases) in _KINDS.items():
        if all(_same(cell, kind, attribute) for attribute in _DECISIVE):
            return name if _fits(cell, gates * cell.hidden_size, biases) else ""
    return ""


def elementwise_linear(cell: AnyCell) -> TypeGuard[ElementwiseLinear[Any]]:
    """Return whether whole sequences follow from a cell's coefficients: it has no ``step`` or ``run`` of its own."""
    return all(_same(cell, ElementwiseLinear, attribute) for attribute in ("run", "step"))


def _same(cell: AnyCell, kind: type, attribute: str) -> bool:
    return attribute not in vars(cell) and getattr(type(cell), attribute) is getattr(kind, attribute)


def _fits(cell: AnyCell, rows: int, biases: int) -> bool:
    """Return whether the parameters are those of the equations, and no others."""
    shapes = {
        "weight_ih": (rows, cell.input_size),
        "weight_hh": (rows, cell.hidden_size),
        **dict.fromkeys(("bias_ih", "bias_hh")[:biases], (rows,)),
    }
    return {name: tuple(tensor.shape) for name, tensor in cell.named_parameters()} == shapes
