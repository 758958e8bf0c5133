"""Embeddings of the n-grams that end at each step, against loops over strings."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import Tensor, nn

from tasks.shared.classification.ngram_embedding import NgramEmbedding, vocabulary

LETTERS = "abcd"
NAMES = ["abca", "abc", "dab", "a", "dd", "bcab"]
START = "^"
RARE = 2


def encoded(names: list[str]) -> tuple[Tensor, Tensor]:
    """Codes (N,T), padded with 0, which is a letter's number too, and lengths (N,)."""
    codes = torch.zeros(len(names), max(map(len, names)), dtype=torch.uint8)
    for row, name in enumerate(names):
        codes[row, : len(name)] = torch.tensor([LETTERS.index(letter) for letter in name], dtype=torch.uint8)
    return codes, torch.tensor([len(name) for name in names])


def ending(name: str, step: int, longest: int) -> list[str]:
    """The n-grams of two symbols or more that end at a step."""
    read = START + name[: step + 1]
    return [read[-n:] for n in range(2, longest + 1) if n <= len(read)]


def known(longest: int) -> list[str]:
    counts = Counter(g for name in NAMES for g in {g for t in range(len(name)) for g in ending(name, t, longest)})
    return [gram for gram, count in counts.items() if count >= RARE]


def embedding(longest: int, dropout: float = 0.0) -> NgramEmbedding:
    torch.manual_seed(0)
    keys = vocabulary([encoded(NAMES)], len(LETTERS), longest, RARE)
    module = NgramEmbedding(nn.Embedding(len(LETTERS), 3), len(LETTERS), longest, len(keys), dropout=dropout)
    module.keys.copy_(keys)
    return module


@pytest.mark.parametrize("longest", [2, 3, 5])
def test_the_ngrams_of_two_sequences_or_more_are_known(longest: int) -> None:
    keys = vocabulary([encoded(NAMES)], len(LETTERS), longest, RARE)
    assert len(keys) == len(known(longest))
    assert keys.tolist() == sorted(set(keys.tolist()))


def test_sequences_in_parts_have_the_ngrams_of_all() -> None:
    whole = vocabulary([encoded(NAMES)], len(LETTERS), 3, RARE)
    assert vocabulary([encoded(NAMES[:2]), encoded(NAMES[2:])], len(LETTERS), 3, RARE).equal(whole)
    assert len(vocabulary([encoded(NAMES)], len(LETTERS), 3, 3)) < len(whole)


@pytest.mark.parametrize("longest", [2, 3, 4])
def test_each_step_has_its_own_embedding_and_those_of_the_ngrams_that_end_there(longest: int) -> None:
    module = embedding(longest)
    with torch.no_grad():
        module.ngrams.weight[1:] = torch.randn(len(module.keys), 3)
    numbers: dict[str, int] = {}
    codes, lengths = encoded([*NAMES, "cbad"])
    for name, row, features, length in zip([*NAMES, "cbad"], codes, module(codes.long()), lengths, strict=True):
        found = module.numbers(row[None, :length].long())[0]  # (T,G)
        for step in range(int(length)):
            grams = [gram if gram in known(longest) else "" for gram in ending(name, step, longest)]
            assert (found[step, len(grams) :] == 0).all()
            for gram, number in zip(grams, found[step].tolist(), strict=False):
                assert bool(number) == bool(gram)
                assert not gram or numbers.setdefault(gram, number) == number
            expected = module.symbols(row[step].long()) + module.ngrams.weight[found[step]].sum(0)
            torch.testing.assert_close(features[step], expected)
    assert len(set(numbers.values())) == len(numbers)


def test_ngrams_add_nothing_before_training_and_unknown_ones_never_learn() -> None:
    module = embedding(3)
    codes = encoded(NAMES)[0].long()
    assert module(codes).equal(module.symbols(codes))
    module(codes).sum().backward()
    assert module.ngrams.weight.grad is not None
    assert module.ngrams.weight.grad[0].abs().sum() == 0
    assert (module.ngrams.weight.grad[1:].abs().sum(1) > 0).all()


def test_whole_ngrams_are_left_out_in_training_alone() -> None:
    module = embedding(2, dropout=0.5)
    nn.init.ones_(module.ngrams.weight)
    codes = encoded(["abc"] * 400)[0].long()
    added = module(codes) - module.symbols(codes)  # (B,T,E): 0, or 1 / 0.5
    assert set(added.detach().round(decimals=4).flatten().tolist()) == {0.0, 2.0}
    assert added.detach().eq(added[..., :1]).all()
    assert 0.4 < float((added > 1).float().mean()) < 0.6
    module.eval()
    torch.testing.assert_close(module(codes) - module.symbols(codes), torch.ones(400, 3, 3))


def test_without_an_ngram_twice_the_symbols_are_left() -> None:
    codes, lengths = encoded(["ab", "cd"])
    keys = vocabulary([(codes, lengths)], len(LETTERS), 3, RARE)
    module = NgramEmbedding(nn.Embedding(len(LETTERS), 3), len(LETTERS), 3, len(keys))
    assert len(keys) == 0
    assert module(codes.long()).equal(module.symbols(codes.long()))


def test_more_ngrams_than_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="n-grams of 4 among 100,000 symbols cannot be numbered"):
        vocabulary([encoded(NAMES)], 100_000, 4, RARE)
