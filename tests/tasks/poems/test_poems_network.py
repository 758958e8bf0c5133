"""The poems' network: what its scores are made of, where it begins, what it refuses to be."""

from __future__ import annotations

import math

import pytest
import torch
from small_poems import BOOK, HANZI, POEMS, made, some, task
from torch import nn

import cells
from tasks.poems import scoring
from tasks.poems.data import SPECIALS
from tasks.poems.model import PlainNetwork
from tasks.poems.settings import Settings
from workbench.config import spec
from workbench.engine import data, network
from workbench.engine.optim import Optimization


def test_tied_scores_use_the_embedding_and_untied_ones_a_layer_of_their_own() -> None:
    _, model = made()
    assert model.head.weight is model.embedding.weight
    assert sum(p.numel() for p in model.parameters()) == sum(p.numel() for p in set(model.parameters()))
    assert tuple(model.narrow.weight.shape) == (6, 8)
    few, many, book = (
        torch.randn(3, 6),
        torch.randn(7, 6),
        torch.from_numpy(BOOK.classes(made()[0].vocabulary.tokens)).float(),
    )
    with torch.no_grad():
        model.classes.weight.normal_()
    vectors = model.embedding.weight + book @ model.classes.weight.T
    for outputs in (few, many):
        torch.testing.assert_close(model.scores(outputs), outputs @ vectors.T + model.head.bias)
    _, free = made(tied=False)
    assert free.head.weight is not free.embedding.weight
    assert tuple(free.head.weight.shape) == (len(HANZI) + len(SPECIALS), 8)
    assert isinstance(made(embedding=8)[1].narrow, nn.Identity)


def test_the_tied_vectors_are_added_up_once_for_all_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "_CHUNK", 3)
    its, model = made()
    added: list[int] = []
    model.classes.register_forward_hook(lambda _, given, __: added.append(len(given[0])))
    outputs, targets = torch.randn(10, 6), torch.arange(10) % len(its.vocabulary)
    found = scoring.token_nll(model, outputs, targets)
    assert added == [len(its.vocabulary)]
    torch.testing.assert_close(found, nn.functional.cross_entropy(model.scores(outputs), targets, reduction="none"))


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


def test_a_plain_network_is_embedding_recurrence_and_scores() -> None:
    its = task(embedding=6, context=False, tied=False)
    model = its.build(lambda width: cells.build("lstm", width, 8, layers=2)).eval()
    assert isinstance(model, PlainNetwork)
    assert {name.partition(".")[0] for name, _ in model.named_parameters()} == {"embedding", "recurrent", "head"}
    (codes,) = torch.tensor([its.vocabulary.encode(["月", "山", "水", "，"])])
    with torch.no_grad():
        outputs, _ = model(codes[None])
        expected = model.head(model.recurrent(model.embedding(codes)[None])[0])
        torch.testing.assert_close(model.scores(outputs), expected)
    with pytest.raises(ValueError, match=r"set task\.tied=false"):
        Settings(context=False).check()


def test_a_plain_network_reads_on_from_its_state() -> None:
    its = task(embedding=6, context=False, tied=False)
    model = its.build(lambda width: cells.build("gru", width, 8, layers=2)).eval()
    codes = torch.tensor([its.vocabulary.encode(["月", "山", "水", "，", "夜"])])
    with torch.no_grad():
        whole, _ = model(codes)
        first, state = model(codes[:, :2], return_state=True)
        second, _ = model(codes[:, 2:], state=state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)


def test_the_topic_is_the_mean_of_all_tokens_so_far_also_where_it_reads_on() -> None:
    _, model = made(topic=True)
    _, without = made()
    without.load_state_dict({name: tensor for name, tensor in model.state_dict().items() if name != "topic.weight"})
    codes = torch.tensor([[1, 4, 6, 7, 5]])
    with torch.no_grad():
        added = (model.features(codes) - without.features(codes))[0] / model.scale
        vectors = model.embedding.weight[codes[0]] + model.classes(model.members[codes[0]])
        for at in range(5):
            torch.testing.assert_close(added[at], model.topic(vectors[: at + 1].mean(0)), rtol=1e-4, atol=1e-6)
        whole, _ = model(codes)
        first, state = model(codes[:, :3], return_state=True)
        second, _ = model(codes[:, 3:], state=state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)


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


@pytest.mark.parametrize("cell", ["rnn", "gru-textbook", "lstm"])
def test_the_class_reports_protocol_learns_from_its_first_steps(cell: str) -> None:
    described = spec.make("poems", cell, preset="class-report", data="starter")
    torch.manual_seed(0)
    its, found = data.load(described)
    model = network.build(described, its)
    optimization = Optimization(model, described.train, 100, scaled=False)
    losses = []
    for step in range(40):
        rows = its.batches(found, "train", 100, torch.Generator().manual_seed(step))[0]
        losses.append(its.loss(model, found, rows))
        optimization.step(losses[-1], step + 1)
    assert max(losses) < 3 * losses[0]  # beside the context it is hundreds of times as much at this rate
    assert sum(losses[-5:]) < 0.9 * 5 * losses[0]


@pytest.mark.parametrize("network", [{}, {"context": False, "tied": False}])
@pytest.mark.parametrize("setting", ["dropout", "recurrent_dropout", "token_dropout"])
def test_each_dropout_draws_in_training_alone(network: dict, setting: str) -> None:
    none = {"dropout": 0.0, "recurrent_dropout": 0.0, "token_dropout": 0.0}
    its = task(**{"embedding": 6, **network, **none, setting: 0.5})
    torch.manual_seed(0)
    model = its.build(lambda width: cells.build("lstm", width, 8, layers=2))
    data, rows = some(its, POEMS), torch.arange(len(POEMS))
    with torch.no_grad():
        torch.manual_seed(1)
        one, other = (its.loss(model.train(), data, rows) for _ in range(2))
        torch.manual_seed(1)
        assert its.loss(model, data, rows).equal(one)
        assert not one.equal(other)
        assert its.loss(model.eval(), data, rows).equal(its.loss(model, data, rows))
