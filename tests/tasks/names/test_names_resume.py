"""A training with n-grams and two readings of each batch, stopped and resumed within an epoch: bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine.comparing import best, differences, saved
from engine.toy_runs import after, trained

from workbench.config import spec
from workbench.engine import loop
from workbench.runs import store
from workbench.runs.run import Run

VALUES: dict[str, Any] = {
    "cell.hidden": 6,
    "cell.bidirectional": True,
    "task.embedding": 5,
    "task.letter_ngrams": 3,
    "task.ngram_dropout": 0.3,
    "task.r_drop": 1.0,
    "task.pooling": "max-mean",
    "train.average": 0.9,
    "train.epochs": 1,
    "train.min_steps": 20,
    "train.threads": 1,
    "train.checkpoint_seconds": 1000.0,
}


def new_run(runs_folder: Path) -> Run:
    return store.create(runs_folder, spec.make("names", "lstm", VALUES, data="starter"))


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0.0)  # asked after every step
    whole, cut = new_run(runs_folder), new_run(runs_folder)
    trained(whole)
    for steps in (3, 9):
        trained(cut, after(steps))
        assert cut.status() == "stopped"
    assert trained(cut)[-1].step == 20
    assert differences(saved(cut), saved(whole)) == []
    assert differences(best(cut), best(whole)) == []
