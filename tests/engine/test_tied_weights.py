"""A tensor that a network uses under two names is saved once, and is one tensor still when it is read."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from workbench.engine import checkpoint
from workbench.engine.checkpoint import CheckpointError


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(5, 3), nn.Linear(3, 5)
        self.head.weight = self.embedding.weight


def test_tied_weights_are_saved_once_and_stay_tied(tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    saved, read = Tied(), Tied()
    checkpoint.save_best(path, saved, {})
    assert safetensors.torch.load_file(path).keys() == {"embedding.weight", "head.bias"}
    checkpoint.load_best(path, read)
    assert torch.equal(read.head.weight, saved.embedding.weight)
    assert read.head.weight is read.embedding.weight


def test_a_network_that_is_not_tied_refuses_them(tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    checkpoint.save_best(path, Tied(), {})
    loose = nn.ModuleDict({"embedding": nn.Embedding(5, 3), "head": nn.Linear(3, 5)})
    with pytest.raises(CheckpointError, match="another network"):
        checkpoint.load_best(path, loose)
