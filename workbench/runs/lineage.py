"""Lineage of runs: which was branched from which. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from workbench.config.spec import Parent
from workbench.runs import locations, store
from workbench.runs.events import Eval, Started, Step
from workbench.runs.folder import RunError
from workbench.runs.history import read_history
from workbench.runs.locations import PRETRAINED
from workbench.runs.run import Run

Relation = Literal["ancestor", "parent", "sibling", "this", "child", "descendant"]
_DEEPEST = 64  # generations that are followed


class Relative(NamedTuple):
    """A run in the tree of another's family."""

    id: str
    run: Run | None  # ``None``: its folder is gone
    relation: Relation
    depth: int  # generations below the oldest
    step: int | None  # of its parent, at which it branched off; ``None`` of a run that is no branch


def parent_of(run: Run) -> Parent | None:
    """Return where a run was branched off; ``None``: it is no branch, or cannot be read."""
    try:
        return run.spec.parent
    except RunError:
        return None


def parent_run(run: Run) -> Run | None:
    """Return the run that another was branched from; ``None``: it is no branch, or that folder was deleted or moved."""
    parent = parent_of(run)
    if parent is None:
        return None
    name = parent.run
    folder = run.path.parent
    if name.startswith(f"{PRETRAINED}/"):
        places = [folder / name, locations.shipped() / name.removeprefix(f"{PRETRAINED}/")]
    else:
        places = [Path(name) if os.path.isabs(name) else folder / name]  # noqa: PTH117
    return next((Run(place) for place in places if (place / "spec.json").is_file()), None)


def ancestors(run: Run) -> list[Run]:
    """Return a run's parent, the parent's parent and so on, as far as their folders are there."""
    found: list[Run] = []
    while (before := parent_run(found[-1] if found else run)) and len(found) < _DEEPEST:
        if before.path in (run.path, *(one.path for one in found)):  # a stranger's folder may go round
            break
        found.append(before)
    return found


def family(run: Run, runs: Sequence[Run] | None = None) -> list[Relative]:
    """Return a run's family as a tree, depth first: ancestors, siblings, itself, and what was branched from it.

    Args:
        runs: where siblings and children are looked for; ``None``: the run's folder.

    Raises:
        RunError: the folder cannot be read.
    """
    every = store.listing(run.path.parent) if runs is None else runs
    line = ancestors(run)
    oldest = line[-1] if line else run
    tree: list[Relative] = []
    gone = parent_of(oldest)
    if gone is not None:
        tree.append(Relative(gone.run, None, "parent" if not line else "ancestor", 0, None))
    for depth, one in enumerate(reversed(line), len(tree)):
        tree.append(Relative(one.id, one, "parent" if one is line[0] else "ancestor", depth, _step(one)))
    depth = len(tree)
    own = parent_of(run)
    siblings = [one for one in every if own and one.path != run.path and (of := parent_of(one)) and of.run == own.run]
    tree += [Relative(one.id, one, "sibling", depth, _step(one)) for one in reversed(siblings)]
    tree.append(Relative(run.id, run, "this", depth, _step(run)))
    tree += _descendants(run, every, depth + 1, {run.path})
    return tree


def inherited(run: Run) -> list[Started | Step | Eval]:
    """Return what a run's ancestors trained on its way: the starts of each, steps and evaluations without their views.

    Raises:
        RunError, OSError: the events of one cannot be read.
    """
    events: list[Started | Step | Eval] = []
    first = -1
    line = [run, *ancestors(run)]
    for below, one in reversed(list(pairwise(line))):
        last = _step(below) or 0
        history = read_history(one.events_file)
        if history.started:
            events.append(msgspec.structs.replace(history.started, from_step=max(0, first)))
        measured: list[Step | Eval] = [*history.steps]
        measured += [msgspec.structs.replace(event, views=[]) for event in history.evals]
        events += sorted((event for event in measured if first < event.step <= last), key=attrgetter("step"))
        first = last
    return events


def _descendants(
    run: Run, every: Sequence[Run], depth: int, seen: set[Path], relation: Relation = "child"
) -> Iterator[Relative]:
    """Yield what was branched from a run, the oldest first, each followed by its own branches."""
    for one in reversed(every):
        own = parent_of(one)
        if own is not None and own.run in (run.id, str(run.path)) and one.path not in seen and depth < _DEEPEST:
            seen.add(one.path)
            yield Relative(one.id, one, relation, depth, own.step)
            yield from _descendants(one, every, depth + 1, seen, "descendant")


def _step(run: Run) -> int | None:
    own = parent_of(run)
    return own.step if own else None
