"""torch's own recurrences behind the face of a cell.

One layer and one direction of ``torch.nn``, run on padded batches: packing a ragged batch takes ten times the
padded time on the CPU, so a ragged batch is packed only where states go in or come out.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from cells._base import Cell, Hidden, State
from cells._steps import Steps


class BuiltIn(Cell):
    """A ``torch.nn`` module that is handed states and gives them back as NamedTuples."""

    module: ClassVar[type[nn.RNN] | type[nn.GRU] | type[nn.LSTM]]

    def make_parameters(self) -> None:
        self.rnn: Any = self.module(self.input_size, self.hidden_size)

    def project(self, x: Tensor) -> Tensor:
        return x  # torch does it inside

    def initial_state(self, batch: int) -> State:
        return Hidden(self.rnn.weight_hh_l0.new_zeros(batch, self.hidden_size))

    @abstractmethod
    def to_module(self, state: State) -> Any:
        """A state as the module takes it, each part (1,B,H)."""

    @abstractmethod
    def from_module(self, state: Any) -> State:
        """A state as the module gives it → each part (B,H)."""

    def step(self, projected: Tensor, state: State) -> tuple[Tensor, State]:
        output, after = self.rnn(projected[None], self.to_module(state))  # (1,B,H)
        return output[0], self.from_module(after)

    def gates(self, projected: Tensor, state: State) -> dict[str, Tensor]:
        return {"h": self.step(projected, state)[0]}  # torch shows no more

    def run(self, x: Tensor, steps: Steps, state: State | None, return_state: bool) -> tuple[Tensor, State | None]:
        before = None if state is None else self.to_module(steps.sort(state))
        if return_state or state is not None:
            packed = PackedSequence(steps.take(x), torch.tensor(steps.sizes))
            output, after = self.rnn(packed, before)
            return steps.put(output.data), steps.unsort(self.from_module(after)) if return_state else None
        return steps.turn_back(self.rnn(steps.turn(x))[0]), None  # (T,B,H)

    def torch_parameters(self) -> dict[str, Tensor]:
        return {name.removesuffix("_l0"): tensor for name, tensor in self.rnn.named_parameters()}


class BuiltInHidden(BuiltIn):
    """A module whose state is nothing but its hidden vector."""

    def to_module(self, state: Hidden) -> Tensor:
        return state.h[None].contiguous()

    def from_module(self, state: Tensor) -> Hidden:
        return Hidden(state[0])
