"""Cells on a GPU by Triton, by CUDA graphs and by cuDNN, beside the loop of the Python cell."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import cells
from cells._base import Cell
from cells._builtin import BuiltIn
from cells._kernels import graphs
from cells._kernels import triton as native

CUDA = torch.device("cuda")
OURS = [name for name in cells.available() if not issubclass(cells.load(name), BuiltIn)]
WITH_KERNELS = ["lstm", "bilstm", "gru", "gru-textbook", "rnn", "min-gru", "min-lstm", "lru", "rg-lru"]
LENGTHS = {"full": None, "ragged": torch.tensor([9, 1, 4, 8, 3] * 7)}


def noise(*shape: int) -> Tensor:
    """Normal numbers, the same at every call."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1)).to(CUDA)


def network(name: str, H: int) -> Any:
    torch.manual_seed(0)
    return cells.build(name, 6, H, layers=2, bidirectional=True).to(CUDA)


def values_of(net: Any, run: Any, lengths: Tensor | None, bf16: bool = False) -> dict[str, Tensor]:
    """Outputs, last state and every gradient by a kernel's ``run``; by the network as it is where there is none."""
    if run is not None:
        net._run = lambda k, x, steps, state, last: run(net.cells[k], x, steps, state, last)
    x = noise(35, 9, 6).requires_grad_()
    with torch.autocast("cuda", torch.bfloat16, enabled=bf16):
        output, last = net(x, lengths, return_state=True)
    values = {"output": output, **last._asdict()}
    loss = sum((v.float() * noise(*v.shape)).sum() for v in values.values())
    leaves = {"x": x, **dict(net.named_parameters())}
    assert isinstance(loss, Tensor)
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return values | {f"gradient of {name}": g for name, g in zip(leaves, gradients, strict=True)}


def agree(found: dict[str, Tensor], expected: dict[str, Tensor], within: float) -> None:
    apart = {
        name: float((found[name] - value).detach().float().norm() / value.detach().float().norm().clamp(min=1e-6))
        for name, value in expected.items()
    }
    assert {name: value for name, value in apart.items() if not value <= within} == {}


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("H", [20, 64, 200])
@pytest.mark.parametrize("name", WITH_KERNELS)
def test_triton_agrees_with_the_loop(name: str, H: int, lengths: str, bf16: bool) -> None:
    net = network(name, H)
    if reason := native.why_not(net.cells[0], CUDA):
        pytest.skip(reason)
    expected = values_of(net, Cell.run, LENGTHS[lengths], bf16)
    for _ in range(3):  # the second pass of a large state is captured, the third replayed
        agree(values_of(net, native.run, LENGTHS[lengths], bf16), expected, 3e-2 if bf16 else 1e-4)


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("name", OURS)
def test_graphs_agree_with_the_loop(name: str, lengths: str) -> None:
    net = network(name, 20)
    expected = values_of(net, Cell.run, LENGTHS[lengths])
    for _ in range(3):
        agree(values_of(net, graphs.run, LENGTHS[lengths]), expected, 1e-4)
    assert [graphs.why_refused(cell) for cell in net.cells] == [[]] * len(net.cells)


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_cudnn_agrees_with_the_loop(name: str, lengths: str) -> None:
    net, twin = network(name, 64), network(f"torch-{name}", 64)
    twin.from_torch(net.to_torch())
    expected = {k: v for k, v in values_of(net, Cell.run, LENGTHS[lengths]).items() if "cells" not in k}
    agree(values_of(twin, None, LENGTHS[lengths]), expected, 1e-4)


def test_a_pass_by_triton_is_the_same_at_every_time() -> None:
    net = network("lstm", 64)
    if reason := native.why_not(net.cells[0], CUDA):
        pytest.skip(reason)
    first, second = (values_of(net, native.run, LENGTHS["ragged"]) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.usefixtures("exact")
def test_the_gradient_of_a_gradient_is_the_loops() -> None:
    net = network("gru", 20)
    if reason := native.why_not(net.cells[0], CUDA):
        pytest.skip(reason)

    def second(run: Any) -> tuple[Tensor, ...]:
        net._run = lambda k, x, steps, state, last: run(net.cells[k], x, steps, state, last)
        leaves = list(net.parameters())
        output, _ = net(noise(5, 4, 6))
        first = torch.autograd.grad(output.square().sum(), leaves, create_graph=True)
        return torch.autograd.grad(sum(g.square().sum() for g in first), leaves)  # type: ignore[arg-type]

    for found, expected in zip(second(native.run), second(Cell.run), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
