"""Suggestions for a name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def did_you_mean(name: str, options: Sequence[str]) -> str:
    """Return the end of a sentence about an unknown name: the nearest option, or all of them."""
    close = [o for o in options if o.rpartition(".")[2] == name.rpartition(".")[2]][:1]  # `task.lr` for `train.lr`
    close = close or difflib.get_close_matches(name, options, n=1, cutoff=0.6)
    if close:
        return f": did you mean {close[0]!r}?"
    if not options:
        return ": there are none."
    return f": choose one of {', '.join(options)}."
