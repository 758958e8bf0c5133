"""A layer in one direction through the compiled kernels, forward and backward.

Shapes: B batch, T time, I input size, H hidden size, G·H rows of the weights.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cells._base import AnyCell
from cells._kernels.native.library import Level, load
from cells._kernels.recurrences import recurrence
from cells._kernels.transforms import watched
from cells._kernels.twice import gradients_with_graph
from cells._packing import Steps

_CELLS = ("lstm", "gru", "gru-textbook", "rnn")  # as the enum ``cell`` of sequence.h
_PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

_FEW, _LARGE = 32, 1 << 18  # rows of all steps, elements of a weight

_P, _INT, _LONG = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64


class _Sequence(ctypes.Structure):
    """``struct workbench_sequence`` of sequence.h, field by field."""

    _fields_ = (
        *(
            (name, _INT)
            for name in ("cell", "batch", "time", "input", "hidden", "steps", "reversed", "threads", "keep")
        ),
        *((name, _P) for name in ("order", "lengths", "x")),
        ("x_step", _LONG),
        ("x_row", _LONG),
        *((name, _P) for name in (*_PARAMETERS, "h0", "c0", "output")),
        ("output_step", _LONG),
        ("output_row", _LONG),
        *((name, _P) for name in ("h_last", "c_last", "gates", "memory", "d_output")),
        ("d_output_step", _LONG),
        ("d_output_row", _LONG),
        *((name, _P) for name in ("d_h_last", "d_c_last", "d_x")),
        ("d_x_step", _LONG),
        ("d_x_row", _LONG),
        *((name, _P) for name in ("d_weight_ih", "d_weight_hh", "d_bias_ih", "d_bias_hh", "d_h0", "d_c0")),
    )


class _Pass(NamedTuple):
    """All of a pass but its tensors."""

    cell: AnyCell
    kind: int  # place in ``_CELLS``
    steps: Steps
    level: Level
    autocast: torch.dtype | None
    grad: bool  # gradients may be asked for


def run(cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool) -> tuple[Tensor, Any]:
    """Compute what ``Cell.run`` does, and leave to it what the kernels do not compute."""
    library, name = load(), recurrence(cell)  # which may have been changed since its kernel was chosen
    if library is None or not name or watched() or _short(cell, steps):
        return cell.run(x, steps, state, return_state)
    before = cell.initial_state(x.shape[1]) if state is None else state
    parameters = [cell._parameters.get(name) for name in _PARAMETERS]
    autocast = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None
    shapes = x.shape[2] == cell.input_size and all(part.shape == (x.shape[1], cell.hidden_size) for part in before)
    if not shapes or not _float32([*parameters, *before], x, autocast):
        return cell.run(x, steps, state, return_state)
    level = library.level_for(lowered=autocast is torch.bfloat16)
    about = _Pass(cell, _CELLS.index(name), steps, level, autocast, torch.is_grad_enabled())
    x = x.float()
    output, *after = _Layer.apply(  # type: ignore[no-untyped-call]
        about,
        return_state,
        x if x.stride(2) == 1 else x.contiguous(),
        *before,
        *[None] * (2 - len(before)),
        *parameters,
    )
    return output, type(before)(*after[: len(before)]) if return_state else None


def _short(cell: AnyCell, steps: Steps) -> bool:
    """Return whether ordering the weights would take longer than the steps: one step, as in generation, or few rows."""
    return len(steps.sizes) == 1 or (sum(steps.sizes) < _FEW and cell.weight_hh.numel() > _LARGE)


def _float32(tensors: list[Tensor | None], x: Tensor, autocast: torch.dtype | None) -> bool:
    """Return whether everything is float32, or would be without autocast to bfloat16, and lies in memory as it is."""
    given = [x, *(tensor for tensor in tensors if tensor is not None)]
    plain = all(type(one) in (Tensor, nn.Parameter) and one.is_cpu and not one.is_neg() for one in given)
    wide = all(tensor.dtype is torch.float32 for tensor in given[1:])
    return plain and wide and (x.dtype is torch.float32 or x.dtype is autocast is torch.bfloat16) and x.numel() > 0


class _Layer(torch.autograd.Function):
    """One call of the kernels forward and one backward; a second derivative goes through the Python cell."""

    @staticmethod
    def forward(
        ctx: Any,
        about: _Pass,
        return_state: bool,
        x: Tensor,
        h0: Tensor,
        c0: Tensor | None,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias_ih: Tensor,
        bias_hh: Tensor | None,
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        given = [x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh]
        time, batch, _ = x.shape
        hidden = weight_hh.shape[1]
        keep = about.grad and any(ctx.needs_input_grad)
        output = x.new_empty(time, batch, hidden)  # in memory as the Python cell's: dropout draws in that order
        h_last = x.new_empty(batch, hidden) if return_state else None
        c_last = x.new_empty(batch, hidden) if return_state and c0 is not None else None
        gates, memory = (x.new_empty(sum(about.steps.sizes) * _kept(about, hidden, part) * keep) for part in (0, 1))
        call = _described(about, given, output, gates, memory)
        call.keep = keep
        call.h_last, call.c_last = _address(h_last), _address(c_last)
        _compute(call, about, backward=False)
        ctx.about = about
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*given, output, gates, memory)
        return output, h_last, c_last

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        *given, output, gates, memory = ctx.saved_tensors
        needed = ctx.needs_input_grad[2:]
        if torch.is_grad_enabled():  # of a graph that will be derived again
            parts = 1 if given[2] is None else 2
            return None, None, *gradients_with_graph(_by_reference(ctx.about), tuple(given), grads[: 1 + parts])
        call = _described(ctx.about, given, output, gates, memory)
        d_output, d_h_last, d_c_last = grads
        if d_output is not None:
            d_output = d_output if d_output.stride(2) == 1 else d_output.contiguous()
            call.d_output, (call.d_output_step, call.d_output_row, _) = d_output.data_ptr(), d_output.stride()
        kept = [None if grad is None else grad.contiguous() for grad in (d_h_last, d_c_last)]
        call.d_h_last, call.d_c_last = map(_address, kept)
        found = [_room(tensor) if need else None for tensor, need in zip(given, needed, strict=True)]
        d_x, d_h0, d_c0, *d_parameters = found
        if d_x is not None:
            call.d_x, (call.d_x_step, call.d_x_row, _) = d_x.data_ptr(), d_x.stride()
        call.d_h0, call.d_c0 = _address(d_h0), _address(d_c0)
        for name, grad in zip(_PARAMETERS, d_parameters, strict=True):
            setattr(call, f"d_{name}", _address(grad))
        _compute(call, ctx.about, backward=True)
        return None, None, *found


def _described(about: _Pass, given: list[Tensor | None], output: Tensor, gates: Tensor, memory: Tensor) -> _Sequence:
    """Return the call's description; what it points to must live until the call is made."""
    x, h0, c0, *parameters = [None if tensor is None else tensor.detach() for tensor in given]
    assert x is not None
    order, lengths, backward = about.steps.rows
    call = _Sequence()
    call.cell, call.reversed, call.threads, call.keep = about.kind, backward, torch.get_num_threads(), 1
    (call.time, call.batch, call.input), call.hidden = x.shape, output.shape[2]
    call.steps = len(about.steps.sizes)
    call.x, (call.x_step, call.x_row, _) = x.data_ptr(), x.stride()
    call.output, (call.output_step, call.output_row, _) = output.data_ptr(), output.stride()
    whole = [None if tensor is None else tensor.contiguous() for tensor in (h0, c0, *parameters)]
    for name, tensor in zip(("h0", "c0", *_PARAMETERS), whole, strict=True):
        setattr(call, name, _address(tensor))
    call.order, call.lengths = order.data_ptr(), lengths.data_ptr()
    call.gates, call.memory = _address(gates), _address(memory)
    call.holds = (whole, order, lengths)
    return call


def _address(tensor: Tensor | None) -> int | None:
    return None if tensor is None or not tensor.numel() else tensor.data_ptr()


def _room(tensor: Tensor | None) -> Tensor | None:
    """Return memory for a tensor's gradient; for x (T,B,I) as batches lie, (B,T,I)."""
    if tensor is None:
        return None
    if tensor.dim() == 3:
        return tensor.new_empty(tensor.shape[1], tensor.shape[0], tensor.shape[2]).transpose(0, 1)
    return torch.empty_like(tensor, memory_format=torch.contiguous_format)


def _kept(about: _Pass, hidden: int, part: int) -> int:
    return int(_functions().workbench_kept(about.kind, hidden, about.level, part))


def _compute(call: _Sequence, about: _Pass, *, backward: bool) -> None:
    """Call the kernels.

    Raises:
        MemoryError: there is no memory for what they work with.
    """
    if _functions().workbench_pass(ctypes.byref(call), about.level, backward):
        raise MemoryError("there is no memory for the recurrence's kernels")


def _functions() -> ctypes.CDLL:
    library = load()
    assert library is not None
    c = library.c
    if not c.workbench_pass.argtypes:
        c.workbench_kept.argtypes, c.workbench_kept.restype = (_INT,) * 4, _LONG
        c.workbench_pass.argtypes, c.workbench_pass.restype = (_P, _INT, _INT), _INT
    return c


class _Reference(nn.Module):
    """The Python cell, to be called with tensors in the place of its parameters."""

    def __init__(self, about: _Pass) -> None:
        super().__init__()
        self.cell, self._about = about.cell, about

    def forward(self, x: Tensor, *before: Tensor) -> tuple[Tensor, ...]:
        state = type(self.cell.initial_state(1))(*before)
        output, after = self.cell.run(x, self._about.steps, state, True)
        assert after is not None
        return output, *after


def _by_reference(about: _Pass) -> Callable[..., Sequence[Tensor]]:
    """Return the pass by the Python cell: x, h0, c0 or none, parameters → output, last states."""

    def compute(x: Tensor, h0: Tensor, c0: Tensor | None, *parameters: Tensor | None) -> Sequence[Tensor]:
        given = {
            f"cell.{name}": tensor for name, tensor in zip(_PARAMETERS, parameters, strict=True) if tensor is not None
        }
        before = [h0] if c0 is None else [h0, c0]
        with torch.autocast("cpu", about.autocast, enabled=about.autocast is not None):
            values: Sequence[Tensor] = torch.func.functional_call(_Reference(about), given, (x, *before))
        return values

    return compute
