"""The adding task: its rows, its loss and metrics by hand, its baselines beside the theory, its answers."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from torch import Tensor, nn

import cells
from tasks.adding.data import MEAN_LOSS, AddingData, load
from tasks.adding.settings import Settings
from tasks.adding.task import Task
from tasks.base import SPLITS
from tasks.shared import memory
from tasks.shared.memory import MemoryLimitError
from tasks.views import Table

FEW = {"train_size": 30, "val_size": 20, "test_size": 10}
SOME = hypothesis(max_examples=25, deadline=None, derandomize=True)


class Knowing(nn.Module):
    """A network that adds a share of the first marked number and all of the second."""

    def __init__(self, share: float = 1.0) -> None:
        super().__init__()
        self.share = share
        self.weight = nn.Parameter(torch.zeros(()), requires_grad=False)

    def forward(self, inputs: Tensor) -> Tensor:
        numbers, marks = inputs.unbind(-1)
        first = (marks.cumsum(1) == 1) & (marks == 1)
        return (numbers * marks * torch.where(first, self.share, 1.0)).sum(1) + 0 * self.weight


def drawn(**values: Any) -> AddingData:
    return load(Settings(**{**FEW, **values}))


def task(**values: Any) -> Task:
    return Task(Settings(**{**FEW, **values}), {})


def every(data: AddingData) -> Tensor:
    return torch.arange(len(data.numbers))


@given(length=st.integers(2, 40), seed=st.integers(0, 2**31 - 1))
@SOME
def test_a_row_has_a_mark_in_each_half_and_numbers_from_0_to_1(length: int, seed: int) -> None:
    data = drawn(length=length, data_seed=seed)
    x = data.inputs(every(data))
    assert x.shape == (60, length, 2)
    assert x.dtype == torch.float32
    numbers, marks = x.unbind(-1)
    assert ((numbers >= 0) & (numbers < 1)).all()
    assert set(marks.unique().tolist()) <= {0.0, 1.0}
    assert (marks[:, : length // 2].sum(1) == 1).all()
    assert (marks[:, length // 2 :].sum(1) == 1).all()
    torch.testing.assert_close((numbers * marks).sum(1), data.addends(every(data)).sum(1))


def test_the_same_seed_draws_the_same_rows_on_every_machine() -> None:
    data = drawn(length=5)
    content = data.numbers.numpy().astype("<f4").tobytes() + data.marked.numpy().astype("<i8").tobytes()
    assert hashlib.sha256(content).hexdigest()[:16] == "7baea109a957bf60"
    assert torch.equal(drawn(length=5).numbers, data.numbers)
    assert not torch.equal(drawn(length=5, data_seed=1).numbers, data.numbers)


@given(train=st.integers(1, 50), val=st.integers(1, 50))
@SOME
def test_no_splits_size_changes_the_rows_of_another(train: int, val: int) -> None:
    usual, other = drawn(), drawn(train_size=train, val_size=val)
    assert [other.size(split) for split in SPLITS] == [train, val, 10]
    assert torch.equal(other.inputs(other.rows["test"]), usual.inputs(usual.rows["test"]))


def test_every_place_of_a_half_is_marked_as_often() -> None:
    data = load(Settings(length=7, train_size=20_000, val_size=1, test_size=1))
    counts = torch.bincount(data.marked[data.rows["train"]].flatten(), minlength=7)
    assert counts[:3].tolist() == pytest.approx([20_000 / 3] * 3, rel=0.05)
    assert counts[3:].tolist() == pytest.approx([5_000] * 4, rel=0.05)


def test_the_loss_is_the_mean_squared_error() -> None:
    data = drawn()
    rows = torch.tensor([3, 1, 4])
    forgotten = 0.5 * data.addends(rows)[:, 0]
    assert task().loss(Knowing(0.5), data, rows).item() == pytest.approx(float(forgotten.square().mean()))
    assert task().loss(Knowing(), data, rows).item() < 1e-12


@pytest.mark.parametrize("size", [1, 7, 20])
def test_solved_are_the_sequences_within_4_hundredths(size: int) -> None:
    data = drawn()
    errors = 0.1 * data.addends(data.rows["val"])[:, 0].double()
    found = task().evaluate(Knowing(0.9), data, "val", size).metrics
    assert found["solved"] == pytest.approx(float((errors < 0.04).double().mean()))
    assert found["loss"] == pytest.approx(float(errors.square().mean()), rel=1e-4)
    assert task().evaluate(Knowing(), data, "val", size).metrics["solved"] == 1


def test_the_weight_of_a_number_tells_whether_it_is_remembered() -> None:
    data = load(Settings(length=16, train_size=1, val_size=2_000, test_size=1))
    (shown,) = task(length=16).evaluate(Knowing(0.0), data, "val", 500).views
    assert isinstance(shown, Table)
    assert [row[0] for row in shown.rows] == [f"{low}–{low + 1}" for low in range(1, 17, 2)]
    assert sum(row[1] for row in shown.rows) == 4_000
    weights = [row[2] for row in shown.rows]
    assert weights[:4] == pytest.approx([1] * 4, abs=1e-3)  # the second half: added whole
    assert weights[4:] == pytest.approx([0] * 4, abs=0.15)  # the first: forgotten


def test_a_band_with_too_few_numbers_has_no_weight() -> None:
    data = load(Settings(length=2, train_size=1, val_size=1, test_size=1))
    (shown,) = task(length=2).evaluate(Knowing(), data, "val", 1).views
    assert isinstance(shown, Table)
    assert shown.rows == [["1–1", 1, None], ["2–2", 1, None]]


def test_the_baselines_measured_on_the_rows_are_near_the_theory() -> None:
    length = 20
    settings = Settings(length=length, test_size=50_000)
    data = load(settings)
    found = Task(settings, {}).baseline(data)
    assert found.keys() == {"val", "test"}
    assert pytest.approx(0.1667, abs=1e-4) == MEAN_LOSS
    mean, doubled = found["test"]["training mean"], found["test"]["twice the row's mean"]
    assert mean["loss"] == pytest.approx(MEAN_LOSS, rel=0.02)
    assert mean["solved"] == pytest.approx(0.08 - 0.04**2, abs=0.005)  # the triangle's middle
    assert doubled["loss"] == pytest.approx(MEAN_LOSS - 1 / (3 * length), rel=0.02)
    assert data.notes == ("Without memory, by always answering 1, the loss is 0.1667 (1/6); with one number, half.",)


@pytest.mark.parametrize("both", [False, True])
def test_the_network_reads_the_last_output_of_each_direction(both: bool) -> None:
    torch.manual_seed(0)
    model = task().build(lambda width: cells.build("gru", width, 5, bidirectional=both))
    x = drawn().inputs(torch.arange(4))
    outputs, _ = model.recurrent(x)
    last = torch.cat([outputs[:, -1, :5], outputs[:, 0, 5:]], 1)
    torch.testing.assert_close(model(x), model.head(last)[:, 0])


def test_an_answer_stands_beside_the_true_sum() -> None:
    (shown,) = task(length=4).predict(Knowing(), " 0.5, 0.25* 1 0.5*\n")
    assert shown == Table(
        title="4 numbers",
        columns=["", "value"],
        rows=[["the network's sum", 0.75], ["true sum", 0.75], ["error", 0.0]],
    )
    (other,) = task(length=100).predict(Knowing(), "1* 0*")
    assert other.note == "The text has 2 numbers; this network was trained on rows of 100."


FORM = ": type numbers from 0 to 1, two of them marked: 0.2 0.7* 0.4 0.1*."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "0 of 0 numbers are marked with a star, not 2"),
        ("0.1 0.2", "0 of 2 numbers are marked with a star, not 2"),
        ("1* 1* 1*", "3 of 3 numbers are marked with a star, not 2"),
        ("0.1* five 0.2*", "'five' is no number"),
        ("0.1** 0.2*", "'0.1**' is no number"),
        ("0.1* 1.5*", "1.5* is not between 0 and 1"),
        ("nan* 0.1*", "nan* is not between 0 and 1"),
        ("-0.1* 0.1*", "-0.1* is not between 0 and 1"),
        ("9" * 100 + " 1*", "9" * 59 + "… is not between 0 and 1"),
    ],
)
def test_a_text_that_is_no_row_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        task().predict(Knowing(), text)
    assert str(raised.value) == sentence + FORM


@given(text=st.text(max_size=30) | st.text("0123456789.*,- e\n", max_size=30))
@SOME
def test_any_text_is_answered_or_refused(text: str) -> None:
    sentence = ""
    try:
        assert task().predict(Knowing(), text)
    except ValueError as error:
        sentence = str(error)
    assert sentence.endswith(FORM) or not sentence
    assert "\n" not in sentence


def test_rows_that_do_not_fit_are_refused_before_they_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.VARIABLE, "1")
    with pytest.raises(MemoryLimitError, match=r"^Drawing 100,011,000 rows needs .* lower task.train_size or"):
        load(Settings(train_size=100_000_000))


def test_a_short_training_learns_rows_of_four(workbench: Any, runs_folder: Path) -> None:
    """End to end, in the program itself: training, baselines, evaluation, an answer."""
    sizes = ("--set", "task.length=4", "--set", "task.test_size=500", "--set", "task.val_size=200")
    quick = ("--hidden", 24, "--max-steps", 300, "--threads", 1, "--set", "train.eval_every=100")
    trained = workbench("train", "adding", "--cell", "gru", "--headless", *sizes, *quick)
    assert trained.returncode == 0, trained.stderr
    assert "the loss is 0.1667 (1/6)" in trained.stderr
    assert "training mean" in trained.stdout
    lines = [line.split() for line in trained.stdout.splitlines()]
    (own,) = [line for line in lines if line[:1] == ["gru"]]
    assert float(own[1]) < 0.02
    assert "memory of the marked numbers" in workbench("show", "last").stdout
    answer = workbench("predict", "last", "0.5* 0.1 0.2 0.5*")
    assert "true sum" in answer.stdout, answer.stderr
    refused = workbench("predict", "last", "0.5 0.5*")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "1 of 2 numbers are marked with a star" in refused.stderr
