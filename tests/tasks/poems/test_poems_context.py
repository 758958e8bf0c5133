"""Context of each slot of a poem: by the definition, from the past only, whole or step by step."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.poems import forms
from tasks.poems.context import LINES, PLACES, context
from tasks.poems.data import SPECIALS
from tasks.shared.text.vocabulary import END, START, Vocabulary

VOCABULARY = Vocabulary("，。月山水鹤松风夜", SPECIALS)
BREAKS = torch.tensor([token in "，。" for token in VOCABULARY.tokens])
poems = st.text("，。月山水鹤", max_size=60)


def encoded(poem: str) -> torch.Tensor:
    return torch.tensor([VOCABULARY.encode([START, forms.form(poem or "。"), *poem, END])])


def expected(read: str) -> tuple[int, int, list[str]]:
    """Place, line and what stands beside the slot after ``read``, in plain words."""
    *whole, begun = forms.lines(read) if read and read[-1] not in "，。" else [*forms.lines(read), ""]
    place, line = len(begun), len(whole)
    above = [former[place] if former is not None and place < len(former) else "" for former in _two_before(whole)]
    rhyming = [number for number in range(1, line + 1) if number % 2 == 0 or number == 1]
    before = "".join(whole[: rhyming[-1]])[:-1] if rhyming else ""
    return place, line, [*above, before[-1:]]


def _two_before(whole: list[str]) -> list[str | None]:
    return [*reversed(whole), None, None][:2]


@given(poems)
def test_every_slot_has_its_place_its_line_and_what_stands_beside_it(poem: str) -> None:
    codes = encoded(poem)
    slots = context(codes, BREAKS)
    for t in range(1, codes.shape[1] - 1):
        place, line, beside = expected(poem[: t - 1])
        assert (int(slots.place[0, t]), int(slots.line[0, t])) == (min(place, PLACES - 1), min(line, LINES - 1))
        form, *others = (VOCABULARY[int(code)] if code else "" for code in slots.beside[0, t])
        assert form == forms.form(poem or "。")
        if not poem.startswith(("，", "。")):  # no poem does
            assert others == beside


@given(poems, st.integers(1, 62))
def test_a_slot_depends_on_nothing_behind_it(poem: str, cut: int) -> None:
    codes = encoded(poem)
    for whole, part in zip(context(codes, BREAKS), context(codes[:, :cut], BREAKS), strict=True):
        assert whole[:, :cut].equal(part)
