"""The Cell contract: parameters and one recurrence.

Shapes: B batch, T time, I input size, H hidden size, O output size, G rows of all gates together.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cells._steps import Steps

State = Any  # a NamedTuple of tensors (B,H), its own type for each cell


class Hidden(NamedTuple):
    """The state of a cell that carries nothing but its hidden vector."""

    h: Tensor  # (B,H)


class Cell(nn.Module, ABC):
    """One recurrence over one layer and one direction.

    Parameters carry ``torch.nn``'s names, shapes and gate order (``weight_ih`` (G,I), ``weight_hh`` (G,H),
    ``bias_ih`` and ``bias_hh`` (G,)) and its initialisation, uniform in ±1/√H.

    Args:
        input_size: I.
        hidden_size: H.
        output_size: O, for a cell with ``own_output``; 0: H.
    """

    bidirectional: ClassVar[bool] = False  # True: always read both ways
    own_output: ClassVar[bool] = False  # True: O may differ from H
    gate_count: ClassVar[int] = 1
    recurrent_bias: ClassVar[bool] = True

    def __init__(self, input_size: int, hidden_size: int, output_size: int = 0) -> None:
        super().__init__()
        if min(input_size, hidden_size) < 1:
            raise ValueError(f"Input and hidden size must be at least 1: they are {input_size} and {hidden_size}.")
        if output_size not in (0, hidden_size) and not self.own_output:
            raise ValueError(f"{type(self).__name__}'s output is its hidden state: its output size cannot be chosen.")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.output_size = output_size or hidden_size
        self.make_parameters()

    def make_parameters(self) -> None:
        """Create and initialise the parameters."""
        rows = self.gate_count * self.hidden_size
        self.add_parameters(rows, 1 / math.sqrt(self.hidden_size))

    def add_parameters(self, rows: int, bound: float) -> None:
        """``weight_ih``, ``weight_hh`` and the biases with G = ``rows``, uniform in ±``bound``."""
        self.weight_ih = nn.Parameter(torch.empty(rows, self.input_size).uniform_(-bound, bound))
        self.weight_hh = nn.Parameter(torch.empty(rows, self.hidden_size).uniform_(-bound, bound))
        self.bias_ih = nn.Parameter(torch.empty(rows).uniform_(-bound, bound))
        if self.recurrent_bias:
            self.bias_hh = nn.Parameter(torch.empty(rows).uniform_(-bound, bound))

    def project(self, x: Tensor) -> Tensor:
        """All that does not depend on the state, for all steps at once: ``x`` (…,I) → (…,G)."""
        bias = self.bias_ih + self.bias_hh if self.recurrent_bias else self.bias_ih
        return F.linear(x, self.weight_ih, bias)

    def initial_state(self, batch: int) -> State:
        """The state before the first step, zeros (B,H)."""
        return Hidden(self.weight_hh.new_zeros(batch, self.hidden_size))

    @abstractmethod
    def step(self, projected: Tensor, state: State) -> tuple[Tensor, State]:
        """One step: ``projected`` (B,G) and the state before it → output (B,O) and the state after it."""

    @abstractmethod
    def gates(self, projected: Tensor, state: State) -> dict[str, Tensor]:
        """What happens inside one step, by name, each (B,H): for looking inside."""

    def run(self, x: Tensor, steps: Steps, state: State | None, return_state: bool) -> tuple[Tensor, State | None]:
        """All steps in the order of one direction.

        Args:
            x: (T,B,I).
            state: before the first step, its parts (B,H); none: ``initial_state``.
            return_state: also give the state after each sequence's own last step.

        Returns:
            outputs (T,B,O), zero past each sequence's end, and the state, or ``None``.
        """
        state = self.initial_state(x.shape[1]) if state is None else steps.sort(state)
        outputs, ended = [], []
        for projected in torch.split(self.project(steps.take(x)), steps.sizes):  # (n,G), n sequences still alive
            n = len(projected)
            if n < len(state[0]):  # those that ended keep their state as it is
                ended.append(type(state)(*(part[n:] for part in state)))
                state = type(state)(*(part[:n] for part in state))
            output, state = self.step(projected, state)  # (n,O)
            outputs.append(output)
        found = steps.put(torch.cat(outputs))  # (T,B,O)
        if not return_state:
            return found, None
        parts = zip(state, *reversed(ended), strict=True)
        return found, steps.unsort(type(state)(*(torch.cat(part) for part in parts)))

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + f", output_size={self.output_size}" * self.own_output

    def torch_parameters(self) -> dict[str, Tensor]:
        """The parameters under the names that ``torch.nn`` gives them, without ``_l0``."""
        return dict(self.named_parameters())
