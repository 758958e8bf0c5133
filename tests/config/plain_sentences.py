"""Check that a message is one plain sentence."""

from __future__ import annotations

import re

_JARGON = re.compile(r"Traceback|Error\b|Exception|<class|NoneType|`int`|`float`|\$\.|\{|\}")


def is_plain(sentence: str) -> bool:
    """One line, ended like a sentence, free of what only a programmer reads."""
    return "\n" not in sentence and sentence[-1:] in (".", "?") and not _JARGON.search(sentence)
