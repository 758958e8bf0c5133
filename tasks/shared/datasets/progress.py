"""What a person should hear while something slow is prepared: marked lines of the worker's log, which faces show."""

from __future__ import annotations

import sys

MARK = "· "


def tell(sentence: str) -> None:
    """One line on stderr."""
    print(MARK + sentence, file=sys.stderr, flush=True)
