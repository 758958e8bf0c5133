"""The description of a branch: a run that goes on from another's weights with other settings. No torch."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from workbench.config import spec
from workbench.config.spec import Parent, RunSpec, SpecError

_SCHEDULE = {"train.schedule", "train.lr", "train.warmup"}
_LENGTH = {"train.epochs", "train.min_steps", "train.max_steps", "train.batch_size"}


def branched(described: RunSpec, values: Mapping[str, object], parent: Parent) -> RunSpec:
    """Return the description of a branch of a run.

    Args:
        described: the parent run's.
        values: settings to change, by dotted key; text is read as the key's type.
        parent: where it branches off; ``before`` is filled in here.

    Raises:
        SpecError: a setting is unknown, or changes the network or the examples' encoding; or the values do not fit.
    """
    changed = {spec.full_key(described.task, described.cell, key): value for key, value in values.items()}
    fresh = spec.make(
        described.task,
        described.cell,
        {**spec.values(described), **changed},
        preset=described.preset,
        data=described.data,
        data_dir=described.data_dir,
    )
    before = {key: old for key in spec.keys(described) if (old := spec.value(described, key)) != spec.value(fresh, key)}
    if fixed := [key for key in before if not _changeable(key, described)]:
        what = "the network" if fixed[0].startswith("cell.") else "the network or the encoding of its examples"
        raise SpecError(
            f"{fixed[0]} cannot change in a branch: {what} is made by it, and the weights are taken over. "
            "Train a new run with `workbench train`."
        )
    return msgspec.structs.replace(fresh, parent=msgspec.structs.replace(parent, before=before))


def _changeable(key: str, described: RunSpec) -> bool:
    section, _, name = key.partition(".")
    return section == "train" or key in ("cell.dropout", "cell.kernel") or name in described.settings.training_settings


def keeps_moments(described: RunSpec, parent: Parent) -> bool:
    """Return whether a branch goes on with its parent's optimiser's state."""
    train = described.train
    had_momentum = bool(parent.before.get("train.momentum", train.momentum))
    same = "train.optimizer" not in parent.before and had_momentum == (train.momentum > 0)
    return same and not parent.weights_only


def keeps_schedule(described: RunSpec, parent: Parent) -> bool:
    """Return whether a branch's learning rate goes on as its parent's would have; else it begins over the rest."""
    changed = _SCHEDULE if described.train.schedule == "constant" else _SCHEDULE | _LENGTH
    return not (parent.weights_only or changed & parent.before.keys())


def keeps_generators(parent: Parent) -> bool:
    """Return whether a branch goes on with its parent's random generators."""
    return not parent.weights_only and "train.seed" not in parent.before


def note(described: RunSpec) -> list[str]:
    """Return a sentence on what a branch took of its parent; none of a run that is no branch."""
    parent = described.parent
    if parent is None:
        return []
    optimiser = described.train.optimizer
    if keeps_moments(described, parent):
        taken = f"the weights and {optimiser}'s state are its parent's"
    else:
        taken = f"the weights are its parent's, {optimiser} begins anew"
    schedule = described.train.schedule
    if schedule != "constant" and not keeps_schedule(described, parent):
        taken += f", and {schedule} begins anew over the steps that remain"
    return [f"A branch of {parent.run} at step {parent.step:,}: {taken}."]
