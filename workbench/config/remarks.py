"""Remarks on a run's settings that do nothing, for the person who set them. No torch."""

from __future__ import annotations

from workbench.config import spec
from workbench.config.spec import RunSpec

_WITH_MOMENTUM = ("sgd", "rmsprop")


def remarks(described: RunSpec) -> list[str]:
    """Return a sentence for each setting that was changed from its default and has no effect in this run."""
    train, options, changed = described.train, described.options, spec.changed(described)
    idle = {
        "cell.dropout": (options.layers == 1, "it acts between layers, and there is one (cell.layers)"),
        "train.momentum": (train.optimizer not in _WITH_MOMENTUM, f"{train.optimizer} has none (train.optimizer)"),
        "train.warmup": (train.schedule != "one-cycle", f"the learning rate is {train.schedule} (train.schedule)"),
    }
    engine = [
        f"{key}={spec.value(described, key):g} does nothing: {reason}."
        for key, (without_effect, reason) in idle.items()
        if without_effect and key in changed and spec.value(described, key)
    ]
    return [*engine, *described.settings.remarks()]
