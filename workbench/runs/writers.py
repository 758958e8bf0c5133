"""Runs whose networks write texts. No torch."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec

from workbench.config.fields import Field, describe
from workbench.runs import store
from workbench.runs.folder import RunError
from workbench.runs.run import Run
from workbench.runs.store import NoSuchRun


def learns_to_write(run: Run) -> bool:
    """Return whether a run's task writes texts; false where its description cannot be read."""
    try:
        return bool(run.spec.settings.writes)
    except (RunError, OSError):
        return False


def can_write(run: Run) -> bool:
    """Return whether a run's network can write now: its task writes texts, and it has weights."""
    return run.best_file.exists() and learns_to_write(run)


def listing(folder: Path) -> list[Run]:
    """Return the runs of a folder that can write, the newest first, then the pretrained models."""
    return [run for run in (*store.listing(folder), *store.pretrained(folder)) if can_write(run)]


def preferred(folder: Path) -> Run:
    """Return the newest finished run that can write, else the newest with weights, else a pretrained model.

    Raises:
        NoSuchRun: there is none.
    """
    runs = listing(folder)
    if not runs:
        raise NoSuchRun(
            f"No run in {folder} can write yet: `workbench train poems --headless` trains one; it can be asked after "
            "its first evaluation."
        )
    return next((run for run in runs if run.status() == "finished"), runs[0])


def constraint_fields(constraints: type[msgspec.Struct] | None) -> dict[str, Field]:
    """Describe the constraints that a writer offers, by name; the beginning of a text is no constraint.

    Args:
        constraints: its ``Settings.constraints``; none: it writes freely.
    """
    fields = describe("", constraints) if constraints is not None else []
    named = {field.key.removeprefix("."): field for field in fields}
    return {name: field._replace(key=name) for name, field in named.items() if name != "start"}


def not_offered(names: Iterable[str], offered: Collection[str]) -> str:
    """Refuse constraints that a writer does not offer, in a sentence."""
    if not offered:
        return f"This network writes freely: it knows no {', '.join(names)}."
    return f"This network knows no {', '.join(names)}: its constraints are {', '.join(offered)}."
