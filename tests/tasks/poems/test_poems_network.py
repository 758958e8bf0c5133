"""The poems' network: what its scores are made of, where it begins, what it refuses to be."""

from __future__ import annotations

import math

import pytest
import torch
from small_poems import BOOK, HANZI, POEMS, made, some
from torch import nn

from tasks.poems.data import SPECIALS
from tasks.poems.settings import Settings
from workbench.config import spec


def test_tied_scores_use_the_embedding_and_untied_ones_a_layer_of_their_own() -> None:
    _, model = made()
    assert model.head.weight is model.embedding.weight
    assert sum(p.numel() for p in model.parameters()) == sum(p.numel() for p in set(model.parameters()))
    assert tuple(model.narrow.weight.shape) == (6, 8)
    guesses, book = torch.randn(3, 6), torch.from_numpy(BOOK.classes(made()[0].vocabulary.tokens)).float()
    with torch.no_grad():
        model.classes.weight.normal_()
    vectors = model.embedding.weight + book @ model.classes.weight.T
    for training in (False, True):
        torch.testing.assert_close(model.train(training).scores(guesses), guesses @ vectors.T + model.head.bias)
    _, free = made(tied=False)
    assert free.head.weight is not free.embedding.weight
    assert tuple(free.head.weight.shape) == (len(HANZI) + len(SPECIALS), 8)
    assert isinstance(made(embedding=8)[1].narrow, nn.Identity)


def test_the_bias_starts_at_the_log_frequency_or_the_layer_at_glorots_bound() -> None:
    its, model = made()
    shares = torch.tensor(its.state["train_counts"]) + 1.0
    torch.testing.assert_close(model.head.bias.detach().exp(), shares / shares.sum())
    _, model = made(tied=False, init="glorot")
    bound = math.sqrt(6 / (8 + len(HANZI) + len(SPECIALS)))
    largest = float(model.head.weight.detach().abs().max())
    assert 0.9 * bound < largest <= bound
    with pytest.raises(ValueError, match=r"set task\.tied=false"):
        Settings(init="glorot").check()


def test_dropout_only_in_training() -> None:
    its, model = made(dropout=0.5)
    data = some(its, POEMS)
    rows = torch.arange(3)
    with torch.no_grad():
        assert its.loss(model, data, rows).equal(its.loss(model, data, rows))
        model.train()
        assert not its.loss(model, data, rows).equal(its.loss(model, data, rows))


def test_a_network_that_reads_both_ways_is_refused() -> None:
    for cell, values in (("bilstm", {}), ("lstm", {"cell.bidirectional": True})):
        with pytest.raises(spec.SpecError, match="poems writes from left to right"):
            spec.make("poems", cell, values)
    described = spec.make("poems", "lstm", preset="class-report")
    assert (described.train.batch_size, described.train.optimizer, described.settings.tied) == (100, "rmsprop", False)
    with pytest.raises(spec.SpecError, match=r"task\.tied=false"):
        spec.make("poems", "lstm", {"task.init": "glorot"})
