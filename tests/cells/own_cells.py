"""Cells of one's own for the tests: written into a folder that is searched like one of ``WORKBENCH_CELLS``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cells

HEAD = '''"""Own cell.

    h_t = x_t

Source: the tests.
"""

from typing import Annotated, Literal, NamedTuple

import msgspec
import torch
from msgspec import Meta
from torch import nn

from cells._base import Cell, Hidden

'''

# a learned start, a matrix state, a step count and a flag, gates of no kind, and no matrix on the state
UNUSUAL = """
class State(NamedTuple):
    M: torch.Tensor  # (B,2,H)
    count: torch.Tensor  # (B,) int64
    seen: torch.Tensor  # (B,1) bool


class Unusual(Cell):
    recurrent_weight = False

    def make_parameters(self):
        super().make_parameters()
        self.start = nn.Parameter(torch.ones(2, self.hidden_size))

    def initial_state(self, batch):
        count = self.start.new_zeros(batch, dtype=torch.int64)
        return State(self.start.expand(batch, 2, self.hidden_size), count, count[:, None] > 0)

    def step(self, projected, state):
        M = 0.5 * state.M + projected.tanh()[:, None] * (1 + state.seen[..., None])
        return M.sum(1), State(M, state.count + 1, ~state.seen)
"""

STATELESS = """
class Nothing(NamedTuple):
    pass


class Stateless(Cell):
    recurrent_weight = False

    def initial_state(self, batch):
        return Nothing()

    def step(self, projected, state):
        return projected.tanh(), state
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of cells; what is imported from it is forgotten afterwards."""
    own = tmp_path / "own-cells"
    own.mkdir()
    monkeypatch.setattr(cells, "__path__", [*cells.__path__, str(own)])
    before = set(sys.modules)
    yield own
    for name in set(sys.modules) - before:
        if name.startswith("cells.") and Path(str(sys.modules[name].__file__)).parent == own:
            del sys.modules[name]


def write(folder: Path, stem: str, body: str, head: str = HEAD) -> Path:
    file = folder / f"{stem}.py"
    file.write_text(head + body, encoding="utf-8")
    return file
