"""The text tasks: what enters the network, the loss by hand, answers, baselines."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from starter_reviews import build, starter, task, text_of
from torch import Tensor, nn

import tasks
from tasks.imdb.settings import Settings as ImdbSettings
from tasks.reviews.settings import CATEGORIES, Settings
from tasks.shared.datasets import locations
from tasks.shared.text import tokenizers
from tasks.shared.text.data import SPECIALS, TextData
from tasks.views import Table

C = len(CATEGORIES)


@pytest.fixture
def data() -> TextData:
    return starter()


# what enters the network


@pytest.mark.parametrize("pooling", ["last", "max-mean", "attention"])
@pytest.mark.parametrize("cell", ["gru", "bilstm"])
@pytest.mark.parametrize("input", ["words", "characters", "both"])
def test_every_input_and_pooling_trains_and_answers_as_it_was_trained(
    data: TextData, input: str, cell: str, pooling: str
) -> None:
    learner = task(data, input=input, pooling=pooling)
    model = build(learner, cell)
    rows = data.rows["train"][:5]
    loss = learner.loss(model, data, rows)
    assert loss.shape == ()
    loss.backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in model.parameters())
    model.eval()
    with torch.no_grad():
        scores, labels = learner.scores(model, data, rows)
        assert labels.tolist() == data.labels[rows].tolist()
        for row, expected in zip(rows.tolist(), scores, strict=True):
            written = "".join(text_of(data, row)[1:-1])
            (view,) = learner.predict(model, f" {written}\n")
            assert isinstance(view, Table)
            assert view.title == written
            best = expected.softmax(0).topk(3)
            assert [line[0] for line in view.rows] == [CATEGORIES[k] for k in best.indices.tolist()]
            assert [line[1] for line in view.rows] == pytest.approx(best.values.tolist(), rel=1e-4)


@pytest.mark.parametrize("keep", ["first", "last"])
@pytest.mark.parametrize("input", ["words", "characters", "both"])
def test_a_long_text_is_cut_alike_in_training_and_in_answering(data: TextData, input: str, keep: str) -> None:
    learner = task(data, input=input, longest=4, keep=keep)
    seen: list[tuple[Tensor, Tensor]] = []

    class Watched(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, codes: Tensor, lengths: Tensor) -> Tensor:
            seen.append((codes, lengths))
            return torch.zeros(len(codes), C)

    row = data.rows["test"][3:4]
    learner.scores(Watched(), data, row)
    learner.predict(Watched(), "".join(text_of(data, int(row))[1:-1]))
    (codes, lengths), (asked, asked_lengths) = seen
    if input == "both":  # a word spelled is as wide as the longest one beside it
        asked = nn.functional.pad(asked, (0, codes.shape[-1] - asked.shape[-1]))
    assert codes.tolist() == asked.tolist()
    assert lengths.tolist() == asked_lengths.tolist() == [4]
    whole = text_of(data, int(row), "characters" if input == "characters" else "words")
    names = [*SPECIALS, *data.state["characters" if input == "characters" else "vocabulary"]]
    first = codes[0, :, 0] if input == "both" else codes[0]
    assert [names[n] for n in first.tolist()] == (whole[:4] if keep == "first" else whole[-4:])


def test_a_word_that_is_not_known_enters_as_unknown_and_is_spelled_still() -> None:
    data = starter(vocabulary=20)
    words = data.words.lists(data.rows["test"])
    place, word = next((k, n) for k, text in enumerate(words) for n in text if n >= data.known)
    row = data.rows["test"][place : place + 1]
    seen: list[Tensor] = []

    def network(codes: Tensor, _: Tensor) -> Tensor:
        seen.append(codes)
        return torch.zeros(1, C)

    for input in ("words", "both"):
        task(data, input=input, vocabulary=20).scores(network, data, row)  # type: ignore[arg-type]
    plain, both = seen
    assert int(plain.max()) < data.known
    where = words[place].index(word)
    assert plain[0, where] == both[0, where, 0] == SPECIALS.index("<unk>")
    assert both[0, where, 1:].tolist() == data.spelling[word].tolist() != [0] * 4


@pytest.mark.parametrize("longest", [0, 3])
def test_batches_hold_every_row_once_texts_of_like_length_together(data: TextData, longest: int) -> None:
    batches = task(data, longest=longest).batches(data, "val", 16, None)
    assert torch.cat(list(batches)).sort().values.tolist() == data.rows["val"].tolist()
    lengths = [int(data.words.lengths[rows].max()) for rows in batches]
    assert longest or lengths == sorted(lengths)


# the loss


def fixed(scores: Tensor) -> Any:
    return lambda codes, lengths: scores


def surprise(scores: Tensor, label: int) -> float:
    values = scores.double().tolist()
    return math.log(sum(math.exp(v) for v in values)) - values[label]


ROWS = torch.tensor([0, 41, 81, 400 - 3])


@pytest.fixture
def uneven(data: TextData) -> TextData:
    data.state["train_counts"] = [50, 2, 0, *[10] * 7]
    return data


def shares() -> list[float]:
    counts = [50, 2, 1, *[10] * 7]  # a class without texts counts as one
    return [count / (50 + 2 + 0 + 70) for count in counts]


SCORES = torch.randn(4, C, generator=torch.Generator().manual_seed(0))


def test_the_loss_weighs_and_adjusts_as_by_hand(uneven: TextData) -> None:
    labels = uneven.labels[ROWS].tolist()
    assert labels == [0, 1, 2, 9]

    def loss(**settings: Any) -> float:
        return float(task(uneven, **settings).loss(fixed(SCORES), uneven, ROWS))

    pairs = list(zip(SCORES, labels, strict=True))
    plain = sum(surprise(s, y) for s, y in pairs) / 4
    weight = [1 / (C * shares()[y]) for y in labels]
    weighed = sum(w * surprise(s, y) for w, (s, y) in zip(weight, pairs, strict=True)) / sum(weight)
    adjusted = sum(surprise(s + torch.tensor(shares()).log(), y) for s, y in pairs) / 4
    smooth = sum(0.9 * surprise(s, y) + 0.1 * sum(surprise(s, k) for k in range(C)) / C for s, y in pairs) / 4
    assert loss() == pytest.approx(plain, rel=1e-5)
    assert loss(imbalance="weights") == pytest.approx(weighed, rel=1e-5)
    assert loss(imbalance="logit-adjustment") == pytest.approx(adjusted, rel=1e-5)
    assert loss(label_smoothing=0.1) == pytest.approx(smooth, rel=1e-5)
    assert len({round(x, 3) for x in (plain, weighed, adjusted, smooth)}) == 4


# answers and baselines


@pytest.mark.parametrize(
    ("name", "text"), [("reviews", ""), ("reviews", " \u3000\n"), ("imdb", "<br />"), ("imdb", "好")]
)
def test_a_text_without_a_word_is_asked_again(name: str, text: str) -> None:
    learner = tasks.load(name)(
        ImdbSettings() if name == "imdb" else Settings(),
        {"labels": ["a", "b"], "train_counts": [1, 1], "vocabulary": ["x"], "characters": [], "cache": "none"},
    )
    with pytest.raises(ValueError, match=r" holds no word: type a sentence\.$"):
        learner.predict(nn.Linear(1, 1), text)


@pytest.mark.parametrize(
    ("input", "settings", "note"),
    [
        ("words", {}, "2 of 4 words are unknown to the network: 龘龘, 麤."),
        ("characters", {}, "3 of 6 characters are unknown to the network: 龘, 麤."),
        (
            "both",
            {},
            "2 of 4 words are unknown to the network: 龘龘, 麤. 3 of 6 characters are unknown to the network: 龘, 麤.",
        ),
        (
            "words",
            {"longest": 3, "keep": "last"},
            "Only the last 3 of 6 words are read (task.longest). 2 of 4 words are unknown to the network: 龘龘, 麤.",
        ),
        (
            "characters",
            {"longest": 7, "keep": "first"},
            "Only the first 7 of 8 characters are read (task.longest). "
            "3 of 6 characters are unknown to the network: 龘, 麤.",
        ),
    ],
)
def test_an_answer_says_what_of_the_text_was_not_read(
    data: TextData, input: str, settings: dict[str, Any], note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = next(word for word in data.state["vocabulary"] if len(word) == 2)
    one = next(word for word in data.state["vocabulary"] if len(word) == 1)
    monkeypatch.setattr(tokenizers, "chinese", lambda text: text.split())
    learner = task(data, input=input, **settings)
    model = build(learner).eval()
    (answer,) = learner.predict(model, f"{known} 龘龘 {one} 麤")
    assert answer.note == note
    (answer,) = learner.predict(model, known)
    assert answer.note == ""


def test_an_english_answer_names_its_unknown_words_and_its_limit() -> None:
    learner = tasks.load("imdb")(
        ImdbSettings(longest=5, embedding=3),
        {
            "labels": ["a", "b"],
            "train_counts": [1, 1],
            "vocabulary": ["fine", "film", "."],
            "characters": [],
            "cache": "",
        },
    )
    (answer,) = learner.predict(build(learner).eval(), "A fine film. " + " ".join(f"w{'x' * k}" for k in range(9)))
    assert answer.note == (
        "Only the last 5 of 13 words are read (task.longest). "
        "10 of 13 words are unknown to the network: a, w, wx, wxx, wxxx, wxxxx, wxxxxx, wxxxxxx …."
    )


@pytest.mark.parametrize("name", ["imdb", "reviews"])
def test_baselines_are_of_the_data_whatever_the_settings(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = tasks.load(name)
    settings = tasks.settings(name)
    data = kind.load(settings(), locations.starter(name))
    learner = kind(settings(), data.state)
    assert learner.baseline(data, cached_only=True) == {}
    found = learner.baseline(data)
    assert found.keys() == {"val", "test"}
    assert found["test"].keys() == {"majority", "linear SVM"}
    assert found["test"]["majority"]["accuracy"] == 1 / len(data.state["labels"])
    assert found["test"]["linear SVM"]["accuracy"] > 0.9  # type: ignore[operator]
    other = kind.load(settings(min_count=50, vocabulary=5), locations.starter(name))
    assert kind(settings(), other.state).baseline(other, cached_only=True) == found
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "other"))
    assert kind(settings(), other.state).baseline(other) == found  # computed on less vocabulary: the same


# as a person reads them


@pytest.mark.parametrize("input", ["words", "characters", "both"])
def test_a_review_is_read_without_its_marks_and_spelled_where_its_words_are_not_known(
    data: TextData, input: str
) -> None:
    few = starter(vocabulary=5)
    assert few.known < data.known
    rows = data.rows["test"][:20]
    texts = task(data, input=input).texts(data, rows)
    for row, text in zip(rows.tolist(), texts, strict=True):
        letters = "".join(text_of(data, row, "characters")[1:-1])
        assert text.replace(" ", "") == letters.replace(" ", "")
    assert task(few, input=input).texts(few, rows) == texts


def test_an_english_review_shows_the_words_that_training_saw() -> None:
    settings = ImdbSettings(vocabulary=20, init="random")
    learner = tasks.load("imdb")
    data = learner.load(settings, locations.starter("imdb"))
    [text] = learner(settings, data.state).texts(data, data.rows["test"][:1])
    assert "<unk>" in text
    assert set(text.replace(",", " ").replace(".", " ").split()) & set(data.state["vocabulary"])
    assert " ," not in text
