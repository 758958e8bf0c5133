"""Short passes, which the Python cell computes faster than the kernels order their weights."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest
import torch
from native_oracles import library

import cells
from cells._kernels.native import sequence


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """The calls of the kernels: whether each was backward."""
    if library.load() is None:
        pytest.skip(library.reason())
    calls: list[bool] = []
    compute = sequence._compute

    def counted(*given: Any, backward: bool) -> None:
        calls.append(backward)
        compute(*given, backward=backward)

    monkeypatch.setattr(sequence, "_compute", counted)
    return calls


@pytest.mark.parametrize(
    ("hidden", "batch", "time", "by_kernel"),
    [
        (8, 64, 1, False),  # one step
        (8, 1, 2, True),  # a small weight is soon in order
        (300, 1, 31, False),  # few rows through a large one
        (300, 8, 4, True),
    ],
)
def test_a_short_pass_is_the_python_cells(
    hidden: int, batch: int, time: int, by_kernel: bool, called: list[bool]
) -> None:
    net, loop = (cells.build("lstm", 5, hidden, kernel=kernel) for kernel in ("native", "reference"))
    loop.load_state_dict(net.state_dict())
    x = torch.randn(batch, time, 5)
    outputs = net(x)[0]
    assert called == [False] * by_kernel
    assert torch.allclose(outputs, loop(x)[0], rtol=1e-5, atol=1e-6)


def test_the_description_of_a_sequence_has_the_kernels_size() -> None:
    found = library.load()
    if found is None:
        pytest.skip(library.reason())
    assert found.c.workbench_sequence_bytes() == ctypes.sizeof(sequence._Sequence)
