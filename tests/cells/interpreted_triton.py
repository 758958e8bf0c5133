"""Triton kernels beside the Python cell, in Triton's interpreter: run as a process of its own, since the interpreter is
chosen before Triton is imported.

    TRITON_INTERPRET=1 python tests/cells/interpreted_triton.py CELL…

prints a line of JSON for each cell and form: their names, and how far each value is from the Python cell's, relative to
its norm.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from unittest import mock

import torch
from cell_oracles import network, noise
from torch import Tensor

from cells._base import AnyCell, Cell
from cells._kernels import captures
from cells._kernels.recurrences import elementwise_linear
from cells._kernels.triton import graphed, linear, sequence, tiles
from cells._packing import both_directions

RAGGED = [4, 1, 3, 2, 3]
MANY = [2, 1, *[2] * 15, 1]  # more rows than one program holds

Run = Callable[..., tuple[Tensor, Any]]


class Form(NamedTuple):
    """What a pass is like."""

    H: int
    lengths: list[int]
    start: bool = True
    backward: bool = False
    last: bool = True
    bf16: bool = False
    steps: bool = False  # one program a step, as for a large state
    graph: bool = False
    spoiled: bool = False  # a NaN in one sequence


FORMS = {
    "one step of one sequence": Form(3, [1], start=False),
    "equal lengths from zeros": Form(3, [3, 3], start=False, last=False),
    "ragged, two blocks of rows": Form(20, MANY),
    "ragged, backward": Form(17, RAGGED, backward=True),
    "ragged, bf16": Form(20, RAGGED, backward=True, bf16=True),
    "a NaN in one sequence": Form(3, RAGGED, spoiled=True),
    "by steps, ragged, two blocks of columns": Form(20, RAGGED, backward=True, steps=True),
    "by steps, bf16": Form(5, [3, 3], steps=True, bf16=True),
    "by steps in graphs, ragged": Form(5, RAGGED, steps=True, graph=True),
}


@contextlib.contextmanager
def settings(form: Form) -> Iterator[None]:
    """Choose a kernel's form; graphs are functions called as they are, over one step too many."""

    with contextlib.ExitStack() as stack:
        if form.steps:
            for name, value in {"FUSED_FLOAT32": 0, "FUSED_HALF": 0, "STEP_COLUMNS": 16}.items():
                stack.enter_context(mock.patch.object(tiles, name, value))
        always = captures.Captures(capture=lambda function, inputs: function)
        always.run = lambda key, function, inputs: function(*inputs())  # type: ignore[method-assign]
        stack.enter_context(mock.patch.object(graphed, "bucket", lambda length: length + 1))
        stack.enter_context(mock.patch.object(linear, "CHUNK", 2))  # several in a sequence
        wrap = (lambda inner, weight: graphed.Graphed(inner, always)) if form.graph else (lambda inner, weight: inner)
        stack.enter_context(mock.patch.object(sequence, "_form", wrap))
        yield


def values_of(run: Run, cell: AnyCell, form: Form) -> dict[str, Tensor]:
    """Outputs, last state, and every gradient of a loss that depends on all of them."""
    B, T = len(form.lengths), max(form.lengths)
    steps = both_directions(torch.tensor(form.lengths), B, T, torch.device("cpu"))[form.backward]
    x = noise(T, B, 4, dtype=torch.float32)
    if form.spoiled:
        x[0, 1, 0] = float("nan")
    zeros = cell.initial_state(B)
    state = type(zeros)(*(noise(*part.shape, seed=k, dtype=torch.float32) for k, part in enumerate(zeros, 5)))
    leaves = {"x": x, **(state._asdict() if form.start else {})}
    for leaf in leaves.values():
        leaf.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=form.bf16):
        output, last = run(cell, x, steps, state if form.start else None, form.last)
    values = {"output": output, **({f"last {k}": v for k, v in last._asdict().items()} if form.last else {})}
    if form.spoiled:  # no gradient is finite
        return values
    loss = sum((v * noise(*v.shape, seed=7, dtype=v.dtype)).sum() for v in values.values())
    assert isinstance(loss, Tensor)
    leaves |= dict(cell.named_parameters())
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return values | {f"gradient of {name}": g for name, g in zip(leaves, gradients, strict=True)}


def gradient_of_gradient(run: Run, cell: AnyCell) -> dict[str, Tensor]:
    """The gradients of the norm of the gradients."""
    steps = both_directions(torch.tensor([3, 2]), 2, 3, torch.device("cpu"))[0]
    x = noise(3, 2, 4, dtype=torch.float32).requires_grad_()
    leaves = {"x": x, **dict(cell.named_parameters())}
    output, last = run(cell, x, steps, None, True)
    loss = output.square().sum() + sum(part.sum() for part in last)
    first = torch.autograd.grad(loss, list(leaves.values()), create_graph=True)
    second = torch.autograd.grad(sum(g.square().sum() for g in first), list(leaves.values()))  # type: ignore[arg-type]
    return {f"second gradient of {name}": g for name, g in zip(leaves, second, strict=True)}


def differences(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> dict[str, float]:
    found = {}
    for name, expected in theirs.items():
        assert ours[name].dtype == expected.dtype, f"{name} is {ours[name].dtype}, not {expected.dtype}"
        assert torch.equal(ours[name].isnan(), expected.isnan()), f"{name}: other NaNs"
        a, b = (value.detach().double().nan_to_num() for value in (ours[name], expected))
        found[name] = float((a - b).norm() / b.norm().clamp(min=1e-6))
    return found


def tell(cell: str, form: str, bf16: bool, found: dict[str, float]) -> None:
    print(json.dumps({"cell": cell, "form": form, "bf16": bf16, "differences": found}))


def compare(name: str) -> None:
    run = linear.run if elementwise_linear(network(name).cells[0]) else sequence.run  # type: ignore[arg-type]
    for title, form in FORMS.items():
        if form.steps and run is linear.run:
            continue  # has no such form
        cell: Any = network(name, 4, form.H, dtype=torch.float32).cells[0]
        with settings(form):
            ours = values_of(run, cell, form)
        tell(name, title, form.bf16, differences(ours, values_of(Cell.run, cell, form)))
    cell = network(name, 4, 3, dtype=torch.float32).cells[0]
    found = differences(gradient_of_gradient(run, cell), gradient_of_gradient(Cell.run, cell))
    tell(name, "gradient of a gradient", False, found)


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)  # with it, what is not initialised is NaN
    torch.utils.deterministic.fill_uninitialized_memory = True
    for chosen in sys.argv[1:]:
        compare(chosen)
