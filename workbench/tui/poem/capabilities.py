"""Capabilities of a network that writes: the annotations of its texts, and the constraints that it can meet.

They are read from the run's folder and its task's settings: no torch, and fast enough to be read before anything is
written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tasks.views import Annotation
from workbench.runs.folder import RunError
from workbench.runs.run import Run, task_state
from workbench.runs.writers import constraint_fields

Annotator = Callable[[str, bool], Annotation]  # of a text, and whether the network has ended it
_FREE = "This network writes freely: it offers no constraints."
_OTHERS = "This network offers other constraints."


class ModelCapabilities(NamedTuple):
    """Capabilities that a run's folder tells of."""

    annotate: Annotator | None = None  # none: its texts have no annotations
    unavailable: Mapping[str, str] = {}  # constraints that it cannot meet, each with a sentence that says why

    @property
    def explanation(self) -> str:
        """The unavailable constraints, reason by reason."""
        reasons = dict.fromkeys(self.unavailable.values())
        names = {reason: [name for name, why in self.unavailable.items() if why == reason] for reason in reasons}
        return " ".join(f"Off: {', '.join(names[reason])}. {reason}" for reason in reasons)


def read(run: Run, constraints: Sequence[str]) -> ModelCapabilities:
    """Read a run's capabilities as they are now.

    Args:
        constraints: names of the constraints that a person can set; those that the network does not offer are
            unavailable.
    """
    try:
        state, settings = task_state(run), run.spec.settings
    except RunError as error:
        return ModelCapabilities(unavailable=dict.fromkeys(constraints, str(error)))
    offered = constraint_fields(settings.constraints)
    reason = _OTHERS if offered else _FREE
    unavailable = {name: reason for name in constraints if name not in offered}
    unavailable |= settings.unavailable_constraints(state, run.tensors_file.exists())
    return ModelCapabilities(settings.annotator(state), unavailable)
