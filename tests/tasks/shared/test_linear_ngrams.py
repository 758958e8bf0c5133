"""The linear model of n-grams: its n-grams against plain Python's, what it learns, how it stands beside a network."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from starter_reviews import build, starter, task, text_of
from torch import Tensor, nn

from tasks.base import DataError
from tasks.shared.classification import linear_ngrams
from tasks.shared.classification.linear_ngrams import LinearNgrams
from tasks.views import Table
from workbench.config import spec
from workbench.config.spec import SpecError

SIZE = 7
TEXTS = st.lists(st.lists(st.integers(1, SIZE - 1), min_size=1, max_size=8), min_size=1, max_size=6)


def padded(texts: list[list[int]]) -> Tensor:
    longest = max(map(len, texts))
    return torch.tensor([text + [0] * (longest - len(text)) for text in texts])


def spoken(key: int) -> tuple[int, ...]:
    """A key's symbols."""
    symbols = []
    while key:
        key, symbol = divmod(key, SIZE)
        symbols.append(symbol)
    return tuple(symbols)


@budget(deadline=None, max_examples=60)
@given(TEXTS, st.integers(1, 3))
def test_each_ngram_of_a_text_is_found_once(texts: list[list[int]], longest: int) -> None:
    keys = LinearNgrams(longest, SIZE, 2).found_in(padded(texts))
    for text, row in zip(texts, keys.tolist(), strict=True):
        found = [spoken(key) for key in row if key < linear_ngrams._NONE]
        wanted = {tuple(text[k : k + n]) for n in range(1, longest + 1) for k in range(len(text) - n + 1)}
        assert len(found) == len(set(found))
        assert set(found) == wanted


def taught(texts: list[list[int]], labels: list[int], classes: int, longest: int = 2) -> LinearNgrams:
    model = LinearNgrams(longest, SIZE, classes)
    half = len(texts) // 2
    parts = [(texts[:half], labels[:half]), (texts[half:], labels[half:])]
    batches = [(padded(part), torch.tensor(label)) for part, label in parts]
    model.fit(iter(batches), iter(batches))
    return model


GOOD = [[1, 2], [1, 3], [1, 4], [3, 2, 1]]
BAD = [[5, 2], [5, 3], [5, 4], [3, 2, 5]]


def test_it_learns_which_symbols_tell_the_classes_apart() -> None:
    model = taught(GOOD + BAD, [1] * 4 + [0] * 4, 2)
    scores = model(padded([[1], [5], [2], [6, 6], [1, 2, 3]]))
    lean = (scores[:, 1] - scores[:, 0] - model.bias[1]).tolist()
    assert lean[0] > 0.2
    assert lean[1] < -0.2
    assert abs(lean[2]) < 0.1
    assert lean[3] == 0  # never seen
    assert lean[4] == pytest.approx(lean[0] + lean[2] + float(model(padded([[3]]))[0, 1] - model.bias[1]), abs=1e-5)


def test_the_weights_are_the_log_count_ratios_times_a_logistic_regressions() -> None:
    """By hand: with every ratio known, its sign is each weight's, and rare n-grams are not kept."""
    model = taught(GOOD + BAD, [1] * 4 + [0] * 4, 2, longest=1)
    kept = [spoken(key) for key in model.keys.tolist() if key < linear_ngrams._NONE]
    assert kept == [(1,), (2,), (3,), (4,), (5,)]
    weights = model.weights[: len(kept), 1].tolist()
    assert model.weights[:, 0].eq(0).all()
    ratio = math.log((5 / 14) / (1 / 14))  # 1 stands in all four good texts and in no bad one; 9 symbols + 5
    assert weights[0] > 0.1 * ratio
    assert weights[4] == pytest.approx(-weights[0], rel=1e-2)
    assert weights[1] == pytest.approx(0, abs=1e-6)


def test_of_many_classes_each_has_its_own_weights() -> None:
    texts = [[k, 6] for k in (1, 2, 3, 4) for _ in range(5)]
    labels = [k for k in range(4) for _ in range(5)]
    model = taught(texts, labels, 5)  # and a class without a text
    scores = model(padded([[1], [2], [3], [4]]))
    assert scores.argmax(1).tolist() == [0, 1, 2, 3]
    unknown = model(padded([[6, 6]]))[0]
    assert unknown.argmax() != 4
    assert scores[:, 4].eq(-math.log(21)).all()


def test_where_nothing_stands_twice_nothing_is_kept() -> None:
    model = LinearNgrams(2, SIZE, 2)
    texts = [(padded([[1], [2]]), torch.tensor([0, 1]))]
    assert model.fit(texts, texts)[0] == 0
    assert model(padded([[1, 2]])).tolist() == [[0, 0]]


def test_its_penalty_is_the_one_with_the_best_validation_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every strength of the grid by hand: none is better, and the kept weights are the chosen one's."""
    draw = torch.Generator().manual_seed(0)
    labels = torch.randint(2, (120,), generator=draw)
    codes = torch.randint(1, SIZE, (120, 5), generator=draw)
    codes[:, 0] = torch.where(torch.rand(120, generator=draw) < 0.7, labels + 1, codes[:, 0])
    train, val = [(codes[:80], labels[:80])], [(codes[80:], labels[80:])]
    tried: dict[float, float] = {}
    model = LinearNgrams(2, SIZE, 2)
    fitter = linear_ngrams._fitter

    def watched(*arguments: Any) -> Callable[[float], Any]:
        fit = fitter(*arguments)

        def scored(strength: float) -> Any:
            linear = fit(strength)
            other = LinearNgrams(2, SIZE, 2)
            other.keys[:] = keys
            other.weights[: len(linear.weights)] = torch.from_numpy(linear.weights)
            other.bias[:] = torch.from_numpy(linear.bias)
            tried[strength] = float((other(codes[80:]).argmax(1) == labels[80:]).float().mean())
            return linear

        return scored

    model.fit(train, val)
    keys = model.keys
    monkeypatch.setattr(linear_ngrams, "_fitter", watched)
    again = LinearNgrams(2, SIZE, 2)
    again.fit(train, val)
    best = float((again(codes[80:]).argmax(1) == labels[80:]).float().mean())
    assert best == max(tried.values()) > min(tried.values())
    assert len(tried) >= 4


def test_beside_a_network_the_scores_are_the_mean_of_both() -> None:
    """Neither the sum, whose probabilities are sharper, nor the network's alone."""
    data = starter()
    learner = task(data)
    model = build(learner).eval()
    rows = data.rows["val"][:6]
    own, _ = learner.scores(model, data, rows)
    linear = torch.randn(own.shape, generator=torch.Generator().manual_seed(1))
    model.beside = Fixed(linear)
    together, _ = learner.scores(model, data, rows)
    torch.testing.assert_close(together, (own + linear) / 2)
    model.beside = Fixed(linear[:1])
    (answer,) = learner.predict(model, "".join(text_of(data, int(rows[0]))[1:-1]))
    assert isinstance(answer, Table)
    expected = ((own[0] + linear[0]) / 2).softmax(0).topk(3)
    assert [row[1] for row in answer.rows] == pytest.approx(expected.values.tolist(), rel=1e-4)


class Fixed(nn.Module):
    """The same scores whatever the codes."""

    def __init__(self, scores: Tensor) -> None:
        super().__init__()
        self.scores = scores

    def forward(self, codes: Tensor) -> Tensor:
        return self.scores


def test_too_many_symbols_are_refused() -> None:
    with pytest.raises(ValueError, match=r"set task\.ngrams lower"):
        LinearNgrams(3, 3_000_000, 2)


@pytest.mark.parametrize("input", ["words", "characters", "both"])
def test_the_network_learns_alone_and_answers_with_it(input: str) -> None:
    data = starter()
    learner = task(data, input=input, ngrams=2, dropout=0.0, word_dropout=0.0)
    model = build(learner)
    learner.initialise(model, data)
    rows = data.rows["val"][:20]
    alone = copy.deepcopy(model)
    alone.beside = None
    training, _ = learner.scores(model.train(), data, rows)
    own, _ = learner.scores(alone.train(), data, rows)
    assert torch.equal(training, own)
    together, labels = learner.scores(model.eval(), data, rows)
    own, _ = learner.scores(alone.eval(), data, rows)
    assert not torch.allclose(together, own)
    linear = 2 * together - own
    assert (linear.argmax(1) == labels).float().mean() > 0.9  # the starter set is easy
    assert own.requires_grad
    assert not any("beside" in name for name, _ in model.named_parameters())


def test_it_is_saved_with_the_network() -> None:
    data = starter()
    learner = task(data, ngrams=2)
    model = build(learner)
    learner.initialise(model, data)
    other = build(learner)
    other.load_state_dict(model.state_dict())
    rows = data.rows["test"][:10]
    assert torch.equal(learner.scores(model.eval(), data, rows)[0], learner.scores(other.eval(), data, rows)[0])


def test_runs_that_read_the_same_texts_fit_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[LinearNgrams] = []
    fit = LinearNgrams.fit
    monkeypatch.setattr(LinearNgrams, "fit", lambda model, *texts: (fits.append(model), fit(model, *texts))[1])

    def learnt(**settings: Any) -> Any:
        data = starter(**settings)
        learner = task(data, ngrams=2, **settings)
        model = build(learner)
        learner.initialise(model, data)
        return model.beside

    one, same = learnt(), learnt(dropout=0.5)
    assert fits == [one]
    assert one.weights.count_nonzero()
    for name, tensor in one.state_dict().items():
        assert torch.equal(same.state_dict()[name], tensor)
    for others in ({"longest": 3}, {"longest": 3, "keep": "first"}, {"input": "characters"}, {"min_count": 9}):
        before = len(fits)
        other = learnt(**others)
        assert fits[before:] == [other]
        assert not torch.equal(other.weights, one.weights)


def test_where_no_ngram_stands_twice_a_training_is_refused() -> None:
    data = starter()
    learner = task(data, ngrams=3)
    data.rows["train"] = data.rows["train"][:1]
    with pytest.raises(DataError, match=r"set task\.ngrams=0"):
        learner.initialise(build(learner), data)


def test_the_ngrams_and_a_weighted_loss_do_not_go_together() -> None:
    with pytest.raises(SpecError, match="cannot be set together"):
        spec.make("reviews", "lstm", {"task.ngrams": 2, "task.imbalance": "weights"})
