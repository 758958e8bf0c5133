"""Suggestions for a name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def nearest(name: str, options: Sequence[str]) -> str | None:
    """Return the option that is spelt like an unknown name; ``None`` where none is."""
    close = difflib.get_close_matches(name, options, n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(name: str, options: Sequence[str]) -> str:
    """Return the end of a sentence about an unknown name: the nearest option, or all of them."""
    same = (o for o in options if o.rpartition(".")[2] == name.rpartition(".")[2])  # `task.lr` for `train.lr`
    if close := next(same, None) or nearest(name, options):
        return f": did you mean {close!r}?"
    if not options:
        return ": there are none."
    return f": choose one of {', '.join(options)}."
