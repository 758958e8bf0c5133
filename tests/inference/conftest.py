"""Inference servers that need not import torch anew."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="module")
def forked(forked_servers: None) -> None:
    """A client's child is forked from a process that has imported torch."""
