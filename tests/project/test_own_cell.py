"""A researcher's cell is one file: listed, trained and asked like any other."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

MINE = '''"""A leaky average of what is read.

    h_t = a h_{t-1} + (1 - a) tanh(W x_t)

Source: this test.
"""

import torch
from torch import nn

from cells._base import Cell, Hidden


class Leaky(Cell):
    def make_parameters(self):
        self.weight = nn.Parameter(torch.randn(self.hidden_size, self.input_size) * 0.3)
        self.leak = nn.Parameter(torch.zeros(self.hidden_size))

    def project(self, x):
        return x @ self.weight.T

    def initial_state(self, batch):
        return Hidden(self.weight.new_zeros(batch, self.hidden_size))

    def gates(self, projected, state):
        return {"a": self.leak.sigmoid().expand_as(projected)}

    def step(self, projected, state):
        a = self.leak.sigmoid()
        h = a * state.h + (1 - a) * projected.tanh()
        return h, Hidden(h)
'''


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "leaky_mean.py").write_text(MINE)
    return {"WORKBENCH_CELLS": str(folder)}


def test_one_file_is_a_cell(workbench, own: dict[str, str]) -> None:
    listed = workbench("cells", **own)
    assert "leaky-mean" in listed.stdout
    assert "A leaky average of what is read" in listed.stdout
    result = workbench("train", "toy", "--cell", "leaky-mean", "--headless", "--json", "--layers", 2, **own)
    assert result.returncode == 0, result.stderr
    told = msgspec.json.decode(result.stdout.splitlines()[-1])
    assert told["status"] == "finished"
    asked = workbench("predict", told["run"], "012", **own)
    assert asked.returncode == 0, asked.stderr
    assert "two [red]" in asked.stdout


def test_without_its_folder_it_is_unknown(workbench) -> None:
    assert "leaky-mean" not in workbench("cells").stdout
    result = workbench("train", "toy", "--cell", "leaky-mean", "--headless")
    assert result.returncode == 2
    assert "There is no cell 'leaky-mean'" in result.stderr
