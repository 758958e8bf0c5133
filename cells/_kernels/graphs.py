"""Any cell on CUDA as two CUDA graphs, one forward and one backward, for each batch size and bucket of lengths.

A Python loop launches a few kernels a step, and the GPU waits for the launches; a graph launches them all at once. The
backward graph goes through the steps forward first, so that nothing is kept between the two and a pass may be repeated
or dropped. A sequence's steps past its end are computed and dropped: a cell whose derivative is not finite there has
none here either.

Shapes: B batch, T time, I input size, O output size, M rows of all steps together.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from cells._base import AnyCell, Cell
from cells._kernels.captures import Captures, bucket, pad
from cells._kernels.layout import layout_of
from cells._kernels.transforms import watched
from cells._kernels.twice import gradients_with_graph
from cells._packing import Steps

Tensors = tuple[Tensor, ...]


def why_not(cell: AnyCell, device: torch.device) -> str:
    """Return why a cell cannot be captured on a device, in one clause; empty: it can be tried."""
    if device.type != "cuda":
        return "CUDA graphs are for CUDA only"
    if type(cell).run is not Cell.run:
        return f"{type(cell).__name__} computes whole sequences by itself"
    return ""


def why_refused(cell: AnyCell) -> list[str]:
    """Return why passes of a cell were not captured, in one clause each; empty: none was refused."""
    known = _captures.get(cell)
    return sorted(set(known.refused.values())) if known is not None else []


def run(cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool) -> tuple[Tensor, Any]:
    """Compute what ``Cell.run`` does, by replaying graphs; see there. The first pass of each shape is the loop's."""
    known = _captures.setdefault(cell, Captures())
    if cell.record is not None or watched() or _CELL in known.refused:
        return Cell.run(cell, x, steps, state, return_state)
    layout = layout_of(steps, x.device)
    autocast = torch.is_autocast_enabled(x.device.type)
    shape = _Shape(
        cell, cell.training, layout.batch, bucket(len(layout.sizes)),
        torch.get_autocast_dtype(x.device.type) if autocast else None, known,
    )  # fmt: skip
    before = cell.initial_state(x.shape[1]) if state is None else steps.sort(state)
    names = [name for name, _ in (*cell.named_parameters(), *cell.named_buffers())]
    values = [value for _, value in (*cell.named_parameters(), *cell.named_buffers())]
    wide = pad(steps.take(x), layout.places(), shape.time * layout.batch)
    given = (layout.lengths, wide.view(shape.time, layout.batch, -1), *before, *values)
    form = _Form(type(before), len(before), names)
    with torch.no_grad():
        found = known.run(shape.key("forward", given), shape.forward(form), lambda: given)
    if found is None:
        return _eager(cell, x, steps, state, return_state, known)
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given):
        found = _Replayed.apply(shape, form, found, *given)  # type: ignore[no-untyped-call]
    output, *last = found
    flat = output.flatten(0, 1).index_select(0, layout.places())
    return steps.put(flat), steps.unsort(type(before)(*last)) if return_state else None


_CELL = "cell"  # the key of a refusal of every shape
_captures: WeakKeyDictionary[AnyCell, Captures] = WeakKeyDictionary()


def _eager(
    cell: AnyCell, x: Tensor, steps: Steps, state: Any, return_state: bool, known: Captures
) -> tuple[Tensor, Any]:
    """Compute by the loop, and refuse a cell that draws random numbers: its two graphs would draw different ones."""
    drawn = _random_states(x.device)
    result = Cell.run(cell, x, steps, state, return_state)
    if any(not torch.equal(*pair) for pair in zip(drawn, _random_states(x.device), strict=True)):
        known.refuse(_CELL, "it draws random numbers")
    return result


def _random_states(device: torch.device) -> list[Tensor]:
    return [torch.get_rng_state(), *([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])]


class _Form(NamedTuple):
    """Order of a pass's tensors: lengths, x, ``parts`` of the state, then ``names``."""

    state: type[Any]
    parts: int
    names: list[str]


class _Shape(NamedTuple):
    """Key of one pair of graphs."""

    cell: AnyCell
    training: bool
    batch: int
    time: int
    autocast: torch.dtype | None
    captures: Captures

    def key(self, which: str, given: Tensors) -> tuple[object, ...]:
        inputs = tuple((tensor.shape, tensor.dtype, tensor.requires_grad) for tensor in given)
        return (which, self.training, self.autocast, given[1].device, torch.backends.cuda.matmul.allow_tf32, *inputs)

    def forward(self, form: _Form) -> Any:
        """Return the pass: lengths (B,), x (T,B,I), state, parameters → outputs (T,B,O), last state."""

        def compute(lengths: Tensor, x: Tensor, *rest: Tensor) -> Tensors:
            state, values = form.state(*rest[: form.parts]), rest[form.parts :]
            replaced = {f"cell.{name}": value for name, value in zip(form.names, values, strict=True)}
            kind = x.device.type
            with torch.autocast(kind, self.autocast, enabled=self.autocast is not None, cache_enabled=False):
                found: Tensors = torch.func.functional_call(_Loop(self.cell), replaced, (x, lengths, state))
            return found

        return compute

    def backward(self, form: _Form, wanted: list[int]) -> Any:
        """Return the gradients' pass: as ``forward``, then a gradient by each of its values → by those ``wanted``."""

        def compute(*given: Tensor) -> Tensors:
            inputs = [tensor.detach() for tensor in given[: 2 + form.parts + len(form.names)]]
            for at in wanted:
                inputs[at].requires_grad_()
            with torch.enable_grad():
                values = self.forward(form)(*inputs)
                pairs = zip(values, given[len(inputs) :], strict=True)
                outputs, gradients = zip(*((v, g) for v, g in pairs if v.requires_grad), strict=True)
                leaves = [inputs[at] for at in wanted]
                found = torch.autograd.grad(outputs, leaves, gradients, allow_unused=True)
            return tuple(torch.zeros_like(x) if grad is None else grad for x, grad in zip(leaves, found, strict=True))

        return compute


class _Replayed(torch.autograd.Function):
    """Values that a graph gave, with the backward graph for their gradients."""

    @staticmethod
    def forward(ctx: Any, shape: _Shape, form: _Form, found: Tensors, *given: Tensor) -> Tensors:
        ctx.shape, ctx.form = shape, form
        ctx.save_for_backward(*given)
        ctx.mark_non_differentiable(*(value for value in found if not value.is_floating_point()))
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        shape, form, given = ctx.shape, ctx.form, ctx.saved_tensors
        if torch.is_grad_enabled():  # a gradient of this gradient is wanted
            return None, None, None, *gradients_with_graph(shape.forward(form), given, gradients)
        wanted = [at for at, needed in enumerate(ctx.needs_input_grad[3:]) if needed]
        compute = shape.backward(form, wanted)
        inputs = (*(tensor.detach() for tensor in given), *gradients)
        with torch.no_grad():
            found = shape.captures.run((*wanted, shape.key("backward", given)), compute, lambda: inputs)
            found = iter(compute(*inputs) if found is None else found)
        return None, None, None, *(next(found) if needed else None for needed in ctx.needs_input_grad[3:])


class _Loop(nn.Module):
    """A cell's steps over a padded batch: those past a sequence's end leave its state as it was."""

    def __init__(self, cell: AnyCell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor, lengths: Tensor, state: Any) -> Tensors:
        cell, outputs = self.cell, []
        cell._lowered = cell._lower(x.device.type)
        try:
            projected = cell.project(x.flatten(0, 1))  # (T·B,G)
            for t, step in enumerate(projected.view(len(x), len(lengths), -1)):
                alive = t < lengths  # (B,)
                output, after = cell.step(step, state)
                outputs.append(torch.where(_beside(alive, output), output, 0))
                pairs = zip(after, state, strict=True)
                state = type(state)(*(torch.where(_beside(alive, new), new, old.to(new.dtype)) for new, old in pairs))
        finally:
            cell._lowered = None
        return torch.stack(outputs), *state


def _beside(alive: Tensor, values: Tensor) -> Tensor:
    return alive.view(-1, *(1 for _ in values.shape[1:]))
