"""Under autocast the recurrent weight is cast once for all steps; results and gradients are those of a cast a step."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import cells
from cells._base import Cell

T, H = 12, 16
NAMES = ["lstm", "gru", "rnn", "gru-textbook", "tutorial-rnn"]


class Casts(TorchDispatchMode):
    """Counts the casts of matrices as wide as the state is."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        lowered = (kwargs or {}).get("dtype") is torch.bfloat16
        if func is torch.ops.aten._to_copy.default and lowered and H in args[0].shape and args[0].numel() >= H * H:
            self.count += 1
        return func(*args, **(kwargs or {}))


def trained(name: str) -> tuple[Tensor, list[Tensor], int]:
    """Outputs, gradients, and the casts of the forward pass."""
    torch.manual_seed(0)
    net = cells.build(name, 3, H, kernel="reference")
    x = torch.randn(2, T, 3)
    with Casts() as casts, torch.autocast("cpu", torch.bfloat16):
        outputs, _ = net(x, torch.tensor([T, 5]))
    outputs.float().square().sum().backward()
    return outputs, [weight.grad for weight in net.parameters() if weight.grad is not None], casts.count


@pytest.mark.parametrize("name", NAMES)
def test_the_recurrent_weight_is_cast_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, gradients, casts = trained(name)
    assert casts == 1
    monkeypatch.setattr(Cell, "_lower", lambda *_: None)
    each_outputs, each_gradients, each_casts = trained(name)
    assert each_casts >= T
    assert torch.equal(outputs, each_outputs)
    for once, each in zip(gradients, each_gradients, strict=True):
        assert torch.equal(once, each)
