"""N processes with batch B/N have the losses of one with B, for each kind of loss: over rows, tokens or weights."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from waiting import HANG

from workbench.config import spec
from workbench.runs import store

SMALL = {
    "cell.hidden": 6,
    "cell.kernel": "reference",
    "cell.dropout": 0.0,
    "train.batch_size": 7,
    "train.threads": 1,
    "train.device": "cpu",
    "train.precision": "fp32",
    "train.clip": 0.05,  # each step is clipped
    "train.average": 0.0,
}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "names-weights": ("names", {"task.imbalance": "weights", "task.label_smoothing": 0.1}),
    "names-logits": ("names", {"task.imbalance": "logit-adjustment"}),
    "names-adversarial": ("names", {"task.imbalance": "weights", "task.adversarial": 0.05}),
    "poems": ("poems", {}),
    "climate": ("climate", {"task.loss": "huber", "task.mirror": False}),
    "text": ("text", {"train.batch_size": 3}),
    "text-adversarial": ("text", {"train.batch_size": 3, "task.adversarial": 0.05, "task.pretrain_epochs": 1}),
    "chars": ("chars", {"task.carry": False}),
    "chars-carried": ("chars", {"task.carry": True}),
    "adding": ("adding", {}),
    "copying": ("copying", {}),
    "scribe": ("scribe", {"task.dropout": 0.0}),
}


def described(name: str, values: dict[str, Any]) -> spec.RunSpec:
    off = {"task.dropout", "task.word_dropout", "task.letter_dropout", "task.ngram_dropout"}
    keys = set(spec.keys(spec.make(name, "gru", {})))
    zero = dict.fromkeys(off & keys, 0.0)
    return spec.make(name, "gru", {**SMALL, **zero, **values}, data="starter")


FEW = ("names-adversarial", "chars-carried", "scribe")


@pytest.mark.parametrize(("size", "kinds"), [(2, [*KINDS]), (3, [*FEW])])
def test_processes_share_a_batch_as_one_trains_on_it(tmp_path: Path, size: int, kinds: list[str]) -> None:
    for name in kinds:
        task, values = KINDS[name]
        store.create(tmp_path / "runs", described(task, values)).path.rename(tmp_path / "runs" / name)
    listener = socket.create_server(("127.0.0.1", 0), backlog=8)
    root = Path(__file__).parents[2]
    ranks = [
        subprocess.Popen(
            [
                *(sys.executable, "-P", str(Path(__file__).with_name("shared_losses.py")), str(tmp_path / "runs")),
                *(str(rank), str(size), str(listener.getsockname()[1])),
                *([str(listener.fileno())] if not rank else []),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[] if rank else [listener.fileno()],
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        for rank in range(size)
    ]
    listener.close()
    ended = [(*rank.communicate(timeout=HANG), rank.returncode) for rank in ranks]
    assert not any(code for _, _, code in ended), ended[0][1].decode()[-3000:]
    apart = json.loads(ended[0][0])
    assert apart.keys() == {*kinds}
    assert all(loss < 1e-9 and weights < 1e-9 for loss, weights in apart.values()), apart
