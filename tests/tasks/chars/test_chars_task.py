"""The network of characters: its loss with the state carried on, its figures, its baselines and what it writes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from char_texts import SAYING, loaded, networked
from torch import Tensor, nn

from cells._base import Cell
from cells._recurrent import Recurrent
from tasks.chars import baselines, scoring
from tasks.chars.carry import CarriedState
from tasks.chars.task import Task
from tasks.shared.baselines.kneser_ney import KneserNey
from workbench.engine.generation.batch import Batch
from workbench.engine.generation.best_of import score
from workbench.engine.generation.decoding import generate
from workbench.engine.generation.samples import predict, sample
from workbench.engine.generation.sampling import Sampler


class Remembered(NamedTuple):
    memory: Tensor  # (B,H,2)
    largest: Tensor  # (B,H)


class Nothing(NamedTuple):
    pass


class Matrix(Cell[Remembered]):
    """A cell with a matrix state and one that starts at −∞."""

    def initial_state(self, batch: int) -> Remembered:
        memory = self.weight_hh.new_zeros(batch, self.hidden_size, 2)
        return Remembered(memory, self.weight_hh.new_full((batch, self.hidden_size), -math.inf))

    def step(self, projected: Tensor, state: Remembered) -> tuple[Tensor, Remembered]:
        largest = torch.maximum(projected, state.largest)
        h = (projected + state.memory.sum(2) @ self.weight_hh.t()).tanh()
        memory = 0.5 * state.memory + torch.stack([h, h * h], 2)
        return h * torch.exp(projected - largest), Remembered(memory, largest)


def whole_loss(model: nn.Module, codes: Tensor) -> Tensor:
    """NLL (B,T) of the characters of some streams (B,T+1), each read in one go."""
    scores, targets, _ = scoring.predict(model, codes)
    return -scores.log_softmax(2).gather(2, targets[..., None])[..., 0]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "torch-lstm", "matrix"])
def test_chunks_that_carry_the_state_on_lose_what_whole_streams_do(tmp_path: Path, cell: str, layers: int) -> None:
    settings, data = loaded(tmp_path, dropout=0.0)
    if cell == "matrix":
        task = Task(settings, data.state)
        torch.manual_seed(0)
        model = task.build(lambda width: Recurrent(Matrix, width, 6, layers=layers))
    else:
        task, model = networked(settings, data, cell, layers=layers)
    model.train()
    batches = task.batches(data, "train", 4, torch.Generator().manual_seed(3))
    streams = torch.cat([data.chunks(rows)[:, :-1] for rows in batches] + [data.chunks(batches[-1])[:, -1:]], 1)
    expected = whole_loss(model, streams)  # (4,T)
    for number, rows in enumerate(batches):
        loss = task.loss(model, data, rows)
        torch.testing.assert_close(loss, expected[:, number * 10 : (number + 1) * 10].mean(), rtol=1e-4, atol=1e-5)
    fresh = Task(settings, data.state)
    with torch.no_grad():
        alone = fresh.loss(model, data, batches[1])
    assert abs(alone - expected[:, 10:20].mean()).item() > 1e-5


def test_the_gradient_ends_at_the_chunk(tmp_path: Path) -> None:
    settings, data = loaded(tmp_path, dropout=0.0)
    task, model = networked(settings, data)
    model.train()
    first, second = task.batches(data, "train", 4, torch.Generator().manual_seed(3))[:2]
    task.loss(model, data, first)
    assert not any(part.requires_grad for part in task.training_state().values())
    task.loss(model, data, second).backward()  # a graph that went further back would be gone or grow


def test_carrying_is_off_where_it_is_not_wanted_or_the_chunks_do_not_follow(tmp_path: Path) -> None:
    settings, data = loaded(tmp_path, carry=False, dropout=0.0)
    task, model = networked(settings, data)
    model.train()
    task.loss(model, data, torch.tensor([0, 5]))
    assert task.training_state() == {}
    carried = CarriedState()
    state = Remembered(torch.ones(1, 2, 3, 2), torch.ones(1, 2, 3))
    carried.keep(torch.tensor([0, 5]), state)
    assert carried.before(torch.tensor([1, 6])) is not None
    for rows in ([0, 5], [1, 7], [1], [1, 6, 9]):
        assert carried.before(torch.tensor(rows)) is None
    carried.keep(torch.tensor([0, 5]), Nothing())  # a cell without a state
    CarriedState().restore(carried.tensors())


def test_a_network_that_is_asked_between_two_steps_changes_nothing_carried(tmp_path: Path) -> None:
    settings, data = loaded(tmp_path)
    task, model = networked(settings, data)
    model.train()
    batches = task.batches(data, "train", 4, torch.Generator().manual_seed(3))
    task.loss(model, data, batches[0])
    before = {name: part.clone() for name, part in task.training_state().items()}
    model.eval()
    with torch.no_grad():
        task.loss(model, data, batches[7])
        task.evaluate(model, data, "val", 8)
        sample(task, model)
    after = task.training_state()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_what_is_carried_comes_back_from_its_tensors(tmp_path: Path) -> None:
    settings, data = loaded(tmp_path, dropout=0.0)
    task, model = networked(settings, data, layers=2)
    model.train()
    first, second = task.batches(data, "train", 4, torch.Generator().manual_seed(3))[:2]
    task.loss(model, data, first)
    other = Task(settings, data.state)
    other.restore_training_state(task.training_state())
    assert torch.equal(other.loss(model, data, second), task.loss(model, data, second))
    other.restore_training_state({})
    assert other.training_state() == {}


@pytest.mark.parametrize("processes", [1, 2, 3, 7])
def test_processes_share_what_is_carried_and_join_it(tmp_path: Path, processes: int) -> None:
    settings, data = loaded(tmp_path, dropout=0.0)
    task, model = networked(settings, data, layers=2)
    model.train()
    first, second = task.batches(data, "train", 5, torch.Generator().manual_seed(3))[:2]
    task.loss(model, data, first)
    whole = task.training_state()
    shares = [task.share_training_state(whole, rank, processes) for rank in range(processes)]
    assert [bool(share) for share in shares] == [rank < 5 for rank in range(processes)]
    joined = task.join_training_state(shares)
    assert joined.keys() == whole.keys()
    assert all(torch.equal(joined[name], whole[name]) for name in whole)
    losses = []
    for rank, share in enumerate(shares[:5]):
        other = Task(settings, data.state)
        other.restore_training_state(share)
        rows = second[rank::processes]
        losses.append(other.loss(model, data, rows) * other.loss_weight(data, rows))
    torch.testing.assert_close(sum(losses), task.loss(model, data, second) * task.loss_weight(data, second))
    assert task.join_training_state([{}] * processes) == {}


@pytest.mark.parametrize(
    "bad",
    [
        {"rows": torch.zeros(2, dtype=torch.int64), "state.h": torch.zeros(1, 3, 4)},
        {"rows": torch.zeros(2, dtype=torch.int64), "state.h": torch.zeros(2)},
        {"rows": torch.zeros(2, 2, dtype=torch.int64), "state.h": torch.zeros(1, 2, 4)},
        {"rows": torch.zeros(2, dtype=torch.int64), "state.import": torch.zeros(1, 2, 4)},
        {"state.h": torch.zeros(1, 2, 4)},
    ],
)
def test_what_is_no_carried_state_is_refused(bad: dict[str, Tensor]) -> None:
    with pytest.raises((KeyError, ValueError)):
        CarriedState().restore(bad)


@pytest.mark.parametrize("at_once", [1, 7, 1_000])
def test_an_evaluation_reads_a_split_from_its_first_to_its_last_character(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(scoring, "AT_ONCE", at_once)
    settings, data = loaded(tmp_path)
    task, model = networked(settings, data)
    model.eval()
    with torch.inference_mode():
        metrics = task.evaluate(model, data, "val", 8).metrics
        codes = data.codes[slice(*data.parts["val"])].long()[None]
        nats = whole_loss(model, codes)
        scores, targets, _ = scoring.predict(model, codes)
    assert metrics["nll"] == pytest.approx(float(nats.mean()), rel=1e-5)
    assert metrics["loss"] == metrics["nll"]
    assert metrics["bpc"] == pytest.approx(float(nats.mean()) / math.log(2), rel=1e-5)
    assert metrics["accuracy"] == pytest.approx(float((scores.argmax(2) == targets).double().mean()))


def test_a_training_chunk_is_measured_after_the_one_before_it(tmp_path: Path) -> None:
    settings, data = loaded(tmp_path)
    task, model = networked(settings, data)
    model.eval()
    some = data.restricted("train", torch.tensor([0, 5]))
    with torch.inference_mode():
        found = task.evaluate(model, some, "train", 8).metrics["nll"]
        first = whole_loss(model, data.codes[None, :11].long())
        sixth = whole_loss(model, data.codes[None, 40:61].long())[:, 10:]
    assert found == pytest.approx(float(torch.cat([first, sixth]).mean()), rel=1e-5)


def test_the_table_sums_up_to_the_metric(tmp_path: Path) -> None:
    settings, data = loaded(tmp_path, "abab ba\n" * 100)
    task, model = networked(settings, data)
    with torch.inference_mode():
        evaluation = task.evaluate(model.eval(), data, "test", 8)
    (table,) = evaluation.views
    assert {row[0] for row in table.rows} == {"a", "b", "␣", "⏎"}  # type: ignore[union-attr]
    shares = [row[1:4] for row in table.rows]  # type: ignore[union-attr]
    assert sum(share for share, _, _ in shares) == pytest.approx(1)
    assert sum(share for _, share, _ in shares) == pytest.approx(1)
    assert sum(share * nats for share, _, nats in shares) == pytest.approx(evaluation.metrics["nll"])


def test_the_baselines_are_counted_on_the_same_characters(tmp_path: Path) -> None:
    _, data = loaded(tmp_path, SAYING * 40)
    task = Task(_, data.state)
    methods = task.baseline(data)["test"]
    codes = data.codes.numpy().astype(np.int64)
    train, test = (codes[slice(*data.parts[split])] for split in ("train", "test"))
    counts = np.bincount(train[1:], minlength=len(task.vocabulary)) + 1.0
    counts[1] = 0  # the start is never predicted
    assert methods["unigram"]["nll"] == pytest.approx(-np.log((counts / counts.sum())[test[1:]]).mean())
    (name,) = methods.keys() - {"unigram"}
    order = int(name.split()[1].removesuffix("-gram"))
    model = KneserNey(train, np.array([len(train)]), order=order, size=len(task.vocabulary), never=[1])
    expected = -np.log(model.probabilities(test, np.array([len(test)]))).mean()
    assert methods[name]["nll"] == pytest.approx(expected)
    assert methods[name]["bpc"] == pytest.approx(expected / math.log(2))
    assert methods[name]["nll"] < 0.1 < methods["unigram"]["nll"]  # it repeats itself


def test_of_a_long_text_n_grams_are_counted_in_its_end_and_the_name_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "_MOST", 500)
    settings, data = loaded(tmp_path)
    (name,) = Task(settings, data.state).baseline(data)["val"].keys() - {"unigram"}
    assert name.endswith("-gram, last 500 characters")


def test_a_text_goes_on_to_its_limit_and_repeats_freely(tmp_path: Path) -> None:
    settings, data = loaded(tmp_path)
    task, model = networked(settings, data)
    model.eval()
    tokens = list(generate(task, model, "the ", limit=40, seed=1, repetition=50.0))
    assert len(tokens) == 40
    assert not any(token.ends for token in tokens)
    assert "".join(token.text for token in tokens) == "".join(
        token.text for token in generate(task, model, "the ", limit=40, seed=1)
    )
    generators = [torch.Generator().manual_seed(seed) for seed in (1, 2)]
    batch = Batch(task, model, [task.prompt("the ")] * 2, generators, Sampler(), limit=40)
    for _ in batch:
        pass
    assert [token.code for token in batch.tokens[0]] == [token.code for token in tokens]
    assert score(task, [3, 3, 3], [-1.0, -1.0, -1.0]) == -1


def test_samples_and_predictions_continue_their_beginning(tmp_path: Path) -> None:
    settings, data = loaded(tmp_path, sample_length=25, prompt="the quick", temperature=0.0)
    task, model = networked(settings, data)
    model.eval()
    shown = sample(task, model)
    assert shown is not None
    assert shown.text.startswith("the quick")  # type: ignore[union-attr]
    assert len(shown.text) == len("the quick") + 25  # type: ignore[union-attr]
    (answer,) = predict(task, model, "lazy\r\n")
    assert (answer.title, answer.text[:5]) == ("lazy", "lazy\n")  # type: ignore[union-attr]
    foreign = Task(type(settings)(file=settings.file, prompt="Ж"), data.state)
    noted = sample(foreign, model)
    assert noted is not None
    assert noted.note == "The network never saw Ж (or too seldom to know it): leave it out."
    assert sample(Task(type(settings)(file=settings.file, sample_length=0), data.state), model) is None


@pytest.mark.parametrize(("text", "shown"), [("Жук", "Ж у к"), ("a\x07", "U+0007")])
def test_characters_that_the_network_never_saw_are_named(tmp_path: Path, text: str, shown: str) -> None:
    settings, data = loaded(tmp_path)
    task, _ = networked(settings, data)
    with pytest.raises(ValueError, match=r"or too seldom to know it") as error:
        task.prompt(text)
    assert str(error.value) == f"The network never saw {shown} (or too seldom to know it): leave it out."


def test_a_reading_gives_the_probability_of_each_next_character(tmp_path: Path) -> None:
    settings, data = loaded(tmp_path)
    task, model = networked(settings, data)
    model.eval()
    reading = task.reading(model, "a dog")
    assert list(reading.symbols) == ["a", "␣", "d", "o", "g"]
    assert list(reading.expected) == ["␣", "d", "o", "g", ""]
    outputs, _ = model.recurrent(reading.inputs)  # type: ignore[operator]
    answers = reading.readout(reading.inputs, outputs, torch.tensor([5])).softmax(1)
    scores, _ = task.read(model, torch.tensor([task.vocabulary.encode("a dog")]))
    torch.testing.assert_close(answers, scores.softmax(1))
    row = task.reading_of_row(model, data, 0)
    assert "".join(row.symbols) == SAYING[:10].replace(" ", "␣")
    assert "".join(row.expected) == SAYING[1:11].replace(" ", "␣")
    with pytest.raises(ValueError, match="There is no character to read"):
        task.reading(model, "")


def test_settings_that_are_declared_hold(tmp_path: Path) -> None:
    settings, data = loaded(tmp_path)
    values: dict[str, Any] = {"vocabulary": ["a"], "train_counts": [0], "cache": ""}
    with pytest.raises(ValueError, match="not as many counts"):
        Task(settings, values)
    assert Task(settings, data.state).end is None
