"""Cells by name, and their descriptions, without torch; a new file is a new cell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from shipped import CELLS as SHIPPED

import cells

LEAKY = '''
"""A leaky integrator.

    h_t = h_{t-1} + (tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh) − h_{t-1}) / 2

Source: the tests.
"""

import torch

from cells._base import Cell, Hidden


class Leaky(Cell):
    def gates(self, projected, state):
        return {"n": torch.tanh(projected + state.h @ self.weight_hh.t())}

    def step(self, projected, state):
        h = torch.lerp(state.h, self.gates(projected, state)["n"], 0.5)
        return h, Hidden(h)
'''

SEEN = """
import json, sys
import cells
seen = {name: cells.about(name) for name in cells.available()}
print(json.dumps({"about": seen, "torch": "torch" in sys.modules}))
"""

TRAINED = """
import json
import torch
import cells

torch.manual_seed(0)
net = cells.build("leaky-rnn", 2, 8, layers=2, bidirectional=True)
x, lengths = torch.randn(16, 5, 2), torch.arange(16) % 5 + 1
target = (x * (torch.arange(5) < lengths[:, None])[..., None]).sum((1, 2))  # each sequence's sum
head = torch.nn.Linear(16, 1)
optimiser = torch.optim.Adam([*net.parameters(), *head.parameters()], 0.01)
losses = []
for _ in range(30):
    loss = (head(net(x, lengths)[0].sum(1))[:, 0] - target).square().mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
print(json.dumps(losses))
"""


def fresh(script: str, here: Path, folders: str = "") -> Any:
    """Return the JSON that a script prints in a process of its own, with those folders named."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=here,
        env=os.environ | {"WORKBENCH_CELLS": folders},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_names_and_words_need_no_torch(tmp_path: Path) -> None:
    seen = fresh(SEEN, tmp_path)
    assert not seen["torch"]
    assert seen["about"].keys() >= SHIPPED
    assert [name for name in sorted(SHIPPED) if seen["about"][name][2]] == ["bilstm"]


@pytest.mark.parametrize("name", cells.available())
def test_every_cell_has_a_title_and_equations_or_a_source(name: str) -> None:
    about = cells.about(name)
    assert about.title
    assert not about.title.endswith(".")
    lines = about.text.splitlines()
    assert any(line.startswith("    ") and " = " in line for line in lines) or any("Source: " in line for line in lines)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_cell_tells_its_year_and_purpose(name: str) -> None:
    about, kind = cells.about(name), cells.load(name)
    assert (about.year, about.purpose) == (kind.year, kind.purpose)
    assert 1990 <= about.year <= 2030
    assert 10 < len(about.purpose) < 80
    assert about.purpose[-1] != "."


def test_cells_stand_in_groups_the_oldest_first(folder: Path) -> None:
    head = '"""Mine."""\nfrom cells.lstm import LSTM\n\n\nclass Own(LSTM):\n'
    (folder / "own_new.py").write_text(f'{head}    year = 2031\n    purpose = """two\n    lines"""\n')
    (folder / "own_silent.py").write_text(f"{head}    year = int('7')\n")
    shipped = ["delta-net", "gru", "lstm", "torch-lstm", "rnn", "s-lstm", "torch-gru", "ind-rnn"]
    assert cells.in_groups([*shipped, "own-new", "own-silent"]) == {
        "classic": ["rnn", "lstm", "gru"],
        "today": ["ind-rnn", "delta-net", "s-lstm"],
        "torch": ["torch-lstm", "torch-gru"],
        "own": ["own-silent", "own-new"],
    }
    assert cells.in_groups(["lstm"]) == {"classic": ["lstm"]}
    assert cells.about("own-new")[3:] == (2031, "two lines", "own")
    assert cells.about("own-silent")[3:] == (0, "", "own")  # neither is taken from the class that it derives from


def test_an_unknown_name_is_a_key_error() -> None:
    for unknown in ("lsmt", "_base", "", "gru_textbook"):
        with pytest.raises(KeyError):
            cells.about(unknown)
        with pytest.raises(KeyError):
            cells.build(unknown, 1, 1)


def test_a_new_file_is_a_new_cell_that_learns(tmp_path: Path) -> None:
    first, second, elsewhere = (tmp_path / folder for folder in ("first", "second", "elsewhere"))
    for folder in (first, second, elsewhere):
        folder.mkdir()
    (second / "leaky_rnn.py").write_text(LEAKY.lstrip(), encoding="utf-8")
    folders = os.pathsep.join(map(str, (first, second)))

    seen = fresh(SEEN, elsewhere, folders)
    assert seen["about"].keys() >= SHIPPED | {"leaky-rnn"}
    title, text, both, *_ = seen["about"]["leaky-rnn"]
    assert (title, both) == ("A leaky integrator", False)
    assert "h_t = h_{t-1}" in text
    assert not seen["torch"]

    losses = fresh(TRAINED, elsewhere, folders)
    assert losses[-1] < losses[0] / 2


def test_twins_name_one_another() -> None:
    shipped = {name: [other for other in cells.twins(name) if other in SHIPPED] for name in SHIPPED}
    pairs = {"lstm": ["torch-lstm"], "gru": ["torch-gru"], "rnn": ["torch-rnn"]}
    expected = pairs | {other: [name] for name, (other,) in pairs.items()}
    assert {name: others for name, others in shipped.items() if others} == expected


def test_a_twin_of_ones_own(folder: Path) -> None:
    quick = ["from typing import ClassVar", "from cells.lstm import LSTM", "", "class Quick(LSTM):"]
    (folder / "quick_lstm.py").write_text("\n".join([*quick, "    twin: ClassVar[str] = 'lstm'", ""]))
    wide = ["from cells.quick_lstm import Quick", "", "class Wide(Quick):", "    gate_count = 4", ""]
    (folder / "wide_lstm.py").write_text("\n".join(wide))
    assert cells.twins("lstm") == ["quick-lstm", "torch-lstm"]
    assert cells.twins("torch-lstm") == ["lstm", "quick-lstm"]
    assert cells.twins("quick-lstm") == ["lstm", "torch-lstm"]
    assert cells.twins("wide-lstm") == []  # what derives from a twin may differ from it
    with pytest.raises(KeyError):
        cells.twins("nothing")
