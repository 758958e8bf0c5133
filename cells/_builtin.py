"""torch's own recurrences as cells: one layer and one direction of ``torch.nn``."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from cells._base import Cell, Hidden
from cells._packing import State, Steps, run_whole


class BuiltIn(Cell[State]):
    """A ``torch.nn`` module whose states are converted to and from NamedTuples."""

    differentiable = ("h",)  # a loss sees the memory of torch's LSTM through h as well, inside the module
    module: ClassVar[type[nn.RNN] | type[nn.GRU] | type[nn.LSTM]]

    def make_parameters(self) -> None:
        self.rnn: Any = self.module(self.input_size, self.hidden_size)

    def project(self, x: Tensor) -> Tensor:
        return x  # the module projects by itself

    @abstractmethod
    def to_module(self, state: State) -> Any:
        """Convert a state to the module's form, each part (1,B,H)."""

    @abstractmethod
    def from_module(self, state: Any) -> State:
        """Convert the module's state to this cell's, each part (B,H)."""

    def step(self, projected: Tensor, state: State) -> tuple[Tensor, State]:
        after = self.from_module(self.rnn(projected[None], self.to_module(state))[1])
        return after[0], after  # the output is h itself, also in the graph of a loss

    def gates(self, projected: Tensor, state: State) -> dict[str, Tensor]:
        return {"h": self.step(projected, state)[0]}  # torch gives no gates

    def run(self, x: Tensor, steps: Steps, state: State | None, return_state: bool) -> tuple[Tensor, State | None]:
        return run_whole(self._whole, x, steps, state, return_state)

    def _whole(self, x: Tensor, sizes: Tensor | None, state: State | None) -> tuple[Tensor, State]:
        before = None if state is None else self.to_module(state)
        if sizes is None:
            output, after = self.rnn(x, before)
            return output, self.from_module(after)
        packed, after = self.rnn(PackedSequence(x, sizes), before)
        return packed.data, self.from_module(after)

    def torch_parameters(self) -> dict[str, Tensor]:
        return {name.removesuffix("_l0"): tensor for name, tensor in self.rnn.named_parameters()}


class BuiltInHidden(BuiltIn[Hidden]):
    """A module whose state is its hidden vector alone."""

    def to_module(self, state: Hidden) -> Tensor:
        return state.h[None].contiguous()

    def from_module(self, state: Tensor) -> Hidden:
        return Hidden(state[0])
