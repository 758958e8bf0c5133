"""Context of the next character of a poem: its place and line, and the tokens beside it.

Shapes: B batch, T time, N last positions, K kinds of tokens beside a slot.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

PLACES, LINES = 12, 18  # distinguished; later places and lines count as the last
BESIDE = 4  # K


class Context(NamedTuple):
    """Context of the slot that comes next at each of N positions."""

    place: Tensor  # (B,N): characters of its line before it
    line: Tensor  # (B,N): lines before its own
    # (B,N,K), 0 where there is none: the poem's form; the characters at the slot's place in the line before and two
    # lines before (their end, where they are that short); the character that set the rhyme: the one before the end of
    # the last even line, of the first line while there is none
    beside: Tensor


def context(codes: Tensor, breaks: Tensor, header: int = 2) -> Context:
    """Compute the context of every slot from the tokens before it; no position depends on a later one.

    Args:
        codes: (B,T) whole poems from their start token on.
        breaks: (V,) bool, the tokens that end a line.
        header: tokens before a poem's first character: the start, the form.
    """
    time = torch.arange(codes.shape[1], device=codes.device)  # (T,)
    ends = breaks[codes]  # (B,T)
    lines = ends.cumsum(1)
    begins = _latest(ends, time + 1).clamp(min=header)  # position of the slot's line
    before = _at(begins, begins - 2)  # position of the line before
    before2 = _at(begins, before - 2)
    place = (time + 1 - begins).clamp(min=0)
    sets = ends & ((lines == 1) | (lines % 2 == 0))
    beside = (
        torch.where(time >= header - 1, codes[:, header - 1 : header], 0) if len(time) >= header else 0 * codes,
        torch.where((lines > 0) & (before + place < begins), _at(codes, before + place), 0),
        torch.where((lines > 1) & (before2 + place < before), _at(codes, before2 + place), 0),
        torch.where(lines > 0, _at(codes, _latest(sets, time - 1)), 0),
    )
    return Context(place.clamp(max=PLACES - 1), lines.clamp(max=LINES - 1), torch.stack(beside, -1))


def _latest(there: Tensor, values: Tensor) -> Tensor:
    """The last of the ascending ``values`` (T,) up to each position at which ``there`` (B,T) holds; 0: at none."""
    return torch.where(there, values, 0).cummax(1).values


def _at(values: Tensor, places: Tensor) -> Tensor:
    """``values`` (B,T) at ``places`` (B,T), those out of bounds moved to the nearest."""
    return values.gather(1, places.clamp(0, values.shape[1] - 1))
