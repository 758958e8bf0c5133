"""Cells and tasks that the tests of screens count on, whatever is added to the repository."""

from __future__ import annotations

import pytest

import cells
import tasks

CELLS = {
    *("rnn", "bilstm", "lstm", "peephole-lstm", "gru", "gru-textbook", "mgu", "tutorial-rnn"),
    *("ind-rnn", "co-rnn", "lru", "delta-net", "min-gru", "min-lstm", "rg-lru", "s-lstm"),
    *("torch-rnn", "torch-lstm", "torch-gru"),
}
TASKS = {"adding", "chars", "climate", "copying", "imdb", "names", "poems", "reviews", "text", "toy", "scribe"}


def hide_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out of the lists what was added to the repository; what a test itself adds is listed."""
    for package, added in ((cells, _ADDED_CELLS), (tasks, _ADDED_TASKS)):
        if added:
            listed = package.available
            monkeypatch.setattr(package, "available", lambda listed=listed, added=added: sorted({*listed()} - added))


_ADDED_CELLS = {*cells.available()} - CELLS
_ADDED_TASKS = {*tasks.available()} - TASKS
