"""Folders of the tests, for processes that they start."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent.parent
TOYS = TESTS / "toys"
