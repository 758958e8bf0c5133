"""Every cell computes under autocast, as it does by default on a GPU."""

from __future__ import annotations

import pytest
import torch
from cell_oracles import EVERY, network, noise
from torch import Tensor

import cells
from cells._builtin import BuiltIn
from cells._check import computes_in_bf16
from cells._kernels.native import library as native


@pytest.mark.parametrize("name", EVERY)
def test_bf16_is_near_float32_forward_and_backward(name: str) -> None:
    kind = cells.load(name)
    if issubclass(kind, BuiltIn) and not computes_in_bf16(kind.module):
        pytest.skip(f"torch.nn.{kind.module.__name__} itself does not compute in bf16 on this CPU")
    x, lengths = noise(4, 7, 5, dtype=torch.float32), torch.tensor([7, 3, 5, 1])

    def run(enabled: bool, kernel: str = "auto") -> tuple[Tensor, dict[str, Tensor]]:
        torch.manual_seed(0)
        net = network(name, 5, 6, layers=2, bidirectional=True, kernel=kernel).float()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            outputs, _ = net(x, lengths)
        outputs.float().square().sum().backward()
        return outputs.detach().float(), {key: p.grad for key, p in net.named_parameters()}

    (mixed, mixed_grads), (exact, exact_grads) = run(True), run(False)
    library = native.load()
    if library is None or library.level_for(lowered=True) != library.level_for(lowered=False):
        assert not torch.equal(mixed, exact)
    else:  # the kernels in C compute in float32 where the CPU has no products of bf16
        assert not torch.equal(run(True, "reference")[0], exact)
    assert float((mixed - exact).abs().max()) < 0.03
    for key, grad in exact_grads.items():
        assert mixed_grads[key].dtype == torch.float32
        assert float((mixed_grads[key] - grad).norm()) < 0.05 * float(grad.norm()) + 0.01, key
