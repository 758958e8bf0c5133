"""CUDA graphs by key: what is captured when, what is kept, what is refused. The recorder is replaced: no GPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from cells._kernels.captures import Captures, bucket, pad


def double(x: Tensor) -> tuple[Tensor, ...]:
    return (2 * x,)


class Recorder:
    """Captures a function as itself, and counts."""

    def __init__(self) -> None:
        self.captured = 0

    def __call__(self, function: Callable[..., Any], inputs: tuple[Tensor, ...]) -> Callable[..., Any]:
        self.captured += 1
        return function


def test_buckets_hold_their_lengths_and_at_most_a_quarter_more() -> None:
    assert [bucket(n) for n in (1, 2, 7, 8, 9, 50, 250, 720)] == [1, 2, 7, 8, 10, 56, 256, 768]
    assert all(n <= bucket(n) <= 1.25 * n and bucket(bucket(n)) == bucket(n) for n in range(1, 3000))
    assert len({bucket(n) for n in range(1, 1025)}) < 40


def test_pads_with_zeros() -> None:
    wide = pad(torch.tensor([[1.0], [2.0]]), torch.tensor([2, 0]), 4)
    assert wide.flatten().tolist() == [2, 0, 1, 0]


def test_a_shape_is_captured_when_it_comes_again() -> None:
    recorder = Recorder()
    captures = Captures(capture=recorder)
    inputs = (torch.ones(3),)
    assert captures.run("a", double, lambda: inputs) is None
    assert recorder.captured == 0
    for _ in range(3):
        found = captures.run("a", double, lambda: inputs)
        assert found is not None
        assert found[0].tolist() == [2, 2, 2]
    assert recorder.captured == 1


def test_keeps_no_more_than_its_limit_and_drops_the_one_longest_unused() -> None:
    recorder = Recorder()
    captures = Captures(limit=2, capture=recorder)
    for key in ("a", "a", "b", "b", "a", "c", "c"):
        captures.run(key, double, lambda: (torch.ones(1),))
    assert recorder.captured == 3
    assert captures.run("a", double, lambda: (torch.ones(1),)) is not None
    assert captures.run("b", double, lambda: (torch.ones(1),)) is None  # dropped: as if it had never come
    assert recorder.captured == 3


@pytest.mark.parametrize("error", [RuntimeError, torch.OutOfMemoryError])
def test_what_cannot_be_captured_is_computed_as_it_stands_from_then_on(error: type[RuntimeError]) -> None:
    tries = []

    def fail(function: Any, inputs: Any) -> Any:
        tries.append(1)
        raise error("operation not permitted when stream is capturing\nmore\nlines")

    captures = Captures(capture=fail)
    for _ in range(4):
        assert captures.run("a", double, lambda: (torch.ones(1),)) is None
    assert tries == [1]
    assert captures.refused == {"a": "operation not permitted when stream is capturing"}
