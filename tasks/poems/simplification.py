"""Traditional characters turned into simplified ones."""

from __future__ import annotations

from collections.abc import Sequence


def simplified(texts: Sequence[str]) -> list[str]:
    """``texts`` in simplified characters, word by word, by OpenCC's tables (``t2s``). None may hold a line's end."""
    from opencc import OpenCC

    converted: str = OpenCC("t2s").convert("\n".join(texts))
    return converted.split("\n")
