"""Paired gains over the folds of blocked cross-validation: a network against a baseline on the same test windows.

Shapes: W test windows of a fold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.shared.baselines.bootstrap import block_interval


class FoldErrors(NamedTuple):
    """Mean squared errors of each test window of one fold, in the target's squared unit."""

    network: NDArray[np.float64]  # (W,), the mean over the seeds
    baselines: Mapping[str, NDArray[np.float64]]  # (W,) each
    days: NDArray[np.int64]  # (W,) the day on which each window's forecast begins


def paired_gain(folds: Mapping[int, FoldErrors], baseline: str, days: int = 1) -> dict[str, Any]:
    """Return the gain of a network over a baseline: the baseline's MSE less the network's, over all folds' windows.

    Blocks of a fold's days are drawn with replacement for the 95 % interval; no block reaches into another fold.

    Args:
        days: in a block; windows begin within them.
    """
    gains = np.concatenate([each.baselines[baseline] - each.network for each in folds.values()])
    blocks = np.concatenate(
        [number * 1_000_000 + (each.days - each.days.min()) // days for number, each in folds.items()]
    )
    found = block_interval(gains, blocks)
    beneath = float(np.concatenate([each.baselines[baseline] for each in folds.values()]).mean())
    return {
        "baseline_mse_c2": beneath,
        "mse_c2": beneath - found.mean,
        "gain_c2": found.mean,
        "interval_c2": [found.low, found.high],
        "gain_share": found.mean / beneath,
        "block_days": days,
        "blocks": len(np.unique(blocks)),
        "by_fold_c2": [float((each.baselines[baseline] - each.network).mean()) for each in folds.values()],
    }
