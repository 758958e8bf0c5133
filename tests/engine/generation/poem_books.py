"""A small model of the world for the rules of poems: a vocabulary, a rhyme book, plans and poems by chance."""

from __future__ import annotations

import random

from tasks.poems import forms, guide_building
from tasks.poems.constraints import PoemConstraints
from tasks.poems.guide import PoemGuide
from tasks.poems.lexicon import Lexicon
from tasks.poems.line_filter import LineFilter
from tasks.poems.prosody import GROUPS, Prosody
from tasks.shared.text.vocabulary import END, PAD, START, UNKNOWN, Vocabulary

LEVEL, OTHERS, OBLIQUE, FREE, UNHEARD = "天年前边烟泉眠弦", "东风同中", "月雪绝别灭夜日水草", "看思", "鹤霞"
CHARACTERS = LEVEL + OTHERS + OBLIQUE + FREE + UNHEARD
_IN = {"先": LEVEL, "东": "东风同中", "屑": "雪绝别灭", "月": "月", "寒": "看", "翰": "看", "支": "思", "寘": "思"}
_IN |= {"质": "日", "纸": "水", "皓": "草", "祃": "夜"}
BOOK = Prosody([_IN.get(name, "") for name in GROUPS])
LEXICON = Lexicon(Vocabulary([*"，。", *CHARACTERS], (PAD, UNKNOWN, START, END, *forms.FORMS)), BOOK)


def planned(known: LineFilter | None = None, **constraints: str | bool) -> PoemGuide:
    return guide_building.build_guide(PoemConstraints(**constraints), LEXICON, known, simplify=True)  # type: ignore[arg-type]


def by_chance(plan: PoemGuide, seed: int, start: str = "") -> str:
    """A poem of which each character is drawn among those allowed; within a line it goes back from dead ends."""
    chance = random.Random(seed)
    vocabulary = LEXICON.vocabulary
    (form,) = chance.choices([LEXICON.forms[form] for form in plan.forms])
    codes = [LEXICON.start, form, *vocabulary.encode(start)]
    refused: list[set[int]] = [set()]
    while True:
        left = sorted(set(plan.mask(codes).nonzero()[0].tolist()) - refused[-1])
        if left:
            codes.append(chance.choice(left))
            if codes[-1] == LEXICON.end:
                return LEXICON.text(codes[2:-1])
            refused = [set()] if plan.is_final(codes) else [*refused, set()]
        else:
            refused.pop()
            assert refused, f"no way on after {LEXICON.text(codes[2:])}"
            refused[-1].add(codes.pop())
