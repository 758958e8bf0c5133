"""What a network that writes poems can be held to: the constraints made a plan, with what a run keeps for it.

Shapes: n hashes, S tokens.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import torch
from torch import Tensor

from tasks.base import Value
from tasks.poems import guide_building
from tasks.poems.constraints import PoemConstraints
from tasks.poems.data import PoemData
from tasks.poems.guide import PoemGuide
from tasks.poems.lexicon import Lexicon
from tasks.poems.line_filter import LineFilter
from tasks.shared.text.vocabulary import UNKNOWN

_LINES = "lines"


def artifacts(data: PoemData, lexicon: Lexicon) -> dict[str, Tensor]:
    """The filter of the training corpus's lines, as a run keeps it: (n,) int32."""
    there = torch.zeros(len(data.poems.lengths), dtype=torch.bool)
    there[data.rows["train"]] = True
    flat = data.poems.flat.cpu()[there.repeat_interleave(data.poems.lengths)].numpy().astype(np.int64)  # (S,)
    unknown = lexicon.vocabulary.number(UNKNOWN)
    breaks = ~lexicon.characters
    breaks[unknown] = False
    hashes = LineFilter.of(flat, breaks, unknown).hashes
    return {_LINES: torch.from_numpy(hashes.view(np.int32))}


def known(tensors: Mapping[str, Tensor]) -> LineFilter | None:
    """The filter that a run kept; none in a run from before there was one."""
    return LineFilter(tensors[_LINES].numpy().view(np.uint32)) if _LINES in tensors else None


def plan(
    lexicon: Lexicon, start: str, constraints: Mapping[str, Value], lines: LineFilter | None, *, simplify: bool
) -> PoemGuide:
    """What the constraints makes of a poem that begins with ``start``.

    Args:
        constraints: the fields of a ``PoemConstraints``.
        simplify: traditional characters are read as simplified ones.

    Raises:
        ValueError: it cannot be met; one sentence says which part of it, and what would be possible.
    """
    try:
        asked = msgspec.convert({**constraints, "start": start}, PoemConstraints)
    except msgspec.ValidationError as error:
        raise ValueError(f"This cannot be wished for: {error}.") from None
    return guide_building.plan(asked, lexicon, lines, simplify=simplify)
