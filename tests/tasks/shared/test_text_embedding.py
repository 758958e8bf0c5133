"""The text tasks' embedding: started from vectors, frozen, tuned, the same in a resumed run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from engine import toy_runs
from engine.toy_runs import trained
from starter_reviews import build, starter, task, text_of
from torch import Tensor

from tasks.base import DataError
from tasks.reviews.settings import CATEGORIES
from tasks.shared.datasets import locations
from tasks.shared.text import data as text_data
from tasks.shared.text.data import TextData
from workbench.config import spec
from workbench.engine import checkpoint
from workbench.engine import loop as loop
from workbench.runs import store
from workbench.runs.run import Run


@pytest.fixture
def data() -> TextData:
    return starter()


# vectors to start from


def embedding(model: Any, input: str) -> Tensor:
    found: Tensor = (model.input.words if input == "both" else model.input).weight
    return found


@pytest.mark.parametrize("input", ["words", "characters", "both"])
def test_a_file_of_vectors_starts_the_embedding(
    data: TextData, input: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    symbols = data.state["characters" if input == "characters" else "vocabulary"]
    path = tmp_path / "some.txt"
    lines = [f"{symbol} {k} 0 0 0 0 -1\n" for k, symbol in enumerate(symbols[:9])]
    path.write_text("".join([*lines, "<pad> 1 1 1 1 1 1\n"]))
    learner = task(data, input=input, vectors=str(path))
    model = build(learner)
    learner.initialise(model, data)
    weight = embedding(model, input)
    assert weight[0].tolist() == [0.0] * 6  # padding, whatever the file says
    assert weight[4:13].tolist() == [[k, 0, 0, 0, 0, -1] for k in range(9)]
    assert f"10 of {len(symbols) + 4:,} embeddings start from some.txt." in capsys.readouterr().err


@pytest.mark.parametrize("input", ["words", "characters", "both"])
def test_word2vec_starts_the_embedding_from_the_training_split_alone(data: TextData, input: str) -> None:
    learner = task(data, input=input, init="word2vec", word2vec_epochs=1)
    model = build(learner)
    learner.initialise(model, data)
    weight = embedding(model, input)
    assert weight[0].tolist() == [0.0] * 6
    assert weight[1].tolist() == [0.0] * 6  # every word of the training split is known
    assert (weight[2:].abs().sum(1) > 0).all()
    held = text_data.load(learner.settings, "held", CATEGORIES, lambda: swapped(data), spell=True)
    other = build(learner)
    assert len(held.state["vocabulary"]) == len(data.state["vocabulary"])
    learner.initialise(other, held)
    assert torch.equal(embedding(other, input), weight)


def swapped(data: TextData) -> text_data.LabelledTexts:
    """The same training split with other words in validation and test."""
    split = torch.zeros(len(data.labels), dtype=torch.int64)
    split[data.rows["val"]], split[data.rows["test"]] = 1, 2
    words = [text_of(data, row) if split[row] == 0 else ["<s>", "别的", "</s>"] for row in range(len(split))]
    return text_data.LabelledTexts(words, data.labels.tolist(), split.tolist())


def test_rare_words_teach_word2vec_the_unknown_one() -> None:
    data = starter(min_count=9)
    learner = task(data, init="word2vec", min_count=9, word2vec_epochs=1)
    model = build(learner)
    learner.initialise(model, data)
    assert model.input.weight[1].abs().sum() > 0


def test_a_random_start_is_left_as_it_is(data: TextData) -> None:
    learner = task(data)
    model = build(learner)
    before = model.input.weight.clone()
    learner.initialise(model, data)
    assert torch.equal(model.input.weight, before)
    assert before[0].tolist() == [0.0] * 6


def test_vectors_of_another_width_say_what_to_set(data: TextData, tmp_path: Path) -> None:
    path = tmp_path / "glove.txt"
    path.write_text("的 1 2 3\n")
    learner = task(data, vectors=str(path))
    with pytest.raises(DataError, match=r"line 1 holds 3 numbers, not 6: set task\.embedding=3, the file's width, or "):
        learner.initialise(build(learner), data)


def test_a_relative_path_of_vectors_is_kept_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    there = tmp_path / "some.txt"
    there.touch()
    for given, kept in [("some.txt", str(there)), (str(there), str(there)), ("~/some.txt", str(there)), ("", "")]:
        made = spec.make("imdb", "lstm", {"task.vectors": given})
        assert made.settings.vectors == kept


def test_vectors_that_are_missing_are_said_before_a_run_is_made(tmp_path: Path) -> None:
    with pytest.raises(spec.SpecError, match=r"gone\.txt is missing: name a file of word vectors"):
        spec.make("imdb", "lstm", {"task.vectors": str(tmp_path / "gone.txt")})


# frozen, then tuned; resumed


VALUES: dict[str, Any] = {
    "cell.hidden": 4,
    "train.epochs": 3,
    "train.batch_size": 60,
    "train.checkpoint_seconds": 0,
    "train.device": "cpu",
    "train.threads": 1,
    "train.precision": "fp32",
    "task.embedding": 5,
    "task.init": "random",
    "task.frozen_epochs": 2,
}


def new_run(folder: Path, values: dict[str, Any]) -> Run:
    data_dir = str(locations.starter("reviews"))
    return store.create(folder, spec.make("reviews", "gru", VALUES | values, data="starter", data_dir=data_dir))


def saved(run: Run) -> dict[str, Tensor]:
    last = checkpoint.load_last(run.last_file, torch.device("cpu"))
    assert last is not None
    found: dict[str, Tensor] = last["model"]
    return found


def weights(run: Run, *, after: int) -> dict[str, Tensor]:
    """The weights after so many steps more; the engine asks after each whether it should stop."""
    trained(run, toy_runs.after(after))
    return saved(run)


@pytest.mark.parametrize("input", ["words", "both"])
def test_vectors_are_frozen_and_then_tuned_in_a_resumed_run_too(
    runs_folder: Path, input: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve steps, four an epoch: stopped in the second epoch (frozen still), and in the third (tuned)."""
    monkeypatch.setattr(loop, "_STOP_CHECK_SECONDS", 0)
    name = "input.words.symbols.weight" if input == "both" else "input.symbols.weight"
    whole, stopped = (new_run(runs_folder, {"task.input": input}) for _ in range(2))
    trained(whole)
    start = weights(stopped, after=1)[name]
    assert torch.equal(weights(stopped, after=5)[name], start)
    assert torch.equal(weights(stopped, after=2)[name], start)
    tuned = weights(stopped, after=2)[name]
    assert (tuned[1:] != start[1:]).any()
    assert tuned[0].tolist() == [0.0] * 5  # padding is not
    trained(stopped)
    assert whole.status() == stopped.status() == "finished"
    left, right = (saved(run) for run in (whole, stopped))
    assert left.keys() == right.keys()
    assert all(torch.equal(left[key], right[key]) for key in left)
