"""Fixtures of the tests of the cells."""

from __future__ import annotations

from own_cells import folder

__all__ = ["folder"]
