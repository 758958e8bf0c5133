from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.shared.text.vocabulary import END, PAD, START, UNKNOWN, Vocabulary

COUNTS = Counter({"月": 5, "山": 3, "水": 3, "鹤": 1})


def test_specials_first_then_by_frequency_then_by_token() -> None:
    vocabulary = Vocabulary.counted(COUNTS, (PAD, UNKNOWN))
    assert vocabulary.tokens == [PAD, UNKNOWN, "月", "山", "水", "鹤"]
    assert vocabulary.number(PAD) == 0
    assert len(vocabulary) == 6
    assert "月" in vocabulary
    assert "云" not in vocabulary


def test_rare_tokens_and_those_past_the_most_are_left_out() -> None:
    assert Vocabulary.counted(COUNTS, at_least=2).tokens == ["月", "山", "水"]
    assert Vocabulary.counted(COUNTS, (UNKNOWN,), most=2).tokens == [UNKNOWN, "月", "山"]


def test_what_is_not_there_is_unknown_or_an_error() -> None:
    assert Vocabulary(["月"], (PAD, UNKNOWN)).encode("月云") == [2, 1]
    with pytest.raises(KeyError, match="云"):
        Vocabulary(["月"], (PAD,)).encode("月云")


def test_a_token_of_the_data_that_reads_like_a_special_is_the_special() -> None:
    assert Vocabulary.counted({END: 9, "月": 1}, (START, END)).tokens == [START, END, "月"]


def test_no_token_twice() -> None:
    with pytest.raises(ValueError, match="月"):
        Vocabulary(["月", "山", "月"])


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 9)))
def test_decoding_undoes_encoding_and_the_state_brings_it_back(counts: dict[str, int]) -> None:
    vocabulary = Vocabulary.counted(counts, (PAD, UNKNOWN))
    words = [word for word in counts if word not in (PAD, UNKNOWN)]
    assert [vocabulary.tokens[number] for number in vocabulary.encode(words)] == words
    again = Vocabulary(msgspec.json.decode(msgspec.json.encode(vocabulary.tokens)))
    assert again.tokens == vocabulary.tokens
