"""Cleaning of the corpora: Chinese characters with ， and 。 between them, and counts of the changes.

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


def fold(text: str) -> str:
    """Fold punctuation to ， and 。; remove quotes, title marks, square brackets, blanks, invisible characters."""
    text = visible("".join(text.split())).translate(_MARKS).translate(_STOPS)
    text = re.sub("[，。]*。[，。]*", "。", re.sub("，+", "，", text))
    return text.lstrip(PUNCTUATION)


def is_chinese(text: str) -> bool:
    """Tell whether a text holds nothing but Chinese characters, ， and 。."""
    return _POEM.fullmatch(text) is not None


def without_notes(text: str) -> str:
    """Remove the text in brackets, nested ones too."""
    while True:
        shorter = _NOTE.sub("", text)
        if shorter == text:
            return text
        text = shorter


def clean(texts: Iterable[str]) -> tuple[list[str], Counter[str]]:
    """Clean poems and drop those that cannot be used, or are there already.

    Returns:
        the poems of 5 to 80 characters in their order, each ended by 。, and the counts ``read``, ``noted``,
        ``holes``, ``foreign``, ``short``, ``long``, ``duplicate``, ``kept``.
    """
    counts: Counter[str] = Counter()
    kept: dict[str, None] = {}
    for text in texts:
        counts["read"] += 1
        bare = without_notes(text)
        counts["noted"] += bare != text
        poem = fold(bare)
        if poem:
            poem = poem.rstrip(PUNCTUATION) + "。"
        reason = _rejection(poem) or ("duplicate" if poem in kept else "kept")
        counts[reason] += 1
        if reason == "kept":
            kept[poem] = None
    return list(kept), counts


def summarize(counts: Counter[str]) -> Sequence[str]:
    """The counts of ``clean``, a sentence each."""
    sentences = {
        "noted": "poems had editors' notes in brackets, which were removed.",
        "holes": "poems with holes (□ ○ ●) were dropped.",
        "foreign": "poems with anything but Chinese characters and punctuation were dropped.",
        "short": f"poems shorter than {SHORTEST} characters were dropped.",
        "long": f"poems longer than {LONGEST} characters were dropped.",
        "duplicate": "poems that stand there already were dropped.",
    }
    steps = [f"{counts[step]:,} {sentence}" for step, sentence in sentences.items() if counts[step]]
    return [*steps, f"{counts['kept']:,} of {counts['read']:,} poems are left."] if steps else []


def _rejection(poem: str) -> str:
    """The reason for which a poem is dropped; empty: none."""
    if _HOLE.search(poem):
        return "holes"
    if not is_chinese(poem):
        return "foreign"
    if len(poem) < SHORTEST:
        return "short"
    return "long" if len(poem) > LONGEST else ""
