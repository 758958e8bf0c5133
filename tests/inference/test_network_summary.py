"""Summaries of networks that are not trained yet, by the server and in process."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from waiting import HANG

import cells
import tasks
from tasks.base import DataError
from tasks.shared.datasets import cache, locations
from workbench.config import spec
from workbench.config.spec import RunSpec, SpecError
from workbench.engine import data, network
from workbench.inference import network_summary
from workbench.inference.protocol import NetworkSummary, NetworkSummaryRequest, Part, Predict, encode

SHIPPED = [name for name in tasks.available() if (Path(tasks.__file__).parent / name).is_dir()]
PEEKING = '''"""Looks at its values while it is made."""

from cells.rnn import RNN


class Peeking(RNN):
    def make_parameters(self):
        super().make_parameters()
        self.largest = float(self.weight_hh.detach().max())
'''


@pytest.fixture(scope="module")
def one_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def shared_cache(own_folders: None, one_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Encoded data are made once; what the process remembers of them is another test's."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(one_cache))
    network_summary._state.cache_clear()
    yield
    network_summary._state.cache_clear()


ONE = {"names": {"task.members": 1}}  # shapes of an ensemble's further networks are not told


def summarise(described: RunSpec, folder: Path | None = None) -> NetworkSummary:
    return network_summary.summarise(
        NetworkSummaryRequest(spec=msgspec.Raw(msgspec.json.encode(described)), data=str(folder or ""))
    )


def of(task: str, cell: str = "lstm", **values: Any) -> NetworkSummary:
    return summarise(spec.make(task, cell, {key.replace("__", "."): value for key, value in values.items()}))


LETTERS = {"cell__bidirectional": False, "task__members": 1, "task__letter_ngrams": 0, "task__embedding": 64}


def part(found: NetworkSummary, name: str) -> Part:
    (one,) = [part for part in found.parts if part.name == name]
    return one


@pytest.mark.parametrize("task", SHIPPED)
def test_all_parameters_are_counted_once_and_every_shape_is_told(task: str) -> None:
    for cell in cells.available():
        if tasks.settings(task).causal and cells.about(cell).bidirectional:
            continue
        described = spec.make(task, cell, {"cell.hidden": 16, "cell.layers": 2, **ONE.get(task, {})}, data="starter")
        built = network.build(described, data.load(described)[0])
        found = summarise(described)
        assert found.parameters == network.parameter_count(built), cell
        told = sorted(shape for part in found.parts for shape in part.weights.values())
        assert told == sorted(list(p.shape) for _, p in built.named_parameters(remove_duplicate=False)), cell


def test_layers_and_directions_have_names_and_torchs_shapes() -> None:
    found = of("names", "bilstm", **LETTERS, cell__hidden=8, cell__layers=2)
    assert [one.name for one in found.parts] == [
        "embedding",
        *(f"layer {layer} {way}" for layer in (1, 2) for way in ("forward", "backward")),
        "pooling",
        "classifier",
    ]
    first, second = part(found, "layer 1 forward"), part(found, "layer 2 backward")
    assert first.about == "LSTM read both ways"
    assert first.weights == {"weight_ih": [32, 64], "weight_hh": [32, 8], "bias_ih": [32], "bias_hh": [32]}
    assert second.weights["weight_ih"] == [32, 16]
    assert part(of("names", "torch-lstm", **LETTERS, cell__hidden=8), "layer 1").weights == first.weights
    assert part(found, "pooling") == Part(name="pooling", about="The output of each direction after it has read all")


def test_networks_of_one_form_are_told_once() -> None:
    one, three = (of("names", cell__hidden=8, task__members=members) for members in (1, 3))
    assert [part.name for part in three.parts] == [*(part.name for part in one.parts), "2 more of the same form"]
    assert [part.parameters for part in three.parts[:-1]] == [part.parameters for part in one.parts]
    assert three.parts[-1].parameters == 2 * one.parameters
    assert three.parameters == 3 * one.parameters


def test_a_weight_that_two_parts_share_is_counted_with_the_first() -> None:
    found = of("poems", "gru", cell__hidden=8)
    embedding, head = part(found, "embedding"), part(found, "output layer")
    (shape,) = embedding.weights.values()
    assert head.weights == {"weight, shared with embedding": shape, "bias": shape[:1]}
    assert (embedding.parameters, head.parameters) == (math.prod(shape), shape[0])


def test_the_largest_network_is_told_without_its_memory() -> None:
    assert of("imdb", "bilstm", cell__hidden=8192, cell__layers=16).parameters > 20 * 10**9


def test_a_cell_that_looks_at_its_values_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "peeking.py").write_text(PEEKING)
    monkeypatch.setattr(cells, "__path__", [*cells.__path__, str(tmp_path)])
    assert of("names", "peeking").parameters == of("names", "rnn").parameters


def poems(folder: Path, count: int) -> Path:
    """A data folder with the first of the starter's poems."""
    lines = (locations.starter("poems") / "poems.txt").read_text().splitlines(keepends=True)
    (folder / "poems").mkdir(parents=True)
    (folder / "poems" / "poems.txt").write_text("".join(lines[:count]))
    return folder


def test_data_that_were_never_encoded_are_not_encoded_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named, described = poems(tmp_path / "data", 60), spec.make("poems", "gru")
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "fresh"))
    starters = summarise(described)
    assert starters.note == "with the starter data's vocabulary"
    kept = sorted((cache.cache_folder() / "tensors").iterdir())
    assert summarise(described, named) == starters
    assert sorted((cache.cache_folder() / "tensors").iterdir()) == kept
    data.load(msgspec.structs.replace(described, data_dir=str(named / "poems")))  # as a training does
    found = summarise(described, named)
    assert found.note == ""
    assert part(found, "embedding").parameters < part(starters, "embedding").parameters


def test_what_does_not_depend_on_the_data_has_no_note() -> None:
    assert of("names", **LETTERS).note == of("climate").note == ""
    assert of("names").note == "with the starter data's letter n-grams"


def test_a_file_of_ones_own_is_read_and_its_errors_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"nowhere.csv is missing or no file: name the climate data's file again \(task\.csv\)\."
    ):
        of("climate", task__csv=str(tmp_path / "nowhere.csv"))
    (tmp_path / "own.csv").write_text("Date Time,T (degC)\n01.01.2020 00:00:00,1.5\n")
    with pytest.raises(DataError, match=r"own\.csv"):
        of("climate", task__csv=str(tmp_path / "own.csv"))
    with pytest.raises(SpecError, match="18 languages"):
        of("names", task__head="identity")


def test_a_named_folder_that_lacks_files_is_the_screens_to_tell_of(tmp_path: Path) -> None:
    described = spec.make("names", "gru")
    assert summarise(described, tmp_path) == summarise(described)


def test_the_child_without_a_run_summarises_networks_and_nothing_else() -> None:
    described = spec.make("names", "lstm", preset="letters")
    lines = [
        encode(NetworkSummaryRequest(id=1, spec=msgspec.Raw(msgspec.json.encode(described)))),
        encode(NetworkSummaryRequest(id=2, spec=msgspec.Raw(b'{"task": "names"}'))),
        encode(Predict(id=3, text="x")),
    ]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "workbench.inference.server", "--summaries"],
        input=b"".join(lines),
        capture_output=True,
        timeout=HANG,
        check=True,
        env={**os.environ, "WORKBENCH_TASKS": ""},
    )
    ready, *replies = map(msgspec.json.decode, done.stdout.splitlines())
    assert ready == {"reply": "ready", "id": 0, "run": "", "writes": False}
    assert [(reply["reply"], reply["id"]) for reply in replies] == [("network_summary", 1), ("error", 2), ("error", 3)]
    assert replies[0]["parameters"] == 338_002
    assert replies[1]["message"] == "spec.json is damaged: it is not a run's description."
    assert "without a run" in replies[2]["message"]
