"""Run folders that cannot be read, in one sentence: rights, a broken disk, a link or a pipe in place of a file."""

from __future__ import annotations

from workbench.runs.folder import RunError

UNREADABLE = (OSError, RunError)  # raised by whatever reads a run's folder


def unreadable(what: object, error: OSError | RunError) -> str:
    """Return the sentence: a run's own, else that ``what`` cannot be read, and why."""
    return str(error) if isinstance(error, RunError) else f"{what} cannot be read: {error.strerror or error}."
