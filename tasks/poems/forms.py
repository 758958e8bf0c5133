"""Forms of Tang poetry: a poem's lines, and the form that they make."""

from __future__ import annotations

import re

_LINE = re.compile("[^，。]*[，。]?")
KINDS = {(4, 5): "五绝", (4, 7): "七绝", (8, 5): "五律", (8, 7): "七律"}  # by lines and characters of a line

SENTENCE_ENDS = "。！？"
FREE = "free"
FORMS = (*KINDS.values(), FREE)


def lines(poem: str) -> list[str]:
    """The lines of a poem: it is cut after each ， and 。."""
    return [line for line in _LINE.findall(poem) if line]


def bare(poem: str) -> list[str]:
    """The lines of a poem without the marks that end them."""
    return [line.rstrip("，。") for line in lines(poem)]


def with_line_breaks(poem: str) -> str:
    """A poem with a line break after each 。."""
    return re.sub("。(?=.)", "。\n", poem)


def line_break(before: str, character: str) -> str:
    """Return the line break that goes before a character of a text as it is written: one after each sentence.

    Args:
        before: the character before it; empty at the beginning.
    """
    return "\n" if before != "" and before in SENTENCE_ENDS and character != "\n" else ""


def form(poem: str) -> str:
    """The form of a poem: 五绝 or 七绝 (four lines of 5 or 7 characters), 五律 or 七律 (eight), else ``free``.

    Only lines count, and that ``is_well_formed`` accepts them; rhyme and tones do not.
    """
    cut = lines(poem)
    return KINDS.get((len(cut), len(cut[0]) - 1), FREE) if is_well_formed(poem) else FREE


def is_well_formed(poem: str) -> bool:
    """Tell whether a poem has an even number of lines, four at least, all of 5 or all of 7 characters, ended by 。.

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
