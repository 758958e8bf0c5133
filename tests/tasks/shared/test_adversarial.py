"""Adversarial training: the perturbation's size and effect, its gradient by hand, float16, branches of old runs."""

from __future__ import annotations

import pytest
import torch
from starter_reviews import build, starter, task
from torch import Tensor
from torch.nn import functional as F

import cells
import tasks
from tasks.shared.classification import adversarial
from tasks.shared.classification.model import LastState, OneHot, SequenceClassifier
from tasks.shared.text.data import TextData
from workbench.config import spec

LENGTHS = torch.tensor([5, 3, 1])
LABELS = torch.tensor([0, 1, 1])
CODES = torch.tensor([[1, 2, 3, 4, 5], [3, 3, 1, 0, 0], [2, 0, 0, 0, 0]])


def toy(cell: str = "gru") -> SequenceClassifier:
    torch.manual_seed(0)
    recurrent = cells.build(cell, 4, 6)
    width = 6 * recurrent.directions
    return SequenceClassifier(
        torch.nn.Embedding(6, 4, padding_idx=0), recurrent, LastState(width, recurrent.directions),
        torch.nn.Linear(width, 2), input_dropout=0.3, dropout=0.3,
    )  # fmt: skip


def of_scores(scores: Tensor) -> Tensor:
    return F.cross_entropy(scores, LABELS)


def of_model(model: SequenceClassifier, size: float) -> Tensor:
    return adversarial.loss(model, CODES, LENGTHS, of_scores, size)


def test_the_perturbation_has_the_share_of_each_sequences_norm_and_is_zero_past_its_end() -> None:
    torch.manual_seed(1)
    features, gradient = torch.randn(3, 5, 4), torch.randn(3, 5, 4)
    moved = adversarial.perturbation(features, gradient, LENGTHS, 0.1)
    for k, length in enumerate(LENGTHS.tolist()):
        assert moved[k].norm().item() == pytest.approx(0.1 * features[k, :length].norm().item())
        along = F.cosine_similarity(moved[k, :length].flatten(), gradient[k, :length].flatten(), 0)
        assert along.item() == pytest.approx(1)
        assert moved[k, length:].abs().sum() == 0


def test_where_no_gradient_is_there_is_no_perturbation() -> None:
    moved = adversarial.perturbation(torch.ones(2, 3, 4), torch.zeros(2, 3, 4), torch.tensor([3, 2]), 0.1)
    assert moved.abs().sum() == 0


@pytest.mark.parametrize("cell", ["gru", "bilstm"])
def test_loss_and_gradient_are_those_of_two_plain_passes(cell: str) -> None:
    model = toy(cell)
    torch.manual_seed(2)
    found = of_model(model, 0.05)
    found.backward()  # type: ignore[no-untyped-call]
    gradients = {name: weight.grad for name, weight in model.named_parameters()}
    model.zero_grad()
    torch.manual_seed(2)
    features = model.features(CODES)
    plain = of_scores(model.scores(features, LENGTHS))
    (slope,) = torch.autograd.grad(plain, features, retain_graph=True)
    sizes = 0.05 * features.detach().flatten(1).norm(dim=1) / slope.flatten(1).norm(dim=1)
    # features past the ends are zero, and so are their gradients
    moved = of_scores(model.scores(features + sizes[:, None, None] * slope, LENGTHS))
    expected = (plain + moved) / 2
    expected.backward()  # type: ignore[no-untyped-call]
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    for name, weight in model.named_parameters():
        torch.testing.assert_close(gradients[name], weight.grad, msg=name)


def test_the_perturbation_raises_the_loss() -> None:
    model = toy().eval()
    losses = [of_model(model, size).item() for size in (0.0, 0.02, 0.05, 0.1)]
    assert losses == sorted(set(losses))
    assert losses[0] == pytest.approx(of_scores(model(CODES, LENGTHS)).item())


def test_a_frozen_embedding_and_inputs_without_weights_train_too() -> None:
    model = toy()
    assert isinstance(model.input, torch.nn.Embedding)
    model.input.weight.requires_grad_(False)
    of_model(model, 0.05).backward()  # type: ignore[no-untyped-call]
    assert model.input.weight.grad is None
    assert all(weight.grad is not None for weight in model.recurrent.parameters())  # type: ignore[attr-defined]
    recurrent = cells.build("lstm", 6, 5)
    of_model(SequenceClassifier(OneHot(6), recurrent, LastState(5, 1), torch.nn.Linear(5, 2)), 0.05).backward()  # type: ignore[no-untyped-call]
    assert all(weight.grad is not None for weight in recurrent.parameters())


def test_a_loss_scaled_against_underflow_has_the_same_gradient_scaled() -> None:
    found = []
    for scale in (1.0, 65536.0):
        model = toy()
        torch.manual_seed(2)
        (of_model(model, 0.05) * scale).backward()  # type: ignore[no-untyped-call]
        found.append([weight.grad / scale for weight in model.parameters() if weight.grad is not None])
    torch.testing.assert_close(*found, rtol=0, atol=0)


@pytest.fixture
def data() -> TextData:
    return starter()


@pytest.mark.parametrize("imbalance", ["none", "weights", "logit-adjustment"])
def test_a_text_tasks_loss_is_above_the_plain_one_and_the_same_in_evaluation(data: TextData, imbalance: str) -> None:
    plain, hard = (task(data, imbalance=imbalance, adversarial=size) for size in (0.0, 0.05))
    model = build(plain)
    rows = data.rows["train"][:8]
    assert hard.loss(model, data, rows) > plain.loss(model, data, rows)
    assert hard.probe_loss(model, data, rows) == plain.probe_loss(model, data, rows)
    model.eval()
    with torch.inference_mode():
        assert hard.evaluate(model, data, "val", 16).metrics == plain.evaluate(model, data, "val", 16).metrics


@pytest.mark.parametrize("name", ["names", "imdb", "reviews", "text"])
def test_every_classification_has_the_setting_and_a_branch_may_change_it(name: str) -> None:
    assert "adversarial" in tasks.settings(name).training_settings
    assert spec.make(name, "lstm", {"task.adversarial": 0.02}).settings.adversarial == 0.02
