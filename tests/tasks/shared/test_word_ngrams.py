"""N-grams of words embedded beside each word, counted by hand."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from starter_reviews import build, starter, task
from torch import Tensor

from tasks.reviews.settings import Settings
from tasks.reviews.task import Task
from tasks.shared.classification.model import CharacterEmbedding
from tasks.shared.classification.ngram_embedding import NgramEmbedding
from tasks.shared.datasets import locations
from tasks.shared.text.data import TextData


def texts(data: TextData, rows: Tensor, input: str) -> list[list[int]]:
    """Texts as the numbers that the network reads, unknown words as 1."""
    numbers = (data.characters if input == "characters" else data.words).lists(rows)
    return numbers if input == "characters" else [[n if n < data.known else 1 for n in text] for text in numbers]


def known(data: TextData, input: str, longest: int) -> set[tuple[int, ...]]:
    """The n-grams, from 2 words on, of five training texts or more; -1 is a text's start."""
    counts: Counter[tuple[int, ...]] = Counter()
    for text in texts(data, data.rows["train"], input):
        read = [-1, *text]
        spans = ((end, n) for end in range(2, len(read) + 1) for n in range(2, longest + 1) if n <= end)
        counts.update({tuple(read[end - n : end]) for end, n in spans})
    return {gram for gram, count in counts.items() if count >= 5}


@pytest.mark.parametrize("input", ["words", "characters", "both"])
def test_the_ngrams_of_five_training_texts_are_known_and_found_where_they_end(input: str) -> None:
    data = starter(input=input, word_ngrams=3)
    counted = known(data, input, 3)
    assert data.state["word_ngrams"] == len(counted) > 50
    learner = task(data, input=input, word_ngrams=3)
    model = build(learner)
    learner.initialise(model, data)
    entrance = model.input.words if isinstance(model.input, CharacterEmbedding) else model.input
    assert isinstance(entrance, NgramEmbedding)
    row = data.rows["val"][:1]
    [text] = texts(data, row, input)
    found = entrance.numbers(torch.tensor([text]))[0].bool().tolist()  # (T,2): 2- and 3-grams
    read = [-1, *text]
    for step, ends in enumerate(found):
        assert ends == [step + 2 >= n and tuple(read[step + 2 - n : step + 2]) in counted for n in (2, 3)]
    loss = learner.loss(model, data, data.rows["train"][:9])
    loss.backward()
    gradient = entrance.ngrams.weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


def test_without_them_the_state_is_that_of_older_runs() -> None:
    data = Task.load(Settings(), locations.starter("reviews"))
    assert "word_ngrams" not in data.state
    assert task(data, word_ngrams=1)._ngrams == 0


def test_pretraining_both_ways_refuses_ngrams_that_hold_the_word_before() -> None:
    data = starter(word_ngrams=2)
    learner = task(data, word_ngrams=2, pretrain_epochs=1)
    build(learner, "gru")
    with pytest.raises(ValueError, match=r"n-grams of task\.word_ngrams hold"):
        build(learner, "bilstm")
