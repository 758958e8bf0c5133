"""What a person should hear while something slow is prepared: the worker's log, which every face shows."""

from __future__ import annotations

import sys


def tell(sentence: str) -> None:
    """One line on stderr."""
    print(sentence, file=sys.stderr, flush=True)
