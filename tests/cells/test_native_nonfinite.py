"""NaN and infinity in the compiled kernels: as in the Python cell, and in the rows that they are in.

An infinite sum saturates a gate, and nothing else is lost by it: outputs and gradients are finite where the Python
cell's are. Its gates reach 0 and 1 exactly, the kernels' come within 1e-30 and 1e-6 of them: zero times infinity, which
is NaN there, may be infinite here.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from cell_oracles import parameters, some_state
from native_oracles import FLOAT32, NAMES, Case, Passes, computed, draw, forced, passes, results
from torch import Tensor

from cells._recurrent import Recurrent

__all__ = ["passes"]
B, T, I, H = 9, 5, 3, 21  # noqa: E741
LENGTHS = torch.tensor([5, 3, 5, 1, 2, 4, 5, 2, 3])
NAN, INF = float("nan"), float("inf")


@pytest.fixture(params=FLOAT32, ids=lambda level: level.title)
def at(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Passes:
    """A level, forced."""
    return forced(request.param, monkeypatch)


def alike(name: str, run: Callable[[Recurrent], dict[str, Tensor]], layers: int = 2, *, nan: bool = True) -> None:
    """Assert that the kernels and the Python cell are finite in the same places, and near there.

    Args:
        nan: they are NaN in the same places, too.
    """
    native, python = (run(Case(name, (B, T, I, H), layers=layers).net(kernel)) for kernel in ("native", "reference"))
    for key, right in python.items():
        found, finite = native[key], right.isfinite()
        assert torch.equal(found.isfinite(), finite), key
        assert not nan or torch.equal(found.isnan(), right.isnan()), key
        torch.testing.assert_close(found[finite], right[finite], rtol=1e-4, atol=1e-5, msg=key)


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("name", NAMES)
def test_in_x(name: str, value: float, at: Passes) -> None:
    x = draw(B, T, I)
    x[2, 1, 0] = value
    alike(name, lambda net: computed(net, x, LENGTHS, some_state(net, B)), nan=value != value)
    assert set(at.seen) == {at.level}


@pytest.mark.parametrize(
    ("name", "value"),
    [*((name, NAN) for name in NAMES), ("lstm", INF), ("rnn", INF)],  # of a GRU an infinite state may stay, not NaN
)
def test_in_a_state(name: str, value: float, at: Passes) -> None:
    def run(net: Recurrent) -> dict[str, Tensor]:
        state = some_state(net, B)
        state[-1][0, 4, 7] = value
        return computed(net, draw(B, T, I), LENGTHS, state)

    alike(name, run, layers=1, nan=value != value)


@pytest.mark.parametrize("bits", [0x7FC00000, 0x7FC00001, -1, 0x7F800001], ids=hex)
@pytest.mark.parametrize("gate", [0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_nan_of_any_bits_in_a_weight_of_any_gate(name: str, gate: int, bits: int, at: Passes) -> None:
    if name == "rnn" and gate:
        pytest.skip("an RNN has one gate")

    def run(net: Recurrent) -> dict[str, Tensor]:
        with torch.no_grad():
            parameters(net)["weight_ih_l0"][gate * H + 6].view(torch.int32)[1] = bits
        return computed(net, draw(B, T, I), LENGTHS, some_state(net, B))

    alike(name, run)


@pytest.mark.parametrize("name", NAMES)
def test_infinity_in_a_bias(name: str, at: Passes) -> None:
    def run(net: Recurrent) -> dict[str, Tensor]:
        with torch.no_grad():
            parameters(net)["bias_ih_l0"][2], parameters(net)["bias_ih_l1"][H - 1] = INF, -INF
        return computed(net, draw(B, T, I), LENGTHS, some_state(net, B))

    alike(name, run, nan=False)


@pytest.mark.parametrize("name", NAMES)
def test_in_what_is_padded_nothing_matters(name: str, at: Passes) -> None:
    x, spoilt = draw(B, T, I), draw(B, T, I)
    for row, length in enumerate(LENGTHS):
        spoilt[row, length:] = torch.tensor([NAN, INF, -INF])[row % 3]
    net = Case(name, (B, T, I, H), layers=2, both=True).net("native")
    clean, dirty = (computed(net, one, LENGTHS, some_state(net, B)) for one in (x, spoilt))
    for key, value in clean.items():
        assert torch.equal(value, dirty[key]), key


@pytest.mark.parametrize("name", NAMES)
def test_gradients_of_what_is_padded_do_not_matter(name: str, at: Passes) -> None:
    net, grads = Case(name, (B, T, I, H)).net("native"), []
    for filling in (0.0, NAN):
        x = draw(B, T, I).requires_grad_()
        outputs, _ = net(x, LENGTHS)
        given = draw(B, T, H, seed=3)
        for row, length in enumerate(LENGTHS):
            given[row, length:] = filling
        grads.append(torch.autograd.grad(outputs, [x, *net.parameters()], given))
    assert all(map(torch.equal, *grads))
    for row, length in enumerate(LENGTHS):
        assert not grads[0][0][row, length:].any()


@pytest.mark.parametrize("value", [NAN, INF])
@pytest.mark.parametrize("lowered", [False, True], ids=["float32", "bf16"])
@pytest.mark.parametrize("name", NAMES)
def test_a_row_keeps_it_to_itself(name: str, lowered: bool, value: float, passes: list[object]) -> None:
    """Outputs, last states and gradients of the other rows are the same bits."""
    net = Case(name, (B, T, I, H), layers=2).net("native")
    spoilt = draw(B, T, I)
    spoilt[4, 0] = value
    found = []
    for x in (draw(B, T, I), spoilt):
        leaf = x.requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=lowered):
            outputs, last = net(leaf, LENGTHS, return_state=True)
        found.append(results(outputs, last, {"x": leaf}))
    others = torch.arange(B) != 4
    for key, clean in found[0].items():
        rows = (others,) if clean.shape[0] == B else (slice(None), others)
        assert torch.equal(clean[rows], found[1][key][rows]), key
    assert value == INF or bool(found[1]["outputs"][4, :2].isnan().all())
    assert passes
