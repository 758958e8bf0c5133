"""Sample of the training split on which every evaluation measures the network, beside the validation split."""

from __future__ import annotations

import torch

from tasks.base import Data

_STREAM = 7_919  # keeps its draws apart from those of the epochs' batches


def training_sample(examples: Data, count: int, seed: int) -> Data | None:
    """Return the same data with ``count`` training examples, drawn from the seed alone; all where there are no more.

    ``None``: none are asked for, or the task's data lack ``restricted``, as an older task of one's own.
    """
    size = examples.size("train")
    if not count or not hasattr(examples, "restricted"):
        return None
    if count >= size:
        return examples
    generator = torch.Generator().manual_seed((seed * 1_000_003 + _STREAM) % 2**63)
    return examples.restricted("train", torch.randperm(size, generator=generator)[:count].sort().values)
