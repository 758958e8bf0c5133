"""Sequences end to end in one tensor: batches, lists and spelling are those of plain Python."""

from __future__ import annotations

from typing import Literal

import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from tasks.shared.sequences.ragged import Ragged

SEQUENCES = st.lists(st.lists(st.integers(0, 9), max_size=7), min_size=1, max_size=8)


@budget(deadline=None)
@given(SEQUENCES, st.integers(0, 9), st.sampled_from(["first", "last"]), st.data())
def test_a_batch_is_its_sequences_cut_and_filled_up_with_zeros(
    sequences: list[list[int]], longest: int, keep: Literal["first", "last"], draw: st.DataObject
) -> None:
    rows = draw.draw(st.lists(st.integers(0, len(sequences) - 1), min_size=1, max_size=6))
    codes, lengths = Ragged.of(sequences).padded(torch.tensor(rows), longest, keep)
    cut = [sequences[row] for row in rows]
    if longest:
        cut = [s[:longest] if keep == "first" else s[-longest:] for s in cut]
    width = max(map(len, cut))
    assert codes.shape == (len(rows), width)
    assert codes.dtype == lengths.dtype == torch.int64
    assert codes.tolist() == [s + [0] * (width - len(s)) for s in cut]
    assert lengths.tolist() == list(map(len, cut))


@budget(deadline=None)
@given(SEQUENCES, st.data())
def test_lists_are_the_sequences(sequences: list[list[int]], draw: st.DataObject) -> None:
    rows = draw.draw(st.lists(st.integers(0, len(sequences) - 1), max_size=6))
    assert Ragged.of(sequences).lists(torch.tensor(rows, dtype=torch.int64)) == [sequences[row] for row in rows]


@budget(deadline=None)
@given(SEQUENCES, st.lists(st.lists(st.integers(0, 99), max_size=3), min_size=10, max_size=10))
def test_spelling_puts_a_sequence_in_each_numbers_place(sequences: list[list[int]], symbols: list[list[int]]) -> None:
    spelled = Ragged.of(sequences).spelled(Ragged.of(symbols))
    expected = [[letter for number in sequence for letter in symbols[number]] for sequence in sequences]
    assert spelled.lists(torch.arange(len(sequences))) == expected


def test_no_sequence_is_an_empty_batch() -> None:
    codes, lengths = Ragged.of([[1, 2]]).padded(torch.zeros(0, dtype=torch.int64))
    assert codes.shape == (0, 0)
    assert lengths.tolist() == []
