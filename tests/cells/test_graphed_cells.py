"""Any cell by CUDA graphs, beside the loop. Graphs are functions called as they are: no GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from cell_oracles import EVERY, agree, network, noise, other_state
from own_cells import UNUSUAL, write
from torch import Tensor

import cells
from cells._base import Cell, Hidden
from cells._builtin import BuiltIn
from cells._kernels import graphs
from cells._kernels.captures import Captures
from cells._packing import both_directions

OURS = [name for name in EVERY if not issubclass(cells.load(name), BuiltIn)]
CPU = torch.device("cpu")
RAGGED = torch.tensor([3, 9, 1, 4])  # 9 steps are padded to 10


@pytest.fixture(autouse=True)
def captured(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The keys of what was captured."""
    keys: list[object] = []

    class Recorded(Captures):
        def run(self, key: Any, function: Any, inputs: Any) -> Any:
            found = super().run(key, function, inputs)
            keys.extend([key] * (found is not None))
            return found

    monkeypatch.setattr(graphs, "Captures", lambda: Recorded(capture=lambda function, inputs: function))
    return keys


def values_of(run: Any, cell: Any, backward: bool, start: bool, amp: bool = False) -> dict[str, Tensor]:
    steps = both_directions(RAGGED, 4, 9, CPU)[backward]
    x = noise(9, 4, cell.input_size, dtype=torch.float32).requires_grad_()
    state = other_state(cell.initial_state(4)) if start else None
    leaves = {"x": x, **dict(cell.named_parameters())}
    if start:
        leaves |= {k: v.requires_grad_() for k, v in state._asdict().items() if v.is_floating_point()}
    with torch.autocast("cpu", torch.bfloat16, enabled=amp):
        output, last = run(cell, x, steps, state, True)
    values = {"output": output, **last._asdict()}
    loss = sum((v * noise(*v.shape, seed=7, dtype=v.dtype)).sum() for v in values.values() if v.requires_grad)
    assert isinstance(loss, Tensor)
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    return values | {
        f"gradient of {name}": torch.zeros_like(leaf) if grad is None else grad
        for (name, leaf), grad in zip(leaves.items(), found, strict=True)
    }


def compare(cell: Any, captured: list[object], within: float = 1e-5, **form: Any) -> None:
    expected = values_of(Cell.run, cell, **form)
    for _ in range(3):  # by the loop, its backward pass by the loop, both by graphs
        agree(values_of(graphs.run, cell, **form), expected, within)
    assert len(captured) == 3  # forward twice, backward once
    assert graphs.why_refused(cell) == []


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("start", [False, True], ids=["from-zeros", "from-state"])
@pytest.mark.parametrize("name", OURS)
def test_agrees_with_the_loop(name: str, start: bool, backward: bool, captured: list[object]) -> None:
    cell = network(name, dtype=torch.float32).cells[0]
    compare(cell, captured, start=start, backward=backward)


@pytest.mark.parametrize("name", OURS)
def test_agrees_with_the_loop_under_autocast(name: str, captured: list[object]) -> None:
    cell = network(name, dtype=torch.float32).cells[0]
    compare(cell, captured, 2e-2, start=True, backward=True, amp=True)


@pytest.mark.parametrize("start", [False, True], ids=["learned-start", "from-state"])
def test_a_cell_of_ones_own_with_an_unusual_state(start: bool, folder: Path, captured: list[object]) -> None:
    write(folder, "unusual", UNUSUAL)
    compare(network("unusual", dtype=torch.float32).cells[0], captured, start=start, backward=False)


def test_a_pass_without_gradients() -> None:
    cell: Any = network("lstm", dtype=torch.float32).cells[0]
    steps, x = both_directions(RAGGED, 4, 9, CPU)[0], noise(9, 4, 3, dtype=torch.float32)
    with torch.no_grad():
        for _ in range(2):
            output, last = graphs.run(cell, x, steps, None, False)
    agree(output, Cell.run(cell, x, steps, None, False)[0].detach(), 1e-6)
    assert last is None
    assert not output.requires_grad


def test_the_gradient_of_a_gradient_is_the_loops() -> None:
    cell: Any = network("gru").cells[0]
    steps = both_directions(RAGGED, 4, 9, CPU)[0]

    def second(run: Any) -> tuple[Tensor, ...]:
        x = noise(9, 4, 3).requires_grad_()
        leaves = [x, *cell.parameters()]
        first = torch.autograd.grad(run(cell, x, steps, None, False)[0].square().sum(), leaves, create_graph=True)
        return torch.autograd.grad(sum(g.square().sum() for g in first), leaves)  # type: ignore[arg-type]

    second(graphs.run)
    agree(second(graphs.run), second(Cell.run))


class Noisy(Cell[Hidden]):
    """Adds noise to its state."""

    def step(self, projected: Tensor, state: Hidden) -> tuple[Tensor, Hidden]:
        h = (projected + state.h + torch.randn_like(state.h)).tanh()
        return h, Hidden(h)


def test_a_cell_that_draws_random_numbers_is_refused(captured: list[object]) -> None:
    cell = Noisy(3, 4)
    steps, x = both_directions(RAGGED, 4, 9, CPU)[0], noise(9, 4, 3, dtype=torch.float32)
    for _ in range(3):
        graphs.run(cell, x, steps, None, False)
    assert captured == []
    assert graphs.why_refused(cell) == ["it draws random numbers"]


def test_says_which_cells_it_is_not_for() -> None:
    cuda = torch.device("cuda")
    assert graphs.why_not(network("lstm").cells[0], CPU) == "CUDA graphs are for CUDA only"
    assert graphs.why_not(network("lstm").cells[0], cuda) == ""
    assert graphs.why_not(network("torch-gru").cells[0], cuda) == "TorchGRU computes whole sequences by itself"
