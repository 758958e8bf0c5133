"""The form of a poem: its lines, and the kind that they make it."""

from __future__ import annotations

import re

_LINE = re.compile("[^，。]*[，。]?")
KINDS = {(4, 5): "五绝", (4, 7): "七绝", (8, 5): "五律", (8, 7): "七律"}  # by lines and characters of a line

SENTENCE_ENDS = "。！？"
FREE = "free"
FORMS = (*KINDS.values(), FREE)


def lines(poem: str) -> list[str]:
    """A poem cut after each ， and 。."""
    return [line for line in _LINE.findall(poem) if line]


def bare(poem: str) -> list[str]:
    """Its lines without the marks that end them."""
    return [line.rstrip("，。") for line in lines(poem)]


def shown(poem: str) -> str:
    """A poem as it is read: a line for each 。."""
    return re.sub("。(?=.)", "。\n", poem)


def line_break(before: str, character: str) -> str:
    """Return the line break that goes before a character of a text as it is written: one after each sentence.

    Args:
        before: the character before it; empty at the beginning.
    """
    return "\n" if before != "" and before in SENTENCE_ENDS and character != "\n" else ""


def form(poem: str) -> str:
    """五绝 or 七绝 (four lines of 5 or 7 characters), 五律 or 七律 (eight), else ``free``.

    Only lines count, and that ``is_well_formed`` accepts them; rhyme and tones do not.
    """
    cut = lines(poem)
    return KINDS.get((len(cut), len(cut[0]) - 1), FREE) if is_well_formed(poem) else FREE


def is_well_formed(poem: str) -> bool:
    """An even number of lines, four at least, each of 5 characters or each of 7, the poem ended by 。.

    Each couplet's first line ends with ， or 。, its second one with 。.
    """
    cut = lines(poem)
    widths = set(map(len, bare(poem)))
    return (
        len(cut) >= 4
        and len(cut) % 2 == 0
        and widths in ({5}, {7})
        and all(line[-1] in "，。" for line in cut)
        and all(line[-1] == "。" for line in cut[1::2])
    )
