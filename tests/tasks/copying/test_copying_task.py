"""The copying task: its sequences, its loss by the formula, its metrics, its answers."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

import cells
from tasks.base import SPLITS
from tasks.copying.data import CopyingData, inputs, load, targets
from tasks.copying.settings import Settings
from tasks.copying.task import Task
from tasks.shared import memory
from tasks.shared.memory import MemoryLimitError
from tasks.views import Table

FEW = {"train_size": 30, "val_size": 20, "test_size": 10}
SHAPES = {"length": st.integers(1, 30), "alphabet": st.integers(2, 62), "recalled": st.integers(1, 12)}
SOME = hypothesis(max_examples=25, deadline=None, derandomize=True)


class Strategy(nn.Module):
    """A network that says blank where blanks are due, and in the end what it is told to.

    Args:
        kept: symbols that it remembers; it guesses all alike for the others.
    """

    def __init__(self, settings: Settings, kept: int) -> None:
        super().__init__()
        self.settings, self.kept = settings, kept
        self.weight = nn.Parameter(torch.zeros(()), requires_grad=False)

    def forward(self, codes: Tensor) -> Tensor:
        A, K = self.settings.alphabet, self.settings.recalled
        scores = torch.full((*codes.shape, A + 1), -1e4)
        scores[:, :-K, A] = 0
        scores[:, -K:, :A] = 0
        for place in range(self.kept):
            scores[:, place - K] = -1e4
            scores[torch.arange(len(codes)), place - K, codes[:, place]] = 0
        return scores + 0 * self.weight


def drawn(**values: Any) -> CopyingData:
    return load(Settings(**{**FEW, **values}))


def task(**values: Any) -> Task:
    return Task(Settings(**{**FEW, **values}), {})


def test_a_sequence_is_as_published() -> None:
    shown = torch.tensor([[3, 0, 7]])
    assert inputs(shown, 8, 4).tolist() == [[3, 0, 7, 8, 8, 8, 9, 8, 8, 8]]
    assert targets(shown, 8, 4).tolist() == [[8, 8, 8, 8, 8, 8, 8, 3, 0, 7]]


@given(**SHAPES)
@SOME
def test_inputs_and_targets_of_any_shape(length: int, alphabet: int, recalled: int) -> None:
    settings = Settings(**FEW, length=length, alphabet=alphabet, recalled=recalled)
    data = load(settings)
    shown = data.shown(torch.arange(60))
    assert shown.shape == (60, recalled)
    assert ((shown >= 0) & (shown < alphabet)).all()
    x, y = inputs(shown, alphabet, length), targets(shown, alphabet, length)
    assert x.shape == y.shape == (60, settings.steps)
    assert settings.steps == length + 2 * recalled
    assert torch.equal(x[:, :recalled], y[:, -recalled:])
    assert (y[:, :-recalled] == alphabet).all()
    assert (x == alphabet + 1).sum(1).tolist() == [1] * 60
    assert (x[:, -recalled - 1] == alphabet + 1).all()  # the next step begins the recall


def test_the_same_seed_draws_the_same_symbols_on_every_machine() -> None:
    symbols = drawn().symbols
    assert symbols.dtype == torch.uint8
    assert hashlib.sha256(symbols.numpy().tobytes()).hexdigest()[:16] == "f4c0cba790dc88da"
    assert torch.equal(drawn(length=7).symbols, symbols)
    assert not torch.equal(drawn(data_seed=1).symbols, symbols)


@given(train=st.integers(1, 50), val=st.integers(1, 50))
@SOME
def test_no_splits_size_changes_the_symbols_of_another(train: int, val: int) -> None:
    usual, other = drawn(), drawn(train_size=train, val_size=val)
    assert [other.size(split) for split in SPLITS] == [train, val, 10]
    assert torch.equal(other.shown(other.rows["test"]), usual.shown(usual.rows["test"]))


@given(**SHAPES)
@SOME
def test_the_loss_without_memory_is_that_of_the_formula(length: int, alphabet: int, recalled: int) -> None:
    settings = Settings(**FEW, length=length, alphabet=alphabet, recalled=recalled)
    data, its = load(settings), Task(settings, {})
    expected = recalled * math.log(alphabet) / (length + 2 * recalled)
    assert settings.memoryless_loss == pytest.approx(expected, rel=1e-12)
    assert its.loss(Strategy(settings, 0), data, torch.arange(5)).item() == pytest.approx(expected, rel=1e-5)
    assert {split: methods["without memory"]["loss"] for split, methods in its.baseline(data).items()} == {
        "val": settings.memoryless_loss,
        "test": settings.memoryless_loss,
    }


def test_the_published_baseline_is_ten_ln_8_over_t_and_20() -> None:
    assert Settings().memoryless_loss == pytest.approx(10 * math.log(8) / (100 + 20), rel=1e-12)
    assert drawn().notes == ("Without memory, by guessing all symbols alike, the loss is 10·ln 8/120 = 0.1733.",)


def test_the_baselines_accuracy_is_measured_on_the_rows() -> None:
    settings = Settings(test_size=20_000)
    found = Task(settings, {}).baseline(load(settings))["test"]["without memory"]
    assert found["accuracy"] == pytest.approx(1 / 8, rel=0.03)


@pytest.mark.parametrize("size", [1, 7, 20])
def test_accuracy_is_that_of_the_recalled_symbols(size: int) -> None:
    its, data = task(alphabet=62, recalled=4), drawn(alphabet=62, recalled=4)
    found = its.evaluate(Strategy(its.settings, 3), data, "val", size)
    by_chance = float((data.shown(data.rows["val"])[:, 3] == 0).double().mean())  # the first of equal scores
    assert found.metrics["accuracy"] == pytest.approx((3 + by_chance) / 4)
    assert found.metrics["loss"] == pytest.approx(math.log(62) / its.settings.steps, rel=1e-5)
    (shown,) = found.views
    assert isinstance(shown, Table)
    assert shown.rows == [[1, 1.0], [2, 1.0], [3, 1.0], [4, by_chance]]


def test_the_probed_loss_is_that_of_the_last_symbol_alone() -> None:
    its, data = task(length=6), drawn(length=6)
    torch.manual_seed(0)
    model = its.build(lambda width: cells.build("lstm", width, 5))
    rows = torch.tensor([2, 9, 4])
    x = inputs(data.shown(rows), 8, 6)
    expected = F.cross_entropy(model(x)[:, 25], data.shown(rows)[:, 9])
    found = its.probe_loss(model, data, rows)
    assert found.shape == ()
    torch.testing.assert_close(found, expected)
    assert found.requires_grad
    assert its.probe_loss(Strategy(its.settings, 10), data, rows).item() == 0
    assert its.probe_loss(Strategy(its.settings, 9), data, rows).item() == pytest.approx(math.log(8))


def test_an_answer_is_what_was_recalled() -> None:
    its = task(recalled=3)
    (shown,) = its.predict(Strategy(its.settings, 2), " ab h\n")
    assert isinstance(shown, Table)
    assert shown.title == "ab h"
    assert shown.rows[:2] == [[1, "a", "a", 1.0, 1.0], [2, "b", "b", 1.0, 1.0]]
    assert shown.rows[2][:3] == [3, "h", "a"]
    assert shown.rows[2][3:] == pytest.approx([1 / 8, 1 / 8])


FORM = ": type 3 of the symbols abcdefgh."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "'' has 0 symbols"),
        ("ab", "'ab' has 2 symbols"),
        ("abcd", "'abcd' has 4 symbols"),
        ("abi", "'i' is no symbol of this network"),
        ("AB1", "'A' is no symbol of this network"),
        ("ab" * 5_000, f"'{('ab' * 30)[:59]}…' has 10,000 symbols"),
    ],
)
def test_a_text_that_cannot_be_shown_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    its = task(recalled=3)
    with pytest.raises(ValueError, match=r".") as raised:
        its.predict(Strategy(its.settings, 3), text)
    assert str(raised.value) == sentence + FORM


@given(text=st.text(max_size=6) | st.text("abc \n", max_size=6))
@SOME
def test_any_text_is_answered_or_refused(text: str) -> None:
    its, sentence = task(recalled=3), ""
    try:
        assert its.predict(Strategy(its.settings, 3), text)
    except ValueError as error:
        sentence = str(error)
    assert sentence.endswith(FORM) or not sentence
    assert "\n" not in sentence


def test_rows_that_do_not_fit_are_refused_before_they_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.VARIABLE, "1")
    with pytest.raises(MemoryLimitError, match=r"^Drawing 100,011,000 rows needs .* lower task.train_size"):
        load(Settings(train_size=100_000_000))


def test_a_short_training_learns_to_recall_a_symbol(workbench: Any, runs_folder: Path) -> None:
    """End to end, in the program itself: training, baseline, evaluation, an answer."""
    task_ = ("--set", "task.length=3", "--set", "task.recalled=1", "--set", "task.alphabet=4")
    quick = ("--hidden", 24, "--max-steps", 300, "--lr", 0.03, "--threads", 1, "--set", "train.eval_every=100")
    trained = workbench("train", "copying", "--cell", "gru", "--headless", *task_, *quick)
    assert trained.returncode == 0, trained.stderr
    assert "the loss is 1·ln 4/5 = 0.2773" in trained.stderr
    lines = [line.split() for line in trained.stdout.splitlines()]
    (own,) = [line for line in lines if line[:1] == ["gru"]]
    assert float(own[2]) > 0.9
    assert "per symbol" in workbench("show", "last").stdout
    answer = workbench("predict", "last", "c")
    assert answer.returncode == 0, answer.stderr
    refused = workbench("predict", "last", "x")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "'x' is no symbol of this network: type 1 of the symbols abcd." in refused.stderr
