"""Building of the compiled kernels. No torch."""

from __future__ import annotations


def describe() -> str:
    """Return a line on the compiled kernels: which are here, or why there are none."""
    return "no compiled kernels are here"
