"""Tensors that a run keeps of its poems: the filter of the training corpus's lines.

Shapes: n hashes, S tokens.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from tasks.poems.data import PoemData
from tasks.poems.lexicon import Lexicon
from tasks.poems.line_filter import LineFilter
from tasks.shared.text.vocabulary import UNKNOWN

_LINES = "lines"


def line_filter_tensors(data: PoemData, lexicon: Lexicon) -> dict[str, Tensor]:
    """The line filter of the training rows, as a run keeps it: (n,) int32."""
    in_training = torch.zeros(len(data.poems.lengths), dtype=torch.bool)
    in_training[data.rows["train"]] = True
    in_training = in_training.repeat_interleave(data.poems.lengths)
    flat = data.poems.flat.cpu()[in_training].numpy().astype(np.int64)  # (S,)
    unknown = lexicon.vocabulary.number(UNKNOWN)
    flat[np.flatnonzero(flat == lexicon.start) + 1] = lexicon.start  # the form, which may be the unknown token
    breaks = ~lexicon.characters
    breaks[unknown] = False
    hashes = LineFilter.from_tokens(flat, breaks, unknown).hashes
    return {_LINES: torch.from_numpy(hashes.view(np.int32))}


def line_filter(tensors: Mapping[str, Tensor]) -> LineFilter | None:
    """The filter among a run's tensors; none in a run from before there was one."""
    return LineFilter(tensors[_LINES].numpy().view(np.uint32)) if _LINES in tensors else None
