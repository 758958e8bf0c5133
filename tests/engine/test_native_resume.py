"""A run by the compiled kernels that is stopped and resumed ends with the weights of one that never stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from engine.comparing import best, differences, saved
from engine.toy_runs import after, only, toy, trained

from cells._kernels.native import library
from workbench.engine import loop
from workbench.runs.events import Finished, Started, Stopped


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("cell", "threads"), [("lstm", 1), ("gru", 2), ("gru-textbook", 1), ("rnn", 2), ("bilstm", 1)])
def test_a_resumed_run_ends_the_same_bit_for_bit(
    runs_folder: Path, cell: str, threads: int, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if library.load() is None:
        pytest.skip(library.reason())
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)
    values = {
        **{"train.epochs": 2, "train.checkpoint_seconds": 1000.0, "train.threads": threads, "train.probe": 0},
        **{
            "train.precision": precision,
            "cell.kernel": "native",
            "cell.layers": 2,
            "cell.hidden": 9,
            "cell.dropout": 0.2,
        },
    }
    before = torch.get_num_threads()
    try:
        whole, run = (toy(runs_folder, values, cell=cell, dropout=0.3) for _ in range(2))
        trained(whole)
        (stopped,) = only(Stopped, trained(run, after(8)))
        events = trained(run)
    finally:
        torch.set_num_threads(before)
    (started,) = only(Started, events)
    assert only(Finished, events)
    assert started.from_step == stopped.step > 0
    assert started.kernel == "native"
    assert differences(saved(run), saved(whole)) == []
    assert differences(best(run), best(whole)) == []
