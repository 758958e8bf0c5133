"""An ensemble's answer, loss and gradients are those of its members; each of them is made ready for its task."""

from __future__ import annotations

import pytest
import torch
from starter_reviews import build, starter, task
from torch import nn

import cells
import tasks
from tasks.names.settings import Settings as NamesSettings
from tasks.names.task import Task as NamesTask
from tasks.shared.classification.ensemble import Ensemble, classifiers_of
from tasks.shared.classification.linear_ngrams import LinearNgrams
from tasks.shared.classification.model import LastState, SequenceClassifier
from tasks.shared.classification.ngram_embedding import NgramEmbedding
from tasks.shared.datasets import locations
from tasks.shared.text.data import TextData
from workbench.config import spec
from workbench.engine import inspection

CODES, LENGTHS = torch.tensor([[1, 2, 3], [3, 1, 0]]), torch.tensor([3, 2])


class Constant(nn.Module):
    """Scores of every text, whatever it says."""

    def __init__(self, *scores: float) -> None:
        super().__init__()
        self.row = torch.tensor(scores)

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        return self.row.expand(len(codes), -1)


def classifier() -> SequenceClassifier:
    return SequenceClassifier(nn.Embedding(5, 3), cells.build("gru", 3, 4), LastState(4, 1), nn.Linear(4, 2))


@pytest.fixture
def data() -> TextData:
    return starter()


def test_it_answers_with_the_logarithm_of_the_mean_probabilities() -> None:
    members = [classifier() for _ in range(3)]
    means = sum(member(CODES, LENGTHS).softmax(1) for member in members) / 3
    torch.testing.assert_close(Ensemble(members)(CODES, LENGTHS).exp(), means)
    alone = Ensemble(members[:1])(CODES, LENGTHS)
    torch.testing.assert_close(alone, members[0](CODES, LENGTHS).log_softmax(1))


def test_the_model_beside_it_is_heard_once_and_not_in_training() -> None:
    members = [classifier(), classifier()]
    own = Ensemble(members)(CODES, LENGTHS)
    both = Ensemble(members, Constant(1.0, -3.0))
    torch.testing.assert_close(both(CODES, LENGTHS), own)
    torch.testing.assert_close(both.eval()(CODES, LENGTHS), (own + torch.tensor([1.0, -3.0])) / 2)


@pytest.mark.parametrize("settings", [{}, {"adversarial": 0.05}, {"r_drop": 1.0, "dropout": 0.2}])
def test_loss_and_gradients_are_the_means_of_the_members(data: TextData, settings: dict[str, float]) -> None:
    learner, rows = task(data, members=3, **settings), data.rows["train"][:8]
    model = build(learner)
    torch.manual_seed(1)
    found = learner.loss(model, data, rows)
    found.backward()
    gradients = [weight.grad for member in classifiers_of(model) for weight in member.parameters()]
    model.zero_grad()
    torch.manual_seed(1)
    losses = [learner.loss(member, data, rows) for member in classifiers_of(model)]
    assert found.item() == pytest.approx(sum(map(float, losses)) / 3)
    assert len({round(float(loss), 6) for loss in losses}) == 3  # they begin apart
    (sum(losses) / 3).backward()  # type: ignore[union-attr]
    expected = [weight.grad for member in classifiers_of(model) for weight in member.parameters()]
    torch.testing.assert_close(gradients, expected)


def test_one_member_is_the_network_itself_as_in_runs_of_before(data: TextData) -> None:
    model = build(task(data, members=1))
    assert isinstance(model, SequenceClassifier)
    assert classifiers_of(model) == [model]
    assert sorted(part for part, _ in model.named_children()) == sorted(
        part for part, _ in classifiers_of(build(task(data, members=2)))[1].named_children()
    )


def test_each_member_of_a_text_task_starts_from_the_vectors_and_is_frozen_with_them(data: TextData) -> None:
    learner = task(data, members=2, init="word2vec", frozen_epochs=1, pretrain_epochs=1)
    model = build(learner)
    before = [member.recurrent.state_dict() for member in classifiers_of(model)]
    before = [{name: tensor.clone() for name, tensor in state.items()} for state in before]
    with torch.enable_grad():
        learner.initialise(model, data)
    for member, old in zip(classifiers_of(model), before, strict=True):
        assert all(not torch.equal(tensor, old[name]) for name, tensor in member.recurrent.state_dict().items())
    for epoch, trains in ((0, False), (1, True)):
        learner.begin_epoch(model, epoch)
        assert [member.input.weight.requires_grad for member in classifiers_of(model)] == [trains, trains]


def test_the_ngrams_model_stands_once_beside_all_of_them(data: TextData) -> None:
    learner = task(data, members=2, ngrams=2)
    model = build(learner)
    learner.initialise(model, data)
    assert [type(part) for part in model.modules()].count(LinearNgrams) == 1
    assert isinstance(model.beside, LinearNgrams)
    assert model.beside.state_dict()["keys"].numel() > 1


def test_names_members_all_know_the_letter_ngrams_and_the_first_is_read() -> None:
    settings = NamesSettings(letter_ngrams=3, embedding=6, members=3)
    names = NamesTask.load(settings, locations.starter("names"))
    learner = NamesTask(settings, names.state)
    torch.manual_seed(0)
    model = learner.build(lambda width: cells.build("lstm", width, 5)).eval()
    learner.initialise(model, names)
    keys = [member.input.keys for member in classifiers_of(model) if isinstance(member.input, NgramEmbedding)]
    assert len(keys) == 3
    assert all(torch.equal(one, names.letter_ngrams(3)) for one in keys)
    first = classifiers_of(model)[0]
    reading = learner.reading(model, "Satoshi")
    outputs, _ = inspection.find_recurrent(model)(reading.inputs)
    assert inspection.find_recurrent(model) is first.recurrent
    assert reading.readout(reading.inputs, outputs, torch.tensor([7])).shape == (1, 18)
    assert "The first of 3 networks is shown, and answers alone." in reading.notes
    [view] = learner.predict(model, "Satoshi")
    assert sum(float(row[1]) for row in view.rows) <= 1 + 1e-6  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["names", "imdb", "reviews", "text"])
def test_every_classification_has_the_setting_and_a_branch_may_not_change_it(name: str) -> None:
    assert spec.make(name, "lstm", {"task.members": 3}).settings.members == 3
    assert "members" not in tasks.settings(name).training_settings
    assert tasks.settings(name)().members == 1  # as runs of before, which do not name it
