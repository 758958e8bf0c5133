"""Checks of the Cell contract on one cell, on the CPU in float32: ``workbench cells NAME --check`` and the tests.

Shapes: B batch, T time, I input size, H hidden size, O output size, D directions, L layers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from cells._base import AnyCell, Cell
from cells._builtin import BuiltIn
from cells._packing import EqualLengths
from cells._recurrent import Recurrent
from cells._registry import place

B, T, I, H = 4, 6, 3, 8  # noqa: E741
LENGTHS = (3, 6, 1, 4)
WITHIN = 1e-4  # float32 sums in another order
NEAR = 0.05  # bf16, of the largest output

Check = Callable[[type[AnyCell]], None]


class Failure(AssertionError):
    """A cell breaks its contract. The message is one plain phrase."""


class NotPossible(Exception):
    """A check that this machine cannot make. The message says why."""


class Result(NamedTuple):
    """Outcome of one check, and the reason where it failed or was left out."""

    check: str
    outcome: Literal["ok", "FAIL", "left out"]
    why: str = ""


def results(kind: type[AnyCell]) -> Iterator[Result]:
    """Make every check on a cell; after one that it cannot even be built, none."""
    path = Path(inspect.getfile(kind))
    for name, check in CHECKS.items():
        try:
            with torch.random.fork_rng(devices=[]):
                check(kind)
            yield Result(name, "ok")
        except NotPossible as reason:
            yield Result(name, "left out", str(reason))
        except Failure as failure:
            yield Result(name, "FAIL", str(failure))
        except Exception as error:
            yield Result(name, "FAIL", place(error, path))
            if check is builds:
                return


def builds(kind: type[AnyCell]) -> None:
    """It is built in one layer and in several, in both directions, with parameters that follow the seed."""
    for layers in (1, 2):
        _network(kind, layers=layers)
        _network(kind, layers=layers, bidirectional=True)
    one, other = _network(kind).state_dict(), _network(kind).state_dict()
    for name, tensor in one.items():
        _equal(tensor, other[name], f"{_own(name)} differs between two networks of the same seed", within=0)


def output_shapes(kind: type[AnyCell]) -> None:
    """Outputs are (B,T,D·O), those past a sequence's end zero."""
    for layers in (1, 2):
        for both in (False, True):
            net = _network(kind, layers=layers, bidirectional=both)
            outputs, _ = net(_noise(B, T, I), torch.tensor(LENGTHS))
            _shape(outputs, (B, T, net.directions * net.output_size), "the output")
            padding = torch.arange(T) >= torch.tensor(LENGTHS)[:, None]  # (B,T)
            if bool(outputs[padding].any()):
                raise Failure("outputs past a sequence's end are not zero")


def state_shapes(kind: type[AnyCell]) -> None:
    """The state is a NamedTuple of tensors (B, …) that a step gives back in the same shapes and dtypes."""
    cell = _cell(kind)
    state = cell.initial_state(B)
    if not (isinstance(state, tuple) and hasattr(state, "_fields")):
        raise Failure(f"initial_state gives a {type(state).__name__}: it must be a NamedTuple of tensors")
    output, after = cell.step(cell.project(_noise(B, I)), state)
    _shape(output, (B, cell.output_size), "the output of a step")
    if type(after) is not type(state):
        raise Failure(f"step gives a {type(after).__name__}, and initial_state a {type(state).__name__}")
    for name, first, then in zip(state._fields, state, after, strict=True):
        if first.shape[:1] != (B,):
            raise Failure(
                f"the state's {name} has the shape {tuple(first.shape)} for a batch of {B}: it must be (B, …)"
            )
        _shape(then, tuple(first.shape), f"the state's {name} after a step")
        if first.dtype != then.dtype:
            raise Failure(f"the state's {name} is {first.dtype} before a step and {then.dtype} after it")
    net = _network(kind, layers=2, bidirectional=True)
    _, last = net(_noise(B, T, I), torch.tensor(LENGTHS), return_state=True)
    for name, first, then in zip(state._fields, state, last, strict=True):
        _shape(then, (len(net.cells), *first.shape), f"the last state's {name}")


def ragged_lengths(kind: type[AnyCell]) -> None:
    """A ragged batch gives what its sequences give one by one, outputs and last states."""
    net = _network(kind, layers=2)
    x = _noise(B, T, I)
    outputs, last = net(x, torch.tensor(LENGTHS), return_state=True)
    for row, length in enumerate(LENGTHS):
        alone, after = net(x[row : row + 1, :length], return_state=True)
        _equal(outputs[row, :length], alone[0], "the outputs of a ragged batch differ from those one by one")
        for part, own in zip(last, after, strict=True):
            _equal(part[:, row], own[:, 0], "the last states of a ragged batch differ from those one by one")


def both_directions(kind: type[AnyCell]) -> None:
    """The reverse direction starts at each sequence's own end."""
    net = _network(kind, bidirectional=True)
    x = _noise(B, T, I)
    outputs, _ = net(x, torch.tensor(LENGTHS))
    backward: Any = net.cells[1]
    for row, length in enumerate(LENGTHS):
        turned = x[row, :length].flip(0)[:, None]  # (T,1,I)
        expected, _ = backward.run(turned, EqualLengths(1, length, backward=False), None, False)
        own = outputs[row, :length, net.output_size :]
        _equal(own, expected[:, 0].flip(0), "the reverse direction differs from reading the reversed sequence")


def projection(kind: type[AnyCell]) -> None:
    """``project`` depends on its input alone: on one step as on all, before a step as after it."""
    cell = _cell(kind)
    x = _noise(T, B, I)
    at_once = cell.project(x)
    cell.step(at_once[0], cell.initial_state(B))
    for step in range(T):
        _equal(cell.project(x[step]), at_once[step], "project gives one step something else than all at once")


def gate_shapes(kind: type[AnyCell]) -> None:
    """Each gate, if there are any, is a tensor (B, …)."""
    cell = _cell(kind)
    gates = cell.gates(cell.project(_noise(B, I)), cell.initial_state(B))
    for name, value in gates.items():
        if value.shape[:1] != (B,):
            raise Failure(f"gate {name} has the shape {tuple(value.shape)} for B = {B}: it must be (B, …)")


def declared_gates(kind: type[AnyCell]) -> None:
    """Sigmoid gates lie between 0 and 1, and what a step keeps and writes adds up to its memory."""
    cell = _cell(kind)
    projected, before = cell.project(_noise(B, I)), cell.initial_state(B)
    _, before = cell.step(projected, before)
    gates = cell.gates(projected, before)
    for name in {*cell.sigmoid_gates, *filter(None, [cell.keep_gate])}:
        if name not in gates:
            raise Failure(f"gates gives no {name}, which sigmoid_gates or keep_gate names")
        if name in cell.sigmoid_gates and not bool(((gates[name] >= 0) & (gates[name] <= 1)).all()):
            raise Failure(f"gate {name} is named in sigmoid_gates and has values outside 0 to 1")
    update = cell.update(gates, before)
    if update:
        if set(update) != {"kept", "written"}:
            raise Failure(f"update gives {', '.join(update)}: it must give kept and written, or nothing")
        _, after = cell.step(projected, before)
        memory = getattr(after, cell.memory, None)
        if memory is None:
            raise Failure(f"the state has no {cell.memory}, which memory names")
        _equal(update["kept"] + update["written"], memory, f"what update keeps and writes is not {cell.memory}")


def gradients(kind: type[AnyCell]) -> None:
    """Every parameter gets a gradient that is finite and not zero."""
    net = _network(kind).train()
    outputs, _ = net(_noise(B, T, I), torch.tensor(LENGTHS))
    (outputs * _noise(*outputs.shape)).sum().backward()
    named = {_own(name): parameter for name, parameter in net.named_parameters() if parameter.requires_grad}
    for name, parameter in named.items():
        if parameter.grad is not None and not bool(parameter.grad.isfinite().all()):
            raise Failure(f"the gradient of {name} is not finite")
    dead = sorted(name for name, parameter in named.items() if parameter.grad is None or not bool(parameter.grad.any()))
    if dead:
        hint = ": set recurrent_weight = False where no matrix acts on the state" if "weight_hh" in dead else ""
        raise Failure(f"{', '.join(dead)} {'get' if len(dead) > 1 else 'gets'} no gradient{hint}")


def deterministic(kind: type[AnyCell]) -> None:
    """Evaluating a batch twice gives the same, bit for bit."""
    net = _network(kind, layers=2)
    x = _noise(B, T, I)
    first = net(x, torch.tensor(LENGTHS), return_state=True)
    second = net(x, torch.tensor(LENGTHS), return_state=True)
    _equal(second[0], first[0], "two evaluations of the same batch differ", within=0)
    for part, again in zip(first[1], second[1], strict=True):
        _equal(again, part, "the last states of two evaluations of the same batch differ", within=0)


def bf16(kind: type[AnyCell]) -> None:
    """Under autocast the outputs are near those of float32."""
    if issubclass(kind, BuiltIn) and not computes_in_bf16(kind.module):
        raise NotPossible(f"torch.nn.{kind.module.__name__} itself does not compute in bf16 on this CPU")
    net = _network(kind)
    x = _noise(B, T, I)
    exact, _ = net(x, torch.tensor(LENGTHS))
    with torch.autocast("cpu", torch.bfloat16):
        mixed, _ = net(x, torch.tensor(LENGTHS))
    off, largest = float((mixed.float() - exact).detach().abs().max()), float(exact.detach().abs().max())
    if not off <= NEAR * max(largest, 1.0):
        raise Failure(f"outputs in bf16 are off by {off:.3g}, where the largest is {largest:.3g}")


def computes_in_bf16(module: type[nn.RNN] | type[nn.GRU] | type[nn.LSTM]) -> bool:
    """Return whether ``torch.nn``'s own module runs under autocast on this CPU: oneDNN lacks it on some."""
    try:
        with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
            module(I, H)(torch.zeros(T, B, I))
    except RuntimeError:
        return False
    return True


CHECKS: dict[str, Check] = {
    "builds": builds,
    "output shapes": output_shapes,
    "state shapes": state_shapes,
    "gate shapes": gate_shapes,
    "declared gates": declared_gates,
    "ragged lengths": ragged_lengths,
    "both directions": both_directions,
    "projection": projection,
    "gradients": gradients,
    "deterministic": deterministic,
    "bf16": bf16,
}


def _network(kind: type[AnyCell], *, layers: int = 1, bidirectional: bool = False) -> Recurrent:
    torch.manual_seed(0)
    return Recurrent(kind, I, H, layers=layers, bidirectional=bidirectional).eval()


def _cell(kind: type[AnyCell]) -> AnyCell:
    cell = _network(kind).cells[0]
    assert isinstance(cell, Cell)
    return cell


def _noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def _own(name: str) -> str:
    """Return a parameter's name in its cell: ``cells.0.weight_hh`` → ``weight_hh``."""
    return name.split(".", 2)[-1]


def _shape(tensor: Tensor, expected: tuple[int, ...], what: str) -> None:
    if tuple(tensor.shape) != expected:
        raise Failure(f"{what} has the shape {tuple(tensor.shape)}: it must be {expected}")


def _equal(actual: Tensor, expected: Tensor, sentence: str, within: float = WITHIN) -> None:
    if actual.shape != expected.shape or not torch.allclose(
        actual.double(), expected.double(), rtol=within, atol=within
    ):
        raise Failure(sentence)
