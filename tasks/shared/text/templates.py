"""Sentences from templates: small deterministic texts for the starter sets."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

_SLOT = re.compile(r"\{(\w+)\}")


def fill(template: str, words: Mapping[str, Sequence[str]], draw: random.Random) -> str:
    """Return a template with each ``{slot}`` replaced by one of its words, which may hold slots themselves.

    Raises:
        KeyError: a slot has no words.
    """
    while slot := _SLOT.search(template):
        template = template[: slot.start()] + draw.choice(words[slot[1]]) + template[slot.end() :]
    return template
