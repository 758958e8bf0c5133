"""A network that does not fit into the memory at hand is refused before data are read or weights are made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from engine.toy_runs import toy, trained

import tasks
from cells.rnn import RNN
from tasks.base import DataError
from tasks.shared import memory
from workbench.config import spec
from workbench.engine import checkpoint, network, trained_run

CPU = torch.device("cpu")
HUGE = {"cell.hidden": 8192, "cell.layers": 16}


def test_a_huge_network_is_refused_before_the_data_are_read(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "at_hand", lambda: 32 * 10**9)
    run = toy(runs_folder, HUGE, cell="lstm")
    monkeypatch.setattr(tasks.load("toy"), "load", lambda *_: pytest.fail("the data were read"))
    with pytest.raises(DataError) as caught:
        trained(run)
    assert str(caught.value) == (
        "Training the network (8,322,580,480 parameters or more) needs about 233 GB of memory, and 32 GB are at hand: "
        "lower cell.hidden (it is 8192) or cell.layers (it is 16), or say what may be used with WORKBENCH_MEMORY_LIMIT "
        "(gigabytes, or none for no limit)."
    )
    monkeypatch.setenv(memory.VARIABLE, "none")
    with pytest.raises(pytest.fail.Exception, match="the data were read"):
        trained(run)


@pytest.mark.parametrize(
    ("values", "bytes_each"),
    [
        ({}, 4 + 4 + 8 + 12),  # weights, gradients, AdamW's two moments; the checkpoint, without gradients
        ({"train.optimizer": "sgd"}, 4 + 4 + 4),
        ({"train.optimizer": "sgd", "train.momentum": 0.9}, 4 + 4 + 4 + 8),
        ({"train.optimizer": "rmsprop", "train.average": 0.9}, 4 + 4 + 4 + 4 + 12),
    ],
)
def test_what_a_training_needs_is_told_by_optimiser_and_average(
    values: Mapping[str, Any], bytes_each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = spec.make("toy", "rnn", {"cell.hidden": 1000, **values})
    parameters = 1000 * (1 + 1000 + 1 + 1)
    monkeypatch.setattr(memory, "at_hand", lambda: parameters * bytes_each)
    network.check_recurrence(described, CPU)
    monkeypatch.setattr(memory, "at_hand", lambda: parameters * bytes_each - 1)
    with pytest.raises(DataError, match=r"cell.hidden \(it is 1000\), or say"):
        network.check_recurrence(described, CPU)


def test_a_cell_that_reads_its_parameters_as_it_is_built_is_left_to_the_building(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def made(self: RNN) -> None:
        draw(self)
        self.weight_hh.detach().numpy()  # without memory on the meta device

    draw = RNN.make_parameters
    monkeypatch.setattr(RNN, "make_parameters", made)
    described = spec.make("toy", "rnn")
    network.check_recurrence(described, CPU)
    assert network.parameter_count(network.build_recurrent(described, 3)) > 0


def test_the_check_draws_nothing() -> None:
    before = torch.get_rng_state()
    network.check_recurrence(spec.make("toy", "torch-lstm", {"cell.layers": 2}), CPU)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_gpus_memory_counts_where_the_network_is_trained_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (10**6, 10**9))
    with pytest.raises(DataError, match="1 MB are at hand on the GPU"):
        network.check_recurrence(spec.make("toy", "rnn", {"cell.hidden": 1000}), torch.device("cuda", 1))


def test_an_embedding_is_refused_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    described = spec.make("toy", "rnn")
    monkeypatch.setattr(memory, "at_hand", lambda: 10**9)
    with (
        pytest.raises(DataError, match=r"The network \(8,000,000,000 parameters or more\) needs about 64 GB"),
        network.within_memory(described, CPU, training=False),
    ):
        torch.nn.Embedding(2_000_000, 4000)


def test_a_strangers_run_that_does_not_fit_is_not_asked(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = toy(runs_folder, {"train.max_steps": 1})
    trained(run)
    run.spec_file.write_bytes(run.spec_file.read_bytes().replace(b'"hidden": 8', b'"hidden": 8192'))
    monkeypatch.setattr(memory, "at_hand", lambda: 10**8)
    with pytest.raises(DataError, match="ask it on a machine with more memory"):
        trained_run.load_trained(type(run)(run.path))


@pytest.mark.parametrize("name", ["best.safetensors", "last.pt", "task.safetensors"])
def test_a_file_larger_than_the_memory_is_not_read(
    runs_folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = toy(runs_folder).path / name
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse
    monkeypatch.setattr(memory, "at_hand", lambda: 10**9)
    load = {
        "last.pt": lambda path: checkpoint.load_last(path, CPU),
        "best.safetensors": lambda path: checkpoint.load_best(path, torch.nn.Linear(1, 1)),
        "task.safetensors": checkpoint.load_tensors,
    }[name]
    with pytest.raises(DataError, match=rf"Reading .*{name} \(1.1 TB\) needs about .* 1 GB are at hand"):
        load(path)
