"""The contract's checks: unusual cells pass, broken ones fail in the check that concerns them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from own_cells import STATELESS, UNUSUAL, write

import cells
from cells import _check
from cells._check import Result


def results(folder: Path, body: str) -> dict[str, Result]:
    write(folder, "own_checked", body)
    return {one.check: one for one in _check.results(cells.load("own-checked"))}


@pytest.mark.parametrize("body", [UNUSUAL, STATELESS], ids=["unusual", "stateless"])
def test_any_state_keeps_the_contract(folder: Path, body: str) -> None:
    found = results(folder, body)
    assert list(found) == list(_check.CHECKS)
    assert {one.outcome for one in found.values()} == {"ok"}, found


def test_a_state_of_any_shape_goes_through_layers_and_comes_back(folder: Path) -> None:
    write(folder, "own_unusual", UNUSUAL)
    net = cells.build("own-unusual", 3, 4, layers=2, bidirectional=True)
    assert "weight_hh" not in {name.split(".")[-1] for name, _ in net.named_parameters()}
    assert "bias_hh" not in {name.split(".")[-1] for name, _ in net.named_parameters()}
    x, lengths = torch.randn(3, 5, 3), torch.tensor([2, 5, 3])
    _, last = net(x, lengths, return_state=True)
    assert [tuple(part.shape) for part in last] == [(4, 3, 2, 4), (4, 3), (4, 3, 1)]
    assert [part.dtype for part in last] == [torch.float32, torch.int64, torch.bool]
    assert last.count.tolist() == [lengths.tolist()] * 4
    assert last.seen[..., 0].tolist() == [[False, True, True]] * 4
    _, again = net(x, lengths, last, return_state=True)
    assert again.count[0].tolist() == [4, 10, 6]


SUM = "projected + state.h @ self.weight_hh.t()"
BACK = "        return h, Hidden(h)\n"
BASE = "class Own(Cell):\n    def step(self, projected, state):\n"
BROKEN = {
    "gradients": (
        BASE + "        h = projected.tanh()\n" + BACK,
        "weight_hh gets no gradient: set recurrent_weight = False where no matrix acts on the state",
    ),
    "output shapes": (
        BASE + f"        h = ({SUM}).tanh()\n        return h[:, :-1], Hidden(h)\n",
        "the output has the shape (4, 6, 7): it must be (4, 6, 8)",
    ),
    "state shapes": (
        BASE + f"        h = ({SUM}).tanh()\n        return h, Hidden(h[:, :1])\n",
        "",
    ),
    "ragged lengths": (
        BASE + f"        h = ({SUM}).tanh()\n" + "        h = h - h.mean(0)\n" + BACK,
        "the outputs of a ragged batch differ from those one by one",
    ),
    "gate shapes": (
        "class Own(Cell):\n    def gates(self, projected, state):\n        return {'g': projected[:1]}\n\n"
        "    def step(self, projected, state):\n"
        f"        h = ({SUM}).tanh()\n" + BACK,
        "gate g has the shape (1, 8) for B = 4: it must be (B, …)",
    ),
    "deterministic": (
        BASE + f"        h = ({SUM} + torch.rand(1)).tanh()\n" + BACK,
        "two evaluations of the same batch differ",
    ),
    "projection": (
        "class Own(Cell):\n    def project(self, x):\n        return super().project(x) * len(x)\n\n"
        "    def step(self, projected, state):\n"
        f"        h = ({SUM}).tanh()\n" + BACK,
        "project gives one step something else than all at once",
    ),
    "bf16": (
        BASE + "        h = (projected.float() + (1000 * state.h) @ self.weight_hh.t()).sin()\n" + BACK,
        "outputs in bf16 are off by",
    ),
}


@pytest.mark.parametrize("check", BROKEN)
def test_a_broken_cell_fails_the_check_that_concerns_it(folder: Path, check: str) -> None:
    body, why = BROKEN[check]
    found = results(folder, body)
    assert found[check].outcome == "FAIL", found
    assert why in found[check].why


def test_an_error_in_the_cell_names_its_line(folder: Path) -> None:
    found = results(folder, BASE + "        return 1 / 0\n")
    assert found["builds"].outcome == "ok"
    assert found["output shapes"].why.endswith("own_checked.py, line 19: ZeroDivisionError: division by zero")


def test_a_cell_that_cannot_be_built_is_checked_no_further(folder: Path) -> None:
    found = results(folder, "class Own(Cell):\n    def make_parameters(self):\n        1 / 0\n\n    step = None\n")
    assert [(one.check, one.outcome) for one in found.values()] == [("builds", "FAIL")]
