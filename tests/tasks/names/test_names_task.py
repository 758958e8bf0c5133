"""The names task: its loss by the formulas, its network's shape, its answers, its baselines."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from torch import Tensor, nn

import cells
from tasks.names.data import NamesData
from tasks.names.settings import LANGUAGES, Settings
from tasks.names.task import Task
from tasks.shared.classification import penalties, r_drop
from tasks.shared.classification.model import OneHot
from tasks.shared.classification.ngram_embedding import NgramEmbedding
from tasks.shared.datasets import locations
from tasks.views import Table

C = len(LANGUAGES)
COUNTS = [100, 10, *[5] * 15, 0]  # of the training split; one language has none


class Fixed(nn.Module):
    """A network that gives scores it was told."""

    def __init__(self, scores: Tensor) -> None:
        super().__init__()
        self.scores = scores

    def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
        assert codes.shape[1] == int(lengths.max())
        return self.scores[: len(codes)]


def task(**settings: Any) -> Task:
    return Task(Settings(**settings), {"labels": list(LANGUAGES), "train_counts": COUNTS, "cache": "none"})


def some(labels: list[int]) -> NamesData:
    lengths = torch.arange(1, len(labels) + 1)
    codes = torch.zeros(len(labels), 9, dtype=torch.uint8)
    every = torch.arange(len(labels))
    return NamesData(codes, torch.tensor(labels), lengths, {"train": every, "val": every, "test": every}, {})


def loss(labels: list[int], scores: Tensor, **settings: Any) -> float:
    return float(
        task(**{"label_smoothing": 0.0, **settings}).loss(Fixed(scores), some(labels), torch.arange(len(labels)))
    )


def surprise(scores: Tensor, label: int) -> float:
    """−log softmax, by hand."""
    values = scores.double().tolist()
    return math.log(sum(math.exp(v) for v in values)) - values[label]


LABELS = [0, 0, 1, 7]
SCORES = torch.randn(4, C, generator=torch.Generator().manual_seed(0))
SHARES = [max(1, count) / sum(COUNTS) for count in COUNTS]


def test_the_loss_is_the_mean_cross_entropy() -> None:
    expected = sum(surprise(s, y) for s, y in zip(SCORES, LABELS, strict=True)) / 4
    assert loss(LABELS, SCORES) == pytest.approx(expected, rel=1e-5)


def test_weights_make_every_language_count_alike() -> None:
    weights = [1 / (C * SHARES[y]) for y in LABELS]
    expected = sum(w * surprise(s, y) for w, s, y in zip(weights, SCORES, LABELS, strict=True)) / sum(weights)
    assert loss(LABELS, SCORES, imbalance="weights") == pytest.approx(expected, rel=1e-5)


def test_a_probe_takes_the_mean_of_each_sequences_own_loss() -> None:
    rows = torch.arange(4)
    for imbalance in ("none", "weights", "logit-adjustment"):
        own = [loss(LABELS[row : row + 1], SCORES[row : row + 1], imbalance=imbalance) for row in rows.tolist()]
        made = task(imbalance=imbalance, label_smoothing=0.0).probe_loss(Fixed(SCORES), some(LABELS), rows)
        assert float(made) == pytest.approx(sum(own) / 4, rel=1e-5), imbalance


def test_logit_adjustment_adds_the_languages_log_shares() -> None:
    adjusted = SCORES + torch.tensor(SHARES).log()
    expected = sum(surprise(s, y) for s, y in zip(adjusted, LABELS, strict=True)) / 4
    assert loss(LABELS, SCORES, imbalance="logit-adjustment") == pytest.approx(expected, rel=1e-5)


def test_label_smoothing_spreads_its_share_over_all_languages() -> None:
    def spread(scores: Tensor, label: int) -> float:
        return 0.9 * surprise(scores, label) + 0.1 * sum(surprise(scores, k) for k in range(C)) / C

    expected = sum(spread(s, y) for s, y in zip(SCORES, LABELS, strict=True)) / 4
    assert loss(LABELS, SCORES, label_smoothing=0.1) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("imbalance", ["none", "weights", "logit-adjustment"])
def test_an_evaluation_is_not_adjusted(imbalance: str) -> None:
    scores = SCORES.clone()
    found = task(imbalance=imbalance).evaluate(Fixed(scores), some(LABELS), "val", 4)
    plain = sum(surprise(s, y) for s, y in zip(SCORES, LABELS, strict=True)) / 4
    assert found.metrics["loss"] == pytest.approx(plain, rel=1e-5)
    assert found.metrics["accuracy"] == float((SCORES.argmax(1) == torch.tensor(LABELS)).float().mean())


def build(cell: str = "gru", hidden: int = 8, output_size: int = 0, **settings: Any) -> nn.Module:
    torch.manual_seed(0)
    return task(**settings).build(lambda width: cells.build(cell, width, hidden, output_size=output_size)).eval()


@pytest.mark.parametrize(("cell", "hidden", "output_size"), [("tutorial-rnn", 8, C), ("gru", C, 0)])
def test_an_identity_head_takes_the_recurrences_output_as_scores(cell: str, hidden: int, output_size: int) -> None:
    model = build(cell, hidden, output_size, head="identity")
    assert not any(name.startswith("head") for name, _ in model.named_parameters())
    assert model(torch.zeros(2, 3, dtype=torch.long), torch.tensor([3, 1])).shape == (2, C)


@pytest.mark.parametrize(
    ("cell", "hidden", "output_size", "width"), [("tutorial-rnn", 8, 0, 8), ("gru", 8, 0, 8), ("bilstm", C, 0, 2 * C)]
)
def test_an_identity_head_of_another_width_says_what_to_set(
    cell: str, hidden: int, output_size: int, width: int
) -> None:
    with pytest.raises(ValueError, match=rf"output, {width} wide, .* set cell\.output_size=18 ") as error:
        build(cell, hidden, output_size, head="identity")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["Satoshi", "Müller", "佐Li", "x" * 200])
@pytest.mark.parametrize("settings", [{"input": "embedding"}, {"input": "one-hot"}], ids=str)
def test_an_answer_is_the_three_likeliest_languages(name: str, settings: dict[str, Any]) -> None:
    model = build(**settings)
    with torch.no_grad():
        (view,) = task(**settings).predict(model, f" {name} ")
    assert isinstance(view, Table)
    assert view.title == name
    shares = [row[1] for row in view.rows]
    assert len({row[0] for row in view.rows} & set(LANGUAGES)) == 3
    assert shares == sorted(shares, reverse=True)
    assert all(isinstance(p, float) and 1 / C / 10 < p < 1 for p in shares)
    assert sum(shares) <= 1


def test_an_answer_is_the_networks() -> None:
    scores = torch.full((1, C), -20.0)
    scores[0, LANGUAGES.index("Greek")], scores[0, LANGUAGES.index("Irish")] = 2.0, 1.0
    model = Fixed(scores)
    model.register_parameter("where", nn.Parameter(torch.zeros(1)))
    (view,) = task().predict(model, "Papadopoulos")
    assert view.note == ""  # type: ignore[union-attr]
    assert task().predict(model, "Papadopøulos-2")[0].note == (  # type: ignore[union-attr]
        "3 of 14 characters are unknown to the network: ø, -, 2."
    )
    greek, irish = (math.exp(v) / (math.exp(2) + math.exp(1)) for v in (2, 1))
    assert view.rows[0] == ["Greek", pytest.approx(greek, rel=1e-4)]  # type: ignore[union-attr]
    assert view.rows[1] == ["Irish", pytest.approx(irish, rel=1e-4)]  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["", "  ", "佐藤", "123", "-"])
def test_a_text_without_a_latin_letter_is_asked_again(text: str) -> None:
    with pytest.raises(ValueError, match=r"has no letter that this model knows: type the name in Latin letters\.$"):
        task().predict(build(), text)


@pytest.mark.parametrize("draw", ["rows", "languages"])
def test_an_epoch_draws_rows_or_languages(draw: str) -> None:
    labels = [0] * 900 + [1] * 90 + [2] * 10
    data = some(labels)
    batches = task(draw=draw).batches(data, "train", 50, torch.Generator().manual_seed(0))
    drawn = torch.bincount(data.labels[torch.cat(list(batches))], minlength=3).tolist()
    assert sum(drawn) == 1000
    assert (drawn == [900, 90, 10]) == (draw == "rows")
    assert draw == "rows" or min(drawn) > 280
    held = task(draw=draw).batches(data, "val", 50, None)
    assert torch.cat(list(held)).sort().values.tolist() == list(range(1000))  # measured on each row once


@pytest.mark.parametrize(("evaluation", "protocol"), [("held-out", ""), ("pool", "training pool, class-balanced")])
def test_what_is_measured_on_the_training_pool_says_so(evaluation: str, protocol: str) -> None:
    found = task(evaluation=evaluation)
    assert found.protocol == protocol
    assert {view.note for view in found.evaluate(Fixed(SCORES), some(LABELS), "val", 4).views} == {protocol}


def test_two_readings_add_their_divergence_in_training_alone() -> None:
    rows, weight = torch.arange(4), 3.0
    both = torch.cat([SCORES, SCORES.flip(0)])
    expected = (loss(LABELS, SCORES) + loss(LABELS, SCORES.flip(0))) / 2 + weight / 2 * float(r_drop.divergence(both))
    learner = task(r_drop=weight)
    assert float(learner.loss(Fixed(both), some(LABELS), rows)) == pytest.approx(expected, rel=1e-5)
    assert float(learner.loss(Fixed(both).eval(), some(LABELS), rows)) == pytest.approx(loss(LABELS, SCORES), rel=1e-5)


def test_letter_ngrams_are_those_of_the_training_split() -> None:
    settings = Settings(letter_ngrams=3)
    data = Task.load(settings, locations.starter("names"))
    assert data.state["letter_ngrams"] == len(data.letter_ngrams(3)) > 1000
    assert "letter_ngrams" not in Task.load(Settings(), locations.starter("names")).state
    learner = Task(settings, data.state)
    model = learner.build(lambda width: cells.build("gru", width, 8))
    learner.initialise(model, data)
    embedding = model.input
    assert isinstance(embedding, NgramEmbedding)
    assert embedding.keys.equal(data.letter_ngrams(3))
    codes = data.codes[data.rows["train"]].long()
    assert (embedding.numbers(codes)[:, :3] > 0).float().mean() > 0.5
    again = Task(settings, data.state).build(lambda width: cells.build("gru", width, 8))
    again.load_state_dict(model.state_dict())
    assert again.input.numbers(codes).equal(embedding.numbers(codes))  # type: ignore[union-attr, operator]


@pytest.mark.parametrize("count", [None, -1, "many"])
def test_a_state_without_the_number_of_ngrams_is_refused(count: object) -> None:
    state = {"labels": list(LANGUAGES), "train_counts": COUNTS} | ({} if count is None else {"letter_ngrams": count})
    with pytest.raises((KeyError, msgspec.ValidationError)):
        Task(Settings(letter_ngrams=3), state)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_the_strength_is_a_power_of_the_languages_shares(strength: float) -> None:
    weights = [(C * SHARES[y]) ** -strength for y in LABELS]
    expected = sum(w * surprise(s, y) for w, s, y in zip(weights, SCORES, LABELS, strict=True)) / sum(weights)
    assert loss(LABELS, SCORES, imbalance="weights", imbalance_strength=strength) == pytest.approx(expected, rel=1e-5)
    adjusted = SCORES + strength * torch.tensor(SHARES).log()
    expected = sum(surprise(s, y) for s, y in zip(adjusted, LABELS, strict=True)) / 4
    assert loss(LABELS, SCORES, imbalance="logit-adjustment", imbalance_strength=strength) == pytest.approx(
        expected, rel=1e-5
    )


def test_one_hot_letters_have_no_ngrams_and_say_so() -> None:
    settings = Settings(letter_ngrams=3, input="one-hot")
    assert settings.remarks() == ["task.letter_ngrams=3 does nothing: letters are one-hot (task.input)."]
    assert Settings(letter_ngrams=3).remarks() == Settings(input="one-hot").remarks() == ()
    learner = Task(settings, {"labels": list(LANGUAGES), "train_counts": COUNTS, "letter_ngrams": 9})
    model = learner.build(lambda width: cells.build("gru", width, 8))
    assert isinstance(model.input, OneHot)


@pytest.mark.parametrize(("pooling", "width"), [("last", 8), ("max-mean", 16), ("attention", 8)])
def test_the_classifier_sees_what_the_pooling_gives(pooling: str, width: int) -> None:
    model = build(pooling=pooling)
    assert isinstance(model.head, nn.Linear)
    assert model.head.in_features == width


def test_the_starter_set_trains() -> None:
    settings = Settings(dropout=0.0, letter_dropout=0.0)
    data = Task.load(settings, locations.starter("names"))
    learner = Task(settings, data.state)
    torch.manual_seed(0)
    model = learner.build(lambda width: cells.build("gru", width, 32))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(0)
    for _ in range(4):
        for rows in learner.batches(data, "train", 64, generator):
            optimiser.zero_grad()
            learner.loss(model, data, rows).backward()
            optimiser.step()
    with torch.no_grad():
        found = learner.evaluate(model.eval(), data, "test", 64).metrics
    assert found["accuracy"] is not None
    assert found["accuracy"] > 3 / C  # chance is 1 / C
    assert found["loss"] is not None
    assert found["loss"] < math.log(C)


def test_baselines_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:

    data = Task.load(Settings(), locations.starter("names"))
    learner = Task(Settings(), data.state)
    assert learner.baseline(data, cached_only=True) == {}
    calls: list[int] = []
    answer = {"val": {"majority": {"accuracy": 0.1}}, "test": {"majority": {"accuracy": 0.2}}}
    monkeypatch.setattr(Task, "measure_baselines", lambda *_: (calls.append(1), answer)[1])
    assert learner.baseline(data) == learner.baseline(data) == answer
    assert learner.baseline(data, cached_only=True) == answer
    other = Settings(split_seed=9)
    again = Task.load(other, locations.starter("names"))
    assert Task(other, again.state).baseline(again, cached_only=True) == {}  # another split, other baselines
    assert len(calls) == 1


@pytest.mark.data
def test_baselines_on_the_real_names(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(penalties, "DECADES", 0)  # where their walks begin: a fit takes seconds
    data = Task.load(Settings(), real_data / "names")
    measured = Task(Settings(), data.state).baseline(data)
    for split in ("val", "test"):
        methods = {name.partition(" (")[0]: figures for name, figures in measured[split].items()}
        assert set(methods) == {"majority", "naive Bayes", "logistic regression"}
        accuracy = {method: figures["accuracy"] or 0.0 for method, figures in methods.items()}
        russian = data.labels[data.rows[split]] == LANGUAGES.index("Russian")
        assert accuracy["majority"] == pytest.approx(float(russian.float().mean()))
        assert min(accuracy["naive Bayes"], accuracy["logistic regression"]) > 0.78
        assert accuracy["majority"] < 0.6


def test_a_class_s_rows_come_once_each_in_batches_of_like_length_with_their_names() -> None:
    learner, data = task(), Task.load(Settings(evaluation="pool"), locations.starter("names"))
    label = LANGUAGES.index("Korean")
    drawn = data.rows["test"]
    batches = learner.batches_of(data, "test", label, 7)
    rows = torch.cat(batches).tolist()
    assert len(set(rows)) == len(rows)
    assert set(rows) == {row for row in drawn.tolist() if data.labels[row] == label}
    assert {len(batch) for batch in batches[:-1]} == {7}
    lengths = [int(data.lengths[row]) for row in rows]
    assert lengths == sorted(lengths)
    names = (locations.starter("names") / "Korean.txt").read_text().split("\n")
    assert set(learner.texts(data, batches[0])) <= set(names)
    assert learner.batches_of(data, "test", len(LANGUAGES), 7) == []


def test_the_shares_of_a_row_are_its_scores_softmax() -> None:
    scores = torch.zeros(2, C)
    scores[0, 3] = math.log(C - 1)
    shares = task().shares(Fixed(scores), some([0, 1]), torch.arange(2))
    assert shares[0, 3].item() == pytest.approx(0.5)
    assert shares.sum(1).tolist() == pytest.approx([1.0, 1.0])
