"""Dropout of the weights from state to state, drawn once a pass, the same by every kernel; and of whole tokens."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import cells
from cells._kernels.native import library
from cells._recurrent import Recurrent
from tasks.shared.sequences.dropouts import drop_tokens, dropped_weights

SHARE = 0.4


def made(cell: str = "lstm", kernel: str = "reference") -> Recurrent:
    torch.manual_seed(0)
    return cells.build(cell, 3, 9, layers=2, kernel=kernel)


def passed(recurrent: Recurrent, share: float = SHARE, seed: int = 1) -> tuple[Tensor, list[Tensor]]:
    """Outputs and the gradients of all parameters."""
    x = torch.randn(4, 12, 3, generator=torch.Generator().manual_seed(2))
    recurrent.zero_grad()
    torch.manual_seed(seed)
    with dropped_weights(recurrent, share):
        outputs, _ = recurrent(x)
    torch.autograd.backward(outputs.square().sum())
    return outputs.detach(), [one.grad.clone() for one in recurrent.parameters() if one.grad is not None]


@pytest.mark.parametrize("cell", ["lstm", "bilstm", "gru", "rnn"])
def test_it_is_a_pass_with_these_weights_missing(cell: str) -> None:
    recurrent, other = made(cell), made(cell)
    outputs, grads = passed(recurrent)
    torch.manual_seed(1)
    masks = []
    with torch.no_grad():
        for each in other.cells:
            weight = each.get_parameter("weight_hh")
            mask = F.dropout(torch.ones_like(weight), SHARE)
            weight.mul_(mask)
            masks.append(mask)
    expected, whole = passed(other, 0.0)
    torch.testing.assert_close(outputs, expected)
    for (name, _), one, theirs in zip(recurrent.named_parameters(), grads, whole, strict=True):
        layer = int(name.split(".")[1])
        torch.testing.assert_close(one, theirs * masks[layer] if name.endswith("weight_hh") else theirs)


def test_nothing_is_dropped_or_drawn_outside_of_training_or_without_a_share() -> None:
    recurrent = made()
    whole = passed(recurrent, 0.0)[0]
    assert not passed(recurrent)[0].equal(whole)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    for training, share in ((False, SHARE), (True, 0.0)):
        recurrent.train(training)
        with dropped_weights(recurrent, share):
            assert all(isinstance(cell.weight_hh, nn.Parameter) for cell in recurrent.cells)
    assert torch.get_rng_state().equal(state)
    assert passed(recurrent, seed=1)[0].equal(passed(recurrent, seed=1)[0])
    assert not passed(recurrent, seed=1)[0].equal(passed(recurrent, seed=2)[0])


def test_the_weights_come_back_after_a_failure() -> None:
    recurrent = made()
    before = dict(recurrent.named_parameters())
    with pytest.raises(ZeroDivisionError), dropped_weights(recurrent, SHARE):
        raise ZeroDivisionError
    after = dict(recurrent.named_parameters())
    assert before.keys() == after.keys()
    assert all(after[name] is parameter for name, parameter in before.items())


def test_a_cell_without_such_weights_passes_as_it_is() -> None:
    recurrent = made("min-gru")
    assert passed(recurrent)[0].equal(passed(recurrent, 0.0)[0])


def test_the_compiled_kernel_sees_the_same_weights() -> None:
    if library.load() is None:
        pytest.skip(library.reason())
    (compiled, *own), (looped, *theirs) = (passed(made(kernel=kernel)) for kernel in ("native", "reference"))
    torch.testing.assert_close(compiled, looped)
    torch.testing.assert_close(own, theirs, rtol=1e-4, atol=1e-5)


def test_tokens_are_dropped_as_a_whole_and_in_training_alone() -> None:
    vectors = torch.rand(20, 50, 4) + 0.1
    torch.manual_seed(0)
    found = drop_tokens(vectors, 0.2, training=True)
    kept = found.abs().sum(2) > 0  # (B,T)
    assert 0.75 < float(kept.float().mean()) < 0.85
    torch.testing.assert_close(found, vectors * kept[:, :, None] / 0.8)
    assert drop_tokens(vectors, 0.2, training=False) is vectors
    assert drop_tokens(vectors, 0.0, training=True) is vectors
