"""The form of a poem: its lines."""

from __future__ import annotations

import re

_LINE = re.compile("[^，。]*[，。]?")


def lines(poem: str) -> list[str]:
    """A poem cut after each ， and 。."""
    return [line for line in _LINE.findall(poem) if line]


def shown(poem: str) -> str:
    """A poem as it is read: a line for each 。."""
    return re.sub("。(?=.)", "。\n", poem)


def is_well_formed(poem: str) -> bool:
    """An even number of lines, four at least, each of 5 characters or each of 7, the poem ended by 。.

    Each couplet's first line ends with ， or 。, its second one with 。.
    """
    cut = lines(poem)
    widths = {len(line.rstrip("，。")) for line in cut}
    return (
        len(cut) >= 4
        and len(cut) % 2 == 0
        and widths in ({5}, {7})
        and all(line[-1] in "，。" for line in cut)
        and all(line[-1] == "。" for line in cut[1::2])
    )
