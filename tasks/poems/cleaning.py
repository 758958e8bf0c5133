"""Cleaning of the corpora: Chinese characters with ， and 。 between them, and counts of the changes.

The complete Tang poems carry their editors' work: notes and variants in round brackets, numbered remarks in 〖〗,
supplied characters in square brackets, □ for a character that is lost, and parts in braces for one that has no code.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from tasks.shared.text.visible import visible

SHORTEST, LONGEST = 5, 80  # characters of a poem, punctuation counted; longer ones may only be learnt from
PUNCTUATION = "，。"

_NOTE = re.compile("（[^（）]*）|\\([^()]*\\)|〖[^〖〗]*〗|【[^【】]*】|〔[^〔〕]*〕")
_STOPS = str.maketrans("、：；,:;？！．?!.", "，" * 6 + "。" * 6)
_MARKS = str.maketrans("", "", "《》〈〉「」『』“”‘’\"'[]［］")  # the words within them are the poem's
_HOLE = re.compile("[□○●■_]")
_POEM = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff，。]*")


def fold(text: str) -> str:
    """Fold punctuation to ， and 。; remove quotes, title marks, square brackets, blanks, invisible characters."""
    return _join_stops(visible("".join(text.split())).translate(_MARKS).translate(_STOPS))


def _join_stops(text: str) -> str:
    """Make one mark of several and leave none at the beginning."""
    return re.sub("[，。]*。[，。]*", "。", re.sub("，+", "，", text)).lstrip(PUNCTUATION)


def fold_notes(text: str) -> list[str]:
    """Count what ``fold`` leaves out of a text and what it changes, a sentence each; blanks at its ends aside."""
    text = text.strip()
    shown = visible("".join(text.split()))
    marks = [c for c in shown if ord(c) in _MARKS]
    hidden = [c for c in text if not c.isspace() and c not in shown]
    stops = shown.translate(_MARKS).translate(_STOPS)
    folded = [c for c in shown if ord(c) in _STOPS]
    blanks, surplus = sum(c.isspace() for c in text), len(stops) - len(_join_stops(stops))
    left_out = [
        *(_some(marks)),
        *(f"{name} ({count})" for name, count in Counter(f"U+{ord(c):04X}" for c in hidden).items()),
        *([f"blanks ({blanks})"] if blanks else []),
        *([f"marks of punctuation before the first character or beside others ({surplus})"] if surplus else []),
    ]
    return [
        *([f"Left out: {', '.join(left_out)}."] if left_out else []),
        *([f"Read as ， or 。: {', '.join(_some(folded))}."] if folded else []),
    ]


def _some(characters: Sequence[str]) -> list[str]:
    """Each character and its count: ``《 (1)``."""
    return [f"{character} ({count})" for character, count in Counter(characters).items()]


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


def clean(texts: Iterable[str], longest: int = LONGEST) -> tuple[list[str], Counter[str]]:
    """Clean poems and drop those that cannot be used, or are there already.

    Returns:
        the poems of 5 to ``longest`` characters in their order, each ended by 。, and the counts ``read``, ``noted``,
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
        reason = _rejection(poem, longest) or ("duplicate" if poem in kept else "kept")
        counts[reason] += 1
        if reason == "kept":
            kept[poem] = None
    return list(kept), counts


def summarize(counts: Counter[str], longest: int = LONGEST) -> Sequence[str]:
    """The counts of ``clean``, a sentence each."""
    sentences = {
        "noted": "poems had editors' notes in brackets, which were removed.",
        "holes": "poems with holes (□ ○ ●) were dropped.",
        "foreign": "poems with anything but Chinese characters and punctuation were dropped.",
        "short": f"poems shorter than {SHORTEST} characters were dropped.",
        "long": f"poems longer than {longest} characters were dropped.",
        "duplicate": "poems that stand there already were dropped.",
    }
    steps = [_counted(counts[step], sentence) for step, sentence in sentences.items() if counts[step]]
    return [*steps, f"{counts['kept']:,} of {counts['read']:,} poems are left."] if steps else []


def _counted(count: int, sentence: str) -> str:
    if count > 1:
        return f"{count:,} {sentence}"
    singular = {"poems": "poem", "were dropped.": "was dropped.", "that stand": "that stands"}
    for many, one in singular.items():
        sentence = sentence.replace(many, one, 1)
    return f"1 {sentence}"


def _rejection(poem: str, longest: int) -> str:
    """The reason for which a poem is dropped; empty: none."""
    if _HOLE.search(poem):
        return "holes"
    if not is_chinese(poem):
        return "foreign"
    if len(poem) < SHORTEST:
        return "short"
    return "long" if len(poem) > longest else ""
