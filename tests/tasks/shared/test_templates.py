"""Sentences from templates."""

from __future__ import annotations

import random

import pytest

from tasks.shared.text.templates import fill

WORDS = {"thing": ("cat",), "what": ("{size} {thing}",), "size": ("big", "small"), "none": ("",)}


@pytest.mark.parametrize(
    ("template", "texts"),
    [
        ("no slot", {"no slot"}),
        ("a {thing}", {"a cat"}),
        ("{thing}{none}{thing}", {"catcat"}),
        ("the {what}.", {"the big cat.", "the small cat."}),
        ("", {""}),
    ],
)
def test_each_slot_takes_one_of_its_words(template: str, texts: set[str]) -> None:
    draw = random.Random(0)
    assert {fill(template, WORDS, draw) for _ in range(30)} == texts


def test_the_seed_decides() -> None:
    template = " ".join(["{size}"] * 20)
    one, again, other = (fill(template, WORDS, random.Random(seed)) for seed in (1, 1, 2))
    assert one == again != other


def test_a_slot_without_words_is_named() -> None:
    with pytest.raises(KeyError, match="colour"):
        fill("a {colour} {thing}", WORDS, random.Random(0))
