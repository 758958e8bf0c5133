"""Choice of the evaluations whose state is kept. No torch."""

from __future__ import annotations

from collections.abc import Sequence


def spread(steps: Sequence[int], most: int) -> list[int]:
    """Return at most ``most`` of the steps, spread over the run: the first and the last, the others evenly between.

    Of too many the one goes whose removal leaves the smallest gap. The last gap counts a quarter more: it grows with
    the next evaluation. Of a single one the first is kept: ``last.pt`` holds the end.

    Args:
        steps: ascending, each once; those that were kept so far, and the latest.
    """
    kept = list(steps)
    while len(kept) > max(2, most):
        inner = range(1, len(kept) - 1)
        del kept[min(inner, key=lambda i: (kept[i + 1] - kept[i - 1]) * (5 if i == inner[-1] else 4))]
    return kept if most > 1 else kept[:1]
