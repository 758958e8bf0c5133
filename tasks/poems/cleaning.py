"""Poems made plain: Chinese characters with ， and 。 between them, and an account of what was done.

The complete Tang poems carry their editors' work: notes and variants in round brackets, numbered remarks in 〖〗,
supplied characters in square brackets, □ for a character that is lost, and parts in braces for one that has no code.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from tasks.shared.text.visible import visible

SHORTEST, LONGEST = 5, 80  # characters of a poem, punctuation counted
PUNCTUATION = "，。"

_NOTE = re.compile("（[^（）]*）|\\([^()]*\\)|〖[^〖〗]*〗|【[^【】]*】|〔[^〔〕]*〕")
_STOPS = str.maketrans("、：；,:;？！．?!.", "，" * 6 + "。" * 6)
_MARKS = str.maketrans("", "", "《》〈〉「」『』“”‘’\"'[]［］")  # the words within them are the poem's
_HOLE = re.compile("[□○●■_]")
_POEM = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff，。]*")


def plain(text: str) -> str:
    """Quotation and title marks, square brackets, blanks and what cannot be seen taken away; all other punctuation
    folded to ， and 。."""
    text = visible("".join(text.split())).translate(_MARKS).translate(_STOPS)
    text = re.sub("[，。]*。[，。]*", "。", re.sub("，+", "，", text))
    return text.lstrip(PUNCTUATION)


def is_chinese(text: str) -> bool:
    """Whether a text holds nothing but Chinese characters, ， and 。."""
    return _POEM.fullmatch(text) is not None


def without_notes(text: str) -> str:
    """A text without what stands in brackets, brackets within brackets too."""
    while True:
        shorter = _NOTE.sub("", text)
        if shorter == text:
            return text
        text = shorter


def clean(texts: Iterable[str]) -> tuple[list[str], Counter[str]]:
    """Plain poems of 5 to 80 characters, each once, in their order; and what was done to how many.

    Returns:
        the poems, each ended by 。, and the counts ``read``, ``noted``, ``holes``, ``foreign``, ``short``, ``long``,
        ``duplicate``, ``kept``.
    """
    done: Counter[str] = Counter()
    kept: dict[str, None] = {}
    for text in texts:
        done["read"] += 1
        bare = without_notes(text)
        done["noted"] += bare != text
        poem = plain(bare)
        if poem:
            poem = poem.rstrip(PUNCTUATION) + "。"
        reason = _refused(poem) or ("duplicate" if poem in kept else "kept")
        done[reason] += 1
        if reason == "kept":
            kept[poem] = None
    return list(kept), done


def account(done: Counter[str]) -> Sequence[str]:
    """What ``clean`` did, in a sentence each."""
    said = {
        "noted": "poems had editors' notes in brackets, which were removed.",
        "holes": "poems with holes (□ ○ ●) were dropped.",
        "foreign": "poems with anything but Chinese characters and punctuation were dropped.",
        "short": f"poems shorter than {SHORTEST} characters were dropped.",
        "long": f"poems longer than {LONGEST} characters were dropped.",
        "duplicate": "poems that stand there already were dropped.",
    }
    steps = [f"{done[step]:,} {what}" for step, what in said.items() if done[step]]
    return [*steps, f"{done['kept']:,} of {done['read']:,} poems are left."] if steps else []


def _refused(poem: str) -> str:
    """Why a plain poem cannot be used; empty where it can."""
    if _HOLE.search(poem):
        return "holes"
    if not is_chinese(poem):
        return "foreign"
    if len(poem) < SHORTEST:
        return "short"
    return "long" if len(poem) > LONGEST else ""
