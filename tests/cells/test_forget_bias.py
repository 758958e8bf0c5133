"""The LSTM's forget bias at the start, one of its options."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from cell_oracles import agree, network, noise

import cells


@pytest.mark.parametrize("name", ["lstm", "bilstm"])
def test_it_is_added_to_the_rows_of_the_forget_gate_alone(name: str) -> None:
    usual, given = (network(name, layers=2, options=options).to_torch() for options in ({}, {"forget_bias": 1.5}))
    assert usual.keys() == given.keys()
    for key, before in usual.items():
        expected = before.clone()
        if key.startswith("bias_ih"):
            expected[4:8] += 1.5  # rows i f g o, H = 4
        agree(given[key], expected, within=1e-6)  # float32 as they were drawn


def test_a_bias_keeps_more_of_the_memory() -> None:
    kept = []
    for bias in (0.0, 1.0):
        cell: Any = network("lstm", 3, 64, options={"forget_bias": bias}).cells[0]
        state = cell.initial_state(5)
        kept.append(float(cell.gates(cell.project(noise(5, 3)), state)["f"].mean()))
    assert kept == pytest.approx([0.5, torch.tensor(1.0).sigmoid().item()], abs=0.03)


@pytest.mark.parametrize("value", [-20.1, 21, float("nan"), "much"])
def test_a_bias_out_of_bounds_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"LSTM's options cannot be so: .*forget_bias"):
        cells.build("lstm", 3, 4, options={"forget_bias": value})
