"""Pre-training of a classifier: what is guessed, by hand; the loss falls; the same from the cache; refusals."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
import torch
from starter_reviews import build, starter, task
from torch import Tensor, nn
from torch.nn import functional as F

import cells
from tasks.shared.text import pretraining
from tasks.shared.text.data import TextData
from tasks.shared.text.pretraining import NextWords


@pytest.fixture
def data() -> TextData:
    return starter()


def weights(model: Any) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("directions", [1, 2])
def test_forward_outputs_guess_the_word_after_and_backward_ones_the_word_before(directions: int) -> None:
    torch.manual_seed(0)
    outputs = torch.randn(2, 4, 3 * directions)
    codes, lengths = torch.tensor([[1, 2, 3, 4], [4, 1, 0, 0]]), torch.tensor([4, 2])
    guesses = NextWords(3, directions, 5)
    heads = list(guesses.heads)
    assert all(isinstance(head, nn.Linear) for head in heads)  # so few words have no groups
    after = [(b, t, t + 1) for b, length in enumerate(lengths.tolist()) for t in range(length - 1)]
    pairs = [[(outputs[b, t, :3], codes[b, u]) for b, t, u in after]]
    if directions == 2:
        pairs.append([(outputs[b, u, 3:], codes[b, t]) for b, t, u in after])
    by_hand = [
        torch.stack([F.cross_entropy(head(seen), word) for seen, word in part]).mean()
        for head, part in zip(heads, pairs, strict=True)
    ]
    assert guesses(outputs, codes, lengths).item() == pytest.approx(torch.stack(by_hand).mean().item())


def test_many_words_are_scored_in_groups() -> None:
    (head,) = NextWords(16, 1, 9_000).heads
    assert isinstance(head, nn.AdaptiveLogSoftmaxWithLoss)
    assert head.cutoffs == [1_000, 8_000, 9_000]


@pytest.mark.parametrize("input", ["words", "characters", "both"])
@pytest.mark.parametrize("cell", ["gru", "bilstm"])
def test_pretraining_sets_embedding_and_recurrence_and_guesses_better_pass_by_pass(
    data: TextData, input: str, cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    learner = task(data, input=input, pretrain_epochs=3)
    model = build(learner, cell)
    before = weights(model)
    learner.initialise(model, data)
    after = weights(model)
    changed = {name for name, tensor in after.items() if not tensor.equal(before[name])}
    assert changed == {name for name in before if name.startswith(("input", "recurrent"))}
    embedding = model.input.words if input == "both" else model.input
    assert embedding.weight[0].abs().sum() == 0  # padding
    told = re.findall(r"perplexity of ([\d,]+)\.", capsys.readouterr().err)
    figures = [int(number.replace(",", "")) for number in told]
    assert len(figures) == 3
    assert figures[0] > figures[1] > figures[2]


def test_it_is_learnt_once_and_leaves_the_trainings_random_numbers_alone(
    data: TextData, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = task(data, pretrain_epochs=1, dropout=0.2)
    found = []
    for _ in range(2):
        model = build(learner)
        drawn = torch.get_rng_state()
        learner.initialise(model, data)
        assert torch.get_rng_state().equal(drawn)
        found.append(weights(model))
        monkeypatch.setattr(pretraining, "_learn", None)  # the second comes from the cache
    torch.testing.assert_close(*found, rtol=0, atol=0)


def test_another_beginning_is_another_network(data: TextData) -> None:
    learner = task(data, pretrain_epochs=1)
    first, second = build(learner), build(learner)
    with torch.no_grad():
        second.input.weight[5] += 1
    for model in (first, second):
        learner.initialise(model, data)
    assert not first.input.weight.equal(second.input.weight)


def test_layers_that_would_see_what_they_guess_are_refused(data: TextData) -> None:
    learner = task(data, pretrain_epochs=1)

    def deep(cell: str) -> nn.Module:
        return learner.build(lambda width: cells.build(cell, width, 5, layers=2))

    with pytest.raises(ValueError, match=r"set cell\.layers=1, or task\.pretrain_epochs=0"):
        deep("bilstm")
    model = deep("gru")  # one way: each step sees only what is before
    learner.initialise(model, data)


def test_the_first_guess_of_a_plain_network_is_about_as_good_as_none(data: TextData) -> None:
    guesses = NextWords(4, 1, 50)
    outputs, codes = torch.zeros(1, 30, 4), torch.randint(1, 50, (1, 30))
    assert guesses(outputs, codes, torch.tensor([30])).item() == pytest.approx(math.log(50), abs=0.7)
