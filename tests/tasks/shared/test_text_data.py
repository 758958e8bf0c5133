"""LabelledTexts encoded: words by their frequency in the training split, and nothing learnt from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from tasks.base import DataError, Split
from tasks.shared.datasets import cache
from tasks.shared.text import data as text_data
from tasks.shared.text.data import SPECIALS, LabelledTexts, TextData
from tasks.shared.text.settings import TextSettings
from tasks.shared.text.vocabulary import END, START, Vocabulary

LABELS = ("good", "bad")
SPLITS: tuple[Split, ...] = ("train", "val", "test")
Rows = Sequence[tuple[int, Sequence[str]]]  # split, words

SOME: Rows = [
    (0, ["bb", "abc", "bb"]),
    (1, ["bb", "xa", "abc", "xa"]),
    (0, [START, "bb", "windows10", "abc", END]),
    (2, ["new", "cab", "xa"]),
    (0, ["c"]),
]


def encoded(
    rows: Rows = SOME, key: str = "some", *, spell: bool = True, notes: Sequence[str] = (), **settings: Any
) -> TextData:
    def read() -> LabelledTexts:
        return LabelledTexts(
            (words for _, words in rows), [k % 2 for k in range(len(rows))], [s for s, _ in rows], notes
        )

    chosen = TextSettings(**{"min_count": 1, **settings})
    return text_data.load(chosen, key, LABELS, read, spell=spell)


def never() -> LabelledTexts:
    raise AssertionError("read again")


def words_of(data: TextData) -> list[list[str]]:
    """Each text as its known words, ``?`` for every other."""
    names = [*SPECIALS, *data.state["vocabulary"]]
    assert len(names) == data.known
    texts = data.words.lists(torch.arange(len(data.labels)))
    return [[names[number] if number < data.known else "?" for number in text] for text in texts]


def test_the_vocabulary_is_the_training_splits_most_frequent_first() -> None:
    data = encoded()
    assert data.state["vocabulary"] == ["bb", "abc", "c", "windows10"]  # 3, 2, 1, 1
    assert words_of(data) == [
        ["bb", "abc", "bb"],
        ["bb", "?", "abc", "?"],
        [START, "bb", "windows10", "abc", END],
        ["?", "?", "?"],
        ["c"],
    ]
    assert {split: rows.tolist() for split, rows in data.rows.items()} == {"train": [0, 2, 4], "val": [1], "test": [3]}
    assert [data.size(split) for split in SPLITS] == [3, 1, 1]
    assert data.labels.tolist() == [0, 1, 0, 1, 0]
    assert data.state["train_counts"] == [3, 0]
    assert data.state["labels"] == list(LABELS)


def test_words_of_the_other_splits_alone_are_unknown_but_spelled() -> None:
    data = encoded()
    characters = Vocabulary(data.state["characters"], SPECIALS)
    assert set(data.state["characters"]) == set("bacwindows10")  # x and e stand in no training text
    xa, *_ = (number for number in data.words.lists(torch.tensor([1]))[0] if number >= data.known)
    assert data.spelling[xa].tolist() == [characters.number("<unk>"), characters.number("a"), 0, 0]
    cab = data.words.lists(torch.tensor([3]))[0][1]
    assert data.spelling[cab].tolist() == [*characters.encode("cab"), 0]
    windows = SPECIALS.index(START) + 2 + data.state["vocabulary"].index("windows10")
    assert data.spelling[windows].tolist() == characters.encode("wind")
    assert data.spelling[SPECIALS.index(START)].tolist() == [SPECIALS.index(START), 0, 0, 0]
    assert data.spelling[0].tolist() == [0] * 4
    letters = Counter(letter for word in data.state["vocabulary"] for letter in set(word))
    assert letters.keys() == set(data.state["characters"])


def test_characters_are_the_joined_text() -> None:
    data = encoded()
    names = [*SPECIALS, *data.state["characters"]]
    found = data.characters.lists(torch.arange(5))
    known = set(data.state["characters"])

    def joined(words: Sequence[str]) -> list[str]:
        letters = [letter for word in words for letter in ([word] if word in SPECIALS else word)]
        return [letter if letter in known or letter in SPECIALS else "<unk>" for letter in letters]

    assert [[names[number] for number in text] for text in found] == [joined(words) for _, words in SOME]
    assert data.characters.lengths.tolist() == [7, 9, 16, 8, 1]


def test_a_task_that_does_not_spell_keeps_no_characters() -> None:
    data = encoded(spell=False)
    assert data.state["characters"] == []
    assert len(data.spelling) == len(data.letters.lengths) == 0
    assert data.state["vocabulary"] == encoded(key="other").state["vocabulary"]


WORDS = st.lists(st.sampled_from(["a", "b", "c", "dd", "ee", "ff", START]), min_size=1, max_size=6)


@budget(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2), WORDS), max_size=8), st.integers(1, 3), st.integers(0, 3))
def test_any_texts_come_back(
    tmp_path: Path, rows: list[tuple[int, list[str]]], min_count: int, vocabulary: int
) -> None:
    rows = [(0, ["a"]), (1, ["b"]), (2, ["zz"]), *rows]
    data = encoded(rows, str(hash(str(rows))), min_count=min_count, vocabulary=vocabulary)
    counts = Counter(word for split, words in rows if split == 0 for word in words if word not in SPECIALS)
    ranked = sorted((word for word, n in counts.items() if n >= min_count), key=lambda word: (-counts[word], word))
    assert data.state["vocabulary"] == ranked[: vocabulary or None]
    known = {*data.state["vocabulary"], *SPECIALS}
    assert words_of(data) == [[word if word in known else "?" for word in words] for _, words in rows]
    numbers: dict[str, set[int]] = {}
    for (_, words), text in zip(rows, data.words.lists(torch.arange(len(rows))), strict=True):
        for word, number in zip(words, text, strict=True):
            numbers.setdefault(word, set()).add(number)
    assert len(set.union(*numbers.values())) == len(numbers)  # one number a word, one word a number


@pytest.mark.parametrize(
    ("settings", "vocabulary"),
    [
        ({"min_count": 2}, ["bb", "abc"]),
        ({"min_count": 4}, []),
        ({"vocabulary": 3}, ["bb", "abc", "c"]),
        ({"vocabulary": 99}, ["bb", "abc", "c", "windows10"]),
        ({"vocabulary": 1, "min_count": 2}, ["bb"]),
    ],
    ids=str,
)
def test_limits_are_applied_to_one_encoding(settings: dict[str, int], vocabulary: list[str]) -> None:
    whole = encoded()
    data = text_data.load(TextSettings(**{"min_count": 1, **settings}), "some", LABELS, never)  # type: ignore[arg-type]
    assert data.state["vocabulary"] == vocabulary
    assert data.known == len(SPECIALS) + len(vocabulary)
    assert torch.equal(data.words.flat, whole.words.flat)
    assert data.state["characters"] == whole.state["characters"]


def test_what_was_encoded_is_recalled_with_its_notes() -> None:
    data = encoded(notes=["Two texts were skipped."])
    again = text_data.load_cached(TextSettings(min_count=1), "some")
    assert again.state == data.state
    assert again.notes == data.notes == ("Two texts were skipped.",)
    assert words_of(again) == words_of(data)
    assert torch.equal(again.spelling, data.spelling)
    with pytest.raises(FileNotFoundError):
        text_data.load_cached(TextSettings(), "other")


def test_a_damaged_encoding_is_made_again_and_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = encoded()
    (path,) = (tmp_path / "cache" / "tensors").glob("*.safetensors")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    capsys.readouterr()
    again = encoded()
    (line,) = capsys.readouterr().err.splitlines()
    assert str(path) in line
    assert "is damaged: it is built anew." in line
    assert again.state == data.state
    assert path.read_bytes() == whole


def test_an_encoding_of_another_form_counts_as_gone() -> None:
    """As an older version of the program left it."""
    cache.tensors("old", lambda: ({"words": torch.zeros(3)}, {"tokens": []}))
    with pytest.raises(FileNotFoundError, match="old"):
        text_data.load_cached(TextSettings(), "old")


@pytest.mark.parametrize(("missing", "name"), list(enumerate(SPLITS)))
def test_a_split_without_texts_is_named(missing: int, name: str) -> None:
    rows = [(split, ["a"]) for split in range(3) if split != missing] * 2
    with pytest.raises(DataError, match=rf"^No text is left for the {name} split: the data is too small\.$"):
        encoded(rows)


@pytest.mark.parametrize("rows", [[], [(0, []), (1, []), (2, [])]], ids=["no row", "no word"])
def test_no_text_at_all_is_said(rows: Rows) -> None:
    with pytest.raises(DataError, match=r"^There is no text in the data: fetch it again\.$"):
        encoded(rows)
