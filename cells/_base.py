"""The Cell contract: parameters and one recurrence.

Shapes: B batch, T time, I input size, H hidden size, O output size, G rows of all gates together.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Generic, NamedTuple, Self, cast

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cells._packing import State, Steps
from cells._projection import linear_at_once, linear_steps


class Hidden(NamedTuple):
    """State of a cell that carries its hidden vector alone."""

    h: Tensor  # (B,H)


class Cell(nn.Module, ABC, Generic[State]):
    """One recurrence over one layer and one direction.

    A subclass defines ``step``, and whatever of the rest differs: ``project``, ``initial_state``, ``make_parameters``.
    For inspection it may define ``gates`` and ``update``, and name ``sigmoid_gates``, ``keep_gate`` and ``memory``.
    Its state is a NamedTuple of tensors (B, …) of any trailing shapes, number and dtype; it may start anywhere, also at
    a parameter.

    Parameters carry ``torch.nn``'s names, shapes and gate order (``weight_ih`` (G,I), ``weight_hh`` (G,H),
    ``bias_ih`` and ``bias_hh`` (G,)) and its initialisation, uniform in ±1/√H.

    A subclass may declare ``Options``, a frozen msgspec struct with a default for every field: its values are
    ``self.options``, set before ``make_parameters`` is called.

    Args:
        input_size: I.
        hidden_size: H.
        output_size: O, for a cell with ``own_output``; 0: H.
    """

    Options: ClassVar[type[msgspec.Struct] | None] = None
    bidirectional: ClassVar[bool] = False  # True: always read both ways
    own_output: ClassVar[bool] = False  # True: O may differ from H
    gate_count: ClassVar[int] = 1
    recurrent_weight: ClassVar[bool] = True  # False: no matrix acts on the state, and none is made
    recurrent_bias: ClassVar[bool] = True  # False: one bias, ``bias_ih``
    sigmoid_gates: ClassVar[tuple[str, ...]] = ()  # those of ``gates`` whose values lie between 0 and 1
    keep_gate: ClassVar[str] = ""  # the one that multiplies the memory: f of an LSTM, z of a GRU
    memory: ClassVar[str] = "h"  # the part of the state that ``update`` adds up to
    differentiable: ClassVar[tuple[str, ...]] = ()  # parts of the state with a total derivative; empty: all of them
    twin: ClassVar[str] = ""  # a cell with the same equations and parameters, by its name; not inherited
    year: ClassVar[int] = 0  # of the publication; 0: not told
    purpose: ClassVar[str] = ""  # a line on what it is for
    options: Any = None  # an ``Options``, where there are any
    record: Callable[[Tensor, Any, Any], None] | None = None  # called by ``run`` after each step: see ``cells._trace``
    _lowered: Tensor | None = None  # ``weight_hh`` in autocast's arithmetic, while ``run`` goes through the steps

    def __init__(self, input_size: int, hidden_size: int, output_size: int = 0) -> None:
        super().__init__()
        if min(input_size, hidden_size) < 1:
            raise ValueError(f"Input and hidden size must be at least 1: they are {input_size} and {hidden_size}.")
        if output_size not in (0, hidden_size) and not self.own_output:
            raise ValueError(f"{type(self).__name__}'s output is its hidden state: its output size cannot be chosen.")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.output_size = output_size or hidden_size
        if self.options is None and self.Options is not None:
            self.options = self.Options()
        self.make_parameters()

    @classmethod
    def read_options(cls, values: Mapping[str, object]) -> msgspec.Struct | None:
        """Return ``values`` as this cell's ``Options``; ``None`` for a cell without any.

        Raises:
            ValueError: there is no such option, or a value is out of its bounds.
        """
        if cls.Options is None:
            if values:
                raise ValueError(f"{cls.__name__} has no options of its own: {', '.join(values)} cannot be set.")
            return None
        unknown = [name for name in values if name not in cls.Options.__struct_fields__]
        if unknown:
            raise ValueError(f"{cls.__name__} has no option {unknown[0]}.")
        try:
            return msgspec.convert(dict(values), cls.Options)
        except msgspec.ValidationError as error:
            raise ValueError(f"{cls.__name__}'s options cannot be so: {error}.") from None

    @classmethod
    def make(cls, input_size: int, hidden_size: int, output_size: int, options: msgspec.Struct | None) -> Self:
        """Construct a cell with its options, which need not pass through a subclass's own ``__init__``."""
        cell = cls.__new__(cls)
        object.__setattr__(cell, "options", options)  # nn.Module takes attributes in __init__, which comes next
        cell.__init__(input_size, hidden_size, output_size)  # type: ignore[misc]
        return cell

    def make_parameters(self) -> None:
        """Create and initialise the parameters."""
        rows = self.gate_count * self.hidden_size
        self.add_parameters(rows, 1 / math.sqrt(self.hidden_size))

    def add_parameters(self, rows: int, bound: float) -> None:
        """Add ``weight_ih``, ``weight_hh`` and the biases with G = ``rows``, uniform in ±``bound``.

        Without ``recurrent_weight`` these are ``weight_ih`` and ``bias_ih``, without ``recurrent_bias`` there is no
        ``bias_hh``.
        """
        self.weight_ih = uniform(bound, rows, self.input_size)
        if self.recurrent_weight:
            self.weight_hh = uniform(bound, rows, self.hidden_size)
        self.bias_ih = uniform(bound, rows)
        if self.recurrent_weight and self.recurrent_bias:
            self.bias_hh = uniform(bound, rows)

    def project(self, x: Tensor) -> Tensor:
        """Compute all that does not depend on the state, for all steps at once: ``x`` (…,I) → (…,G)."""
        return F.linear(x, self.weight_ih, self._input_bias)

    @property
    def _input_bias(self) -> Tensor:
        """Return the bias of ``project`` (G,): ``bias_ih``, and ``bias_hh`` where there is one."""
        two = self.recurrent_weight and self.recurrent_bias
        return self.bias_ih + self.bias_hh if two else self.bias_ih

    @property
    def recurrent_matrix(self) -> Tensor:
        """``weight_hh`` (G,H), to be used in ``step``: under autocast it is cast once for all steps."""
        if self._lowered is None:
            return self.weight_hh
        if not torch.is_grad_enabled():
            return self._lowered
        lowered: Tensor = _Lowered.apply(self.weight_hh, self._lowered)  # type: ignore[no-untyped-call]
        return lowered

    def initial_state(self, batch: int) -> State:
        """Return the state before the first step, its parts (B, …); here ``Hidden`` zeros (B,H)."""
        like = next(self.parameters(), torch.empty(0))
        return cast(State, Hidden(like.new_zeros(batch, self.hidden_size)))

    @abstractmethod
    def step(self, projected: Tensor, state: State) -> tuple[Tensor, State]:
        """Compute one step: ``projected`` (B,G) and the state before it → output (B,O) and the state after it."""

    def gates(self, projected: Tensor, state: State) -> dict[str, Tensor]:
        """Return the intermediate values of one step by name, each (B, …), for inspection; by default none."""
        return {}

    def update(self, gates: Mapping[str, Tensor], state: State) -> dict[str, Tensor]:
        """Return what one step keeps of its memory and what it writes: ``kept`` and ``written``, each (B, …).

        Their sum is the ``memory`` after the step. By default none, for a cell that does not add them up.

        Args:
            gates: of the step, from ``gates``.
            state: before the step.
        """
        return {}

    @property
    def recurrent_map(self) -> Tensor | None:
        """The matrix (H,H) that alone takes one state to the next, for a cell without gates; by default ``None``."""
        return None

    def run(self, x: Tensor, steps: Steps, state: State | None, return_state: bool) -> tuple[Tensor, State | None]:
        """Compute all steps in the order of one direction.

        Args:
            x: (T,B,I).
            state: before the first step, its parts (B, …); none: ``initial_state``.
            return_state: also return the state after each sequence's own last step.

        Returns:
            outputs (T,B,O), zero past each sequence's end, and the state, or ``None``.
        """
        state = self.initial_state(x.shape[1]) if state is None else steps.sort(state)
        outputs, ended, alive, record = [], [], x.shape[1], self.record
        self._lowered = self._lower(x.device.type)
        try:
            for projected in self._project_steps(steps.take(x), steps.sizes):  # (n,G), n sequences still alive
                n = len(projected)
                if n < alive:  # those that ended keep their state as it is
                    ended.append(type(state)(*(part[n:] for part in state)))
                    state, alive = type(state)(*(part[:n] for part in state)), n
                before = state
                output, state = self.step(projected, before)  # (n,O)
                outputs.append(output)
                if record is not None:
                    record(projected, before, state)
        finally:
            self._lowered = None
        padded = steps.put(torch.cat(outputs))  # (T,B,O)
        if not return_state:
            return padded, None
        parts = zip(state, *reversed(ended), strict=True)
        return padded, steps.unsort(type(state)(*(torch.cat(part) for part in parts)))

    def _project_steps(self, x: Tensor, sizes: list[int]) -> Iterator[Tensor]:
        """Yield ``project``'s results step by step: ``x`` (M,I) → each (n,G), n from ``sizes``."""
        if self._projects_linearly:
            return linear_steps(x, self.weight_ih, self._input_bias, sizes)
        return iter(torch.split(self.project(x), sizes))  # a cell's own sees all steps in one call

    def project_all(self, x: Tensor) -> Tensor:
        """Return ``project``'s results for all steps together: ``x`` (M,I) → (M,G)."""
        return linear_at_once(x, self.weight_ih, self._input_bias) if self._projects_linearly else self.project(x)

    @property
    def _projects_linearly(self) -> bool:
        return getattr(self.project, "__func__", None) is Cell.project

    def _lower(self, device: str) -> Tensor | None:
        """Return ``weight_hh`` in autocast's arithmetic; ``None`` where there is no autocast or no such weight."""
        weight = self._parameters.get("weight_hh")
        if weight is None or weight.dtype is not torch.float32 or not torch.is_autocast_enabled(device):
            return None
        return weight.detach().to(torch.get_autocast_dtype(device))

    def extra_repr(self) -> str:
        own = self.options.__struct_fields__ if self.options is not None else ()
        return (
            f"{self.input_size}, {self.hidden_size}"
            + f", output_size={self.output_size}" * self.own_output
            + "".join(f", {name}={getattr(self.options, name)}" for name in own)
        )

    def torch_parameters(self) -> dict[str, Tensor]:
        """Return the parameters under the names that ``torch.nn`` gives them, without ``_l0``."""
        return dict(self.named_parameters())


class _Lowered(torch.autograd.Function):
    """A weight's copy in lower precision, for one step: its gradients are summed in the weight's own precision."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, lowered: Tensor) -> Tensor:
        ctx.dtype = weight.dtype
        return lowered.detach()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0].to(ctx.dtype), None


def uniform(bound: float, *shape: int) -> nn.Parameter:
    """Return a new parameter, uniform in ±``bound``."""
    return nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))


def head_width(hidden_size: int, heads: int) -> int:
    """Return the units of each head.

    Raises:
        ValueError: H is no multiple of the heads.
    """
    if hidden_size % heads:
        raise ValueError(f"Hidden size {hidden_size} cannot be shared out among {heads} heads: make it a multiple.")
    return hidden_size // heads


AnyCell = Cell[Any]  # a cell of which only the contract is known
