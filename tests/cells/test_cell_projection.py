"""The loop's input products, whole or block by block, beside plain autograd: outputs, gradients, second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from cell_oracles import agree, everything, noise
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from cells import _projection
from cells._base import AnyCell, Cell, Hidden
from cells._packing import UnequalLengths, both_directions
from cells.gru import GRU
from cells.gru_textbook import TextbookGRU
from cells.lstm import LSTM
from cells.tutorial_rnn import TutorialRNN

B, T, I, H = 4, 7, 3, 5  # noqa: E741
LENGTHS = torch.tensor([3, 7, 1, 5])


class Twice(Cell[Hidden]):
    """The matrix twice in a step, once transposed."""

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        W = self.recurrent_matrix
        h = (projected + (state.h @ W).sigmoid() @ W.t()).tanh()
        return h, Hidden(h)


class Rows(Cell[Hidden]):
    """Rows of the matrix, by slices and reshaped, and arithmetic on it."""

    gate_count = 2

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        W, size = self.recurrent_matrix, self.hidden_size
        whole = W.view(2, size, size).sum(0) / (1 + W.square().mean())
        gate = torch.addmm(projected[:, :size], state.h, W[:size].t()).sigmoid()
        h = gate * F.linear(state.h, whole) + (1 - gate) * projected[:, size:]
        return h, Hidden(h)


class InPlace(Cell[Hidden]):
    """Operations in place on what the step made itself; the projected inputs are used twice."""

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        h = torch.addmm(projected, state.h, self.recurrent_matrix.t())
        h.mul_(0.5).add_(projected.cos()).tanh_()
        return h.clone().add_(1), Hidden(h)


class Unmoved(Cell[Hidden]):
    """No matrix on the state."""

    recurrent_weight = False

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        h = 0.5 * state.h + projected.tanh()
        return h, Hidden(h)


class OwnProjection(Cell[Hidden]):
    """A projection of its own, which counts its calls and looks at all steps together."""

    calls = 0

    def project(self, x: Tensor) -> Tensor:
        self.calls += 1
        return super().project(x) - x.mean()

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        h = torch.addmm(projected, state.h, self.recurrent_matrix.t()).tanh()
        return h, Hidden(h)


class OwnBias(Cell[Hidden]):
    """A parameter whose name the base class does not take."""

    recurrent_bias = False

    def make_parameters(self) -> None:
        super().make_parameters()
        self.input_bias = nn.Parameter(torch.full((self.hidden_size,), 0.1))

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        h = torch.addmm(projected + self.input_bias, state.h, self.recurrent_matrix.t()).tanh()
        return h, Hidden(h)


CELLS: list[type[AnyCell]] = [
    *(Twice, Rows, InPlace, Unmoved, OwnProjection, OwnBias),
    *(LSTM, GRU, TextbookGRU, TutorialRNN),
]
every_cell = pytest.mark.parametrize("kind", CELLS)


@pytest.fixture(params=[1, 6, 10**6], ids=["a-step", "some-steps", "all-steps"])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Number of rows of a block."""
    monkeypatch.setattr(_projection, "_BLOCK_ROWS", request.param)
    monkeypatch.setattr(_projection, "_BLOCK_BYTES", 0)
    monkeypatch.setattr(_projection, "_FEW", 0)
    return int(request.param)


def cell_of(kind: type[AnyCell], inputs: int = I) -> AnyCell:
    torch.manual_seed(0)
    return kind(inputs, H).double()


def row_by_row(cell: AnyCell, x: Tensor, lengths: Tensor, start: Any, *, backward: bool) -> tuple[Tensor, Any]:
    """Compute what ``Cell.run`` does by ``F.linear`` and ``step`` alone, each sequence by itself."""
    bias = cell.bias_ih if isinstance(cell, GRU) or not hasattr(cell, "bias_hh") else cell.bias_ih + cell.bias_hh
    columns, lasts = [], []
    for b, length in enumerate(lengths.tolist()):
        own, state = x[:length, b : b + 1], type(start)(*(part[b : b + 1] for part in start))
        outputs = []
        for row in own.flip(0) if backward else own:
            output, state = cell.step(F.linear(row, cell.weight_ih, bias), state)
            outputs.append(output)
        column = torch.cat(outputs[::-1] if backward else outputs)
        columns.append(F.pad(column, (0, 0, 0, len(x) - length)))
        lasts.append(state)
    return torch.stack(columns, 1), type(start)(*(torch.cat(parts) for parts in zip(*lasts, strict=True)))


@every_cell
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("lengths", [torch.full((B,), T), LENGTHS], ids=["full", "ragged"])
def test_agrees_with_plain_autograd(kind: type[AnyCell], lengths: Tensor, backward: bool, block: int) -> None:
    if kind is OwnProjection:
        pytest.skip("it looks at all steps together")
    cell, x = cell_of(kind), noise(T, B, I).requires_grad_()
    steps = both_directions(lengths, B, T, x.device)[backward]
    first = cell.initial_state(B)
    start = type(first)(*(noise(*part.shape, seed=9).requires_grad_() for part in first))
    leaves = {"x": x, **start._asdict(), **dict(cell.named_parameters())}
    expected = everything(*row_by_row(cell, x, lengths, start, backward=backward), leaves)
    agree(everything(*cell.run(x, steps, start, True), leaves), expected, within=1e-12)


@every_cell
def test_first_and_second_derivatives(kind: type[AnyCell], block: int) -> None:
    cell, names = cell_of(kind), [name for name, _ in cell_of(kind).named_parameters()]
    steps = UnequalLengths(torch.tensor([2, 3]), 3, torch.device("cpu"), backward=False)

    def outputs(x: Tensor, *weights: Tensor) -> Tensor:
        given = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(_Run(cell, steps), {f"cell.{name}": given[name] for name in names}, (x,))

    leaves = [noise(3, 2, I).requires_grad_(), *(p.detach().clone().requires_grad_() for p in cell.parameters())]
    assert torch.autograd.gradcheck(outputs, leaves, fast_mode=True)
    assert torch.autograd.gradgradcheck(outputs, leaves, fast_mode=True)


class _Run(nn.Module):
    def __init__(self, cell: AnyCell, steps: Any) -> None:
        super().__init__()
        self.cell, self.steps = cell, steps

    def forward(self, x: Tensor) -> Tensor:
        return self.cell.run(x, self.steps, None, False)[0]


@pytest.mark.parametrize("kind", [LSTM, Rows])
def test_batched_by_vmap(kind: type[AnyCell], block: int) -> None:
    cell, many = cell_of(kind), noise(2, T, B, I)
    run = _Run(cell, both_directions(None, B, T, many.device)[0])
    agree(torch.vmap(run)(many), torch.stack([run(x) for x in many]), within=1e-12)


class Products(TorchDispatchMode):
    """Collects the shapes of the factors of every product of matrices."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[tuple[int, ...], tuple[int, ...]]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        if func in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default):
            self.shapes.append((tuple(args[-2].shape), tuple(args[-1].shape)))
        return func(*args, **(kwargs or {}))


def products(kind: type[AnyCell], inputs: int, compute: Callable[[AnyCell, Tensor], Tensor]) -> list[Any]:
    """Return the products with all rows of a block of inputs, forward and backward."""
    cell, x = cell_of(kind, inputs), noise(T, B, inputs)
    with Products() as seen:
        compute(cell, x).sum().backward()
    return [shapes for shapes in seen.shapes if inputs in shapes[0] or inputs in shapes[1]]


def run(cell: AnyCell, x: Tensor) -> Tensor:
    return cell.run(x, both_directions(None, B, T, x.device)[0], None, False)[0]


def test_narrow_inputs_make_blocks_whose_weight_gradient_is_input_times_gradient(block: int) -> None:
    G, wide = 4 * H, 11
    sizes = {1: [B] * T, 6: [2 * B, 2 * B, 2 * B, B]}.get(block, [B * T])
    forward = [((n, wide), (wide, G)) for n in sizes]
    assert products(LSTM, wide, run) == forward + [((wide, n), (n, G)) for n in reversed(sizes)]


@pytest.mark.parametrize("why", ["wide", "autocast", "few"])
def test_other_inputs_are_projected_at_once(why: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if why == "few":
        monkeypatch.setattr(_projection, "_FEW", B * T * 4 * H + 1)
    inputs = _projection._NARROW if why == "wide" else 11
    with torch.autocast("cpu", torch.bfloat16, enabled=why == "autocast"):
        found = products(LSTM, inputs, lambda cell, x: run(cell.float(), x.float()).float())
    assert found == [((B * T, inputs), (inputs, 4 * H)), ((4 * H, B * T), (B * T, inputs))]


def test_a_projection_of_its_own_sees_all_steps_in_one_call(block: int) -> None:
    cell = cell_of(OwnProjection)
    x = noise(T, B, I)
    first = run(cell, x)[0]
    assert cell.calls == 1
    bias = cell.bias_ih + cell.bias_hh
    agree(first, (F.linear(x[0], cell.weight_ih, bias) - x.mean()).tanh())
