"""Suggestions for a name that is not known."""

from __future__ import annotations

import pytest

from workbench.config.suggestions import did_you_mean


@pytest.mark.parametrize(
    ("name", "options", "end"),
    [
        ("lstn", ["gru", "lstm"], ": did you mean 'lstm'?"),
        ("lr", ["train.lr", "train.epochs"], ": did you mean 'train.lr'?"),
        ("cell.lr", ["train.lr", "train.epochs"], ": did you mean 'train.lr'?"),
        ("zzz", ["gru", "lstm"], ": choose one of gru, lstm."),
        ("zzz", [], ": there are none."),
    ],
)
def test_did_you_mean(name: str, options: list[str], end: str) -> None:
    assert did_you_mean(name, options) == end
