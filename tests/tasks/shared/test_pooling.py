"""Pooling of a recurrence's outputs, against plain loops and without the padding."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

import cells
from tasks.shared.classification.model import (
    AttentionPooling,
    CharacterEmbedding,
    LastMeanPooling,
    LastState,
    MaxMeanPooling,
    SequenceClassifier,
)

LENGTHS = [5, 1, 3, 4]
T, O = 5, 3  # noqa: E741


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def outputs(width: int, past: float = 0.0) -> Tensor:
    """Outputs (B,T,D·O), ``past`` where a sequence is over."""
    found = torch.randn(len(LENGTHS), T, width, generator=generator()) - 1.5  # mostly below zero: 0 would be a maximum
    for row, length in enumerate(LENGTHS):
        found[row, length:] = past
    return found.requires_grad_()


def nothing_past_the_ends(gradient: Tensor) -> None:
    for row, length in enumerate(LENGTHS):
        assert gradient[row, length:].abs().sum() == 0
        assert gradient[row, :length].abs().sum() > 0


@pytest.mark.parametrize("directions", [1, 2])
def test_last_is_each_directions_last_output(directions: int) -> None:
    pool = LastState(directions * O, directions)
    x = outputs(directions * O, past=9.0)
    found = pool(x, torch.tensor(LENGTHS))
    assert found.shape == (len(LENGTHS), pool.width)
    for row, length in enumerate(LENGTHS):
        expected = x[row, length - 1, :O].tolist() + (x[row, 0, O:].tolist() if directions == 2 else [])
        assert found[row].tolist() == expected
    found.sum().backward()
    assert x.grad is not None
    nothing_past_the_ends(x.grad)


@pytest.mark.parametrize("directions", [1, 2])
def test_last_mean_is_the_last_output_beside_the_mean_over_the_steps_that_there_are(directions: int) -> None:
    width = directions * O
    pool = LastMeanPooling(width, directions)
    x = outputs(width)
    found = pool(x, torch.tensor(LENGTHS))
    assert found.shape == (len(LENGTHS), pool.width)
    assert torch.equal(found[:, :width], LastState(width, directions)(x, torch.tensor(LENGTHS)))
    for row, length in enumerate(LENGTHS):
        expected = [math.fsum(x[row, :length, k].tolist()) / length for k in range(width)]
        assert found[row, width:].tolist() == pytest.approx(expected, rel=1e-5)
    assert torch.equal(found[:, width:], MaxMeanPooling(width)(x, torch.tensor(LENGTHS))[:, width:])


@pytest.mark.parametrize("directions", [1, 2])
def test_max_mean_are_over_the_steps_that_there_are(directions: int) -> None:
    pool = MaxMeanPooling(directions * O)
    x = outputs(directions * O)
    found = pool(x, torch.tensor(LENGTHS))
    assert found.shape == (len(LENGTHS), pool.width)
    for row, length in enumerate(LENGTHS):
        columns = [x[row, :length, k].tolist() for k in range(directions * O)]
        expected = [max(c) for c in columns] + [math.fsum(c) / length for c in columns]
        assert found[row].tolist() == pytest.approx(expected, rel=1e-5)
    found[:, : directions * O].sum().backward()
    assert x.grad is not None
    nothing_past_the_ends(x.grad)


def test_attention_weighs_the_steps_that_there_are() -> None:
    torch.manual_seed(0)
    pool = AttentionPooling(O)
    x = outputs(O, past=9.0)
    found = pool(x, torch.tensor(LENGTHS))
    assert found.shape == (len(LENGTHS), pool.width)
    for row, length in enumerate(LENGTHS):
        steps = x[row, :length].detach()
        scores = [(pool.query.weight[0] @ (pool.key.weight @ h + pool.key.bias).tanh()).item() for h in steps]
        total = sum(map(math.exp, scores))
        expected = sum(math.exp(score) / total * h for score, h in zip(scores, steps, strict=True))
        assert isinstance(expected, Tensor)
        assert found[row].tolist() == pytest.approx(expected.tolist(), rel=1e-4, abs=1e-6)
    found.sum().backward()
    assert x.grad is not None
    nothing_past_the_ends(x.grad)


def pool_of(kind: str, width: int, directions: int) -> LastState | MaxMeanPooling | AttentionPooling:
    return {
        "last": LastState(width, directions),
        "max-mean": MaxMeanPooling(width),
        "attention": AttentionPooling(width),
    }[kind]


@pytest.mark.parametrize("kind", ["last", "max-mean", "attention"])
@pytest.mark.parametrize("cell", ["gru", "bilstm"])
def test_a_text_scores_in_a_ragged_batch_as_it_does_alone(cell: str, kind: str) -> None:
    """Scores, and the gradient of every weight: whatever leaked from the padding would stand in one of them."""
    torch.manual_seed(0)
    recurrent = cells.build(cell, 4, O)
    width = recurrent.directions * O
    pool = pool_of(kind, width, recurrent.directions)
    model = SequenceClassifier(nn.Embedding(7, 4, padding_idx=0), recurrent, pool, nn.Linear(pool.width, 2)).double()
    codes = torch.randint(1, 7, (len(LENGTHS), T), generator=generator())
    for row, length in enumerate(LENGTHS):
        codes[row, length:] = 0
    together = model(codes, torch.tensor(LENGTHS))
    together.pow(2).sum().backward()
    gradients = [weight.grad.clone() for weight in model.parameters() if weight.grad is not None]
    model.zero_grad()
    for row, length in enumerate(LENGTHS):
        alone = model(codes[row : row + 1, :length], torch.tensor([length]))
        torch.testing.assert_close(alone[0], together[row].detach())
        alone.pow(2).sum().backward()
    weights = list(model.parameters())
    assert len(gradients) == len(weights)
    for weight, gradient in zip(weights, gradients, strict=True):
        torch.testing.assert_close(weight.grad, gradient)


def test_a_word_is_spelled_by_the_mean_of_the_characters_that_it_has() -> None:
    torch.manual_seed(0)
    entrance = CharacterEmbedding(nn.Embedding(5, 3, padding_idx=0), 5, 2)
    codes = torch.tensor([[[1, 2, 3, 0], [4, 4, 0, 0], [2, 1, 1, 4], [3, 0, 0, 0], [0, 0, 0, 0]]])  # (1,T,1+K)
    found = entrance(codes)
    assert found.shape == (1, 5, 5)
    for step, (word, *letters) in zip(found[0], codes[0].tolist(), strict=True):
        vectors = [entrance.characters.weight[letter] for letter in letters if letter]
        mean = sum(vectors) / len(vectors) if vectors else torch.zeros(2)
        torch.testing.assert_close(step, torch.cat([entrance.words.weight[word], mean]))
    found.sum().backward()
    for embedding in (entrance.words, entrance.characters):
        assert embedding.weight.grad is not None
        assert embedding.weight.grad[0].abs().sum() == 0
        assert (embedding.weight.grad[1:].abs().sum(1) > 0).all()


def test_whole_words_are_blanked_and_in_training_alone() -> None:
    torch.manual_seed(0)
    seen: list[Tensor] = []

    class Watched(nn.Module):
        def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, None]:
            seen.append(x.detach())
            return x, None

    embedding = nn.Embedding.from_pretrained(torch.ones(7, 4))
    model = SequenceClassifier(embedding, Watched(), LastState(4, 1), nn.Linear(4, 2), symbol_dropout=0.25)
    codes, lengths = torch.ones(50, 20, dtype=torch.long), torch.full((50,), 20)
    model(codes, lengths)
    steps = seen[0].flatten(0, 1)
    blank = (steps == 0).all(1)
    assert ((steps[~blank] - 1 / 0.75).abs() < 1e-6).all()
    assert float(blank.float().mean()) == pytest.approx(0.25, abs=0.05)
    model.eval()(codes, lengths)
    assert (seen[1] == 1).all()
