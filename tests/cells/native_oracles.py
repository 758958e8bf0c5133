"""Shared by the tests of the compiled kernels: levels one after the other, and all values of a pass by a kernel.

Shapes: B batch, T time, I input size, H hidden size, O output size, D directions, L layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest
import torch
from cell_oracles import network, parameters, some_state
from hypothesis import strategies as st
from torch import Tensor

from cells._kernels.linear import sequence as linear_sequence
from cells._kernels.native import library, linear, sequence
from cells._kernels.native.library import Level
from cells._recurrent import Recurrent

FLOAT32 = (Level.PORTABLE, Level.AVX2, Level.AVX512)
BFLOAT16 = (Level.AVX512BF16, Level.AMX)
NAMES = ("lstm", "gru", "gru-textbook", "rnn")  # bilstm is lstm both ways
LINEAR = ("min-gru", "min-lstm", "lru", "rg-lru")
FORMS = [  # lengths, layers, both ways, from a state, states returned
    ((3, 6, 1, 4, 6), 1, False, True, True),
    (None, 2, False, False, False),
    ((2, 1, 6, 3, 3), 3, True, True, True),
    ((5, 5, 5, 5, 5), 2, True, False, True),
    ((1, 1, 1, 1, 1), 1, True, True, False),
    (None, 3, False, True, True),
]


class Passes(NamedTuple):
    """The level that a test forces, and the levels of the kernels' passes in it, forward and backward."""

    level: Level
    seen: list[Level]


def forced(wanted: Level, monkeypatch: pytest.MonkeyPatch) -> Passes:
    """Force a level for one test, which is skipped where this machine lacks it."""
    found = library.load()
    if found is None:
        pytest.skip(library.reason())
    if wanted not in found.levels:
        pytest.skip(f"this machine has {', '.join(level.title for level in found.levels)}")
    only = found._replace(level=wanted)
    monkeypatch.setattr(library, "_found", cache(lambda: only))
    return Passes(wanted, spied(monkeypatch))


def spied(monkeypatch: pytest.MonkeyPatch) -> list[Level]:
    """Return the list to which each pass of the kernels adds its level; short passes are theirs too."""
    seen: list[Level] = []
    for module in (sequence, linear_sequence):
        monkeypatch.setattr(module, "_short", lambda *given: False)
    compute, compute_linear = sequence._compute, linear._compute

    def spy(call: Any, about: Any, *, backward: bool) -> None:
        seen.append(about.level)
        compute(call, about, backward=backward)

    def spy_linear(call: Any, level: Level, *, backward: bool) -> None:
        seen.append(level)
        compute_linear(call, level, backward=backward)

    monkeypatch.setattr(sequence, "_compute", spy)
    monkeypatch.setattr(linear, "_compute", spy_linear)
    return seen


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Level]]:
    """Passes of the kernels at the best level that this machine has."""
    if library.load() is None:
        pytest.skip(library.reason())
    return spied(monkeypatch)


def draw(*shape: int, seed: int = 1, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return normal numbers, the same at every call and in every precision."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


class Case(NamedTuple):
    """A network and a batch."""

    name: str
    sizes: tuple[int, int, int, int]  # B, T, I, H
    lengths: tuple[int, ...] | None = None
    layers: int = 1
    both: bool = False
    start: bool = True
    last: bool = True

    def net(self, kernel: str, dtype: torch.dtype = torch.float32) -> Recurrent:
        """Return the network, its weights the same at every call."""
        _, _, features, hidden = self.sizes
        form = {"layers": self.layers, "bidirectional": self.both, "kernel": kernel}
        return network(self.name, features, hidden, dtype=dtype, **form)

    def values(self, kernel: str, dtype: torch.dtype = torch.float32, *, lowered: bool = False) -> dict[str, Tensor]:
        """Return outputs, last states and all gradients, by a kernel; ``lowered``: under autocast to bfloat16."""
        batch, time, features, _ = self.sizes
        net = self.net(kernel, dtype)
        x = draw(batch, time, features, dtype=dtype)
        state = some_state(net.float(), batch) if self.start else None  # drawn in float32, as everything
        net.to(dtype)
        if state is not None:
            state = type(state)(*(part.to(dtype) for part in state))
        lengths = None if self.lengths is None else torch.tensor(self.lengths)
        return computed(net, x, lengths, state, last=self.last, lowered=lowered)


@st.composite
def cases(choose: st.DrawFn, names: tuple[str, ...]) -> Case:
    """Return small networks of the named cells and batches, about the widths of vectors."""
    batch, time = choose(st.integers(1, 20)), choose(st.integers(1, 6))
    lengths = choose(st.none() | st.tuples(*[st.integers(1, time)] * batch))
    sizes = (batch, time, choose(st.integers(1, 70)), choose(st.integers(1, 70)))
    flags = choose(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    return Case(choose(st.sampled_from(names)), sizes, lengths, choose(st.integers(1, 2)), *flags)


def computed(
    net: Recurrent, x: Tensor, lengths: Tensor | None, state: Any, *, last: bool = True, lowered: bool = False
) -> dict[str, Tensor]:
    """Return outputs, last states, and the gradient by each input and weight of a loss that depends on all of them."""
    leaves = {"x": x.detach().requires_grad_()}
    if state is not None:
        state = type(state)(*(part.detach().requires_grad_() for part in state))
        leaves |= state._asdict()
    with torch.autocast("cpu", torch.bfloat16, enabled=lowered):
        outputs, after = net(leaves["x"], lengths, state, return_state=last)
    leaves |= parameters(net)
    return results(outputs, after, leaves)


def results(outputs: Tensor, last: tuple[Tensor, ...] | None, leaves: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return outputs, last states, and the gradient by each leaf of a loss that depends on all of them."""
    values = {"outputs": outputs} | {f"last {k}": part for k, part in enumerate(last or ())}
    wide = outputs.dtype if outputs.dtype is torch.float64 else torch.float32
    loss = sum((part.to(wide) * draw(*part.shape, seed=7, dtype=wide)).sum() for part in values.values())
    assert isinstance(loss, Tensor)
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    named = {f"gradient of {name}": gradient for name, gradient in zip(leaves, gradients, strict=True)}
    return {name: value.detach() for name, value in (values | named).items()}


@cache
def truth(case: Case) -> dict[str, Tensor]:
    """Return the values by the Python cell in float64."""
    return case.values("reference", torch.float64)


def errors(values: dict[str, Tensor], right: dict[str, Tensor]) -> dict[str, tuple[float, float]]:
    """Return of each tensor the largest error and the largest value that is right."""
    assert values.keys() == right.keys()
    found = {}
    for name, value in values.items():
        assert value.shape == right[name].shape, name
        difference = (value.double() - right[name].double()).abs()
        found[name] = (float(difference.max()), float(right[name].abs().max()))
    return found


def near(values: dict[str, Tensor], right: dict[str, Tensor], relative: float = 1e-5, floor: float = 1e-6) -> None:
    """Assert that each tensor is right within a share of its largest value.

    A gradient may be small where large terms cancel: below ``floor`` no error counts, with gradients of outputs near 1.
    """
    wrong = {
        name: f"{error:.1e} of {largest:.1e}"
        for name, (error, largest) in errors(values, right).items()
        if not error <= relative * largest + floor
    }
    assert not wrong
