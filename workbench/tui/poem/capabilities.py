"""Capabilities of a network that writes: tones and rhymes of its characters, and the constraints that it can meet.

They are read from the run's folder: no torch, and fast enough to be read before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from tasks.poems.constraints import PoemConstraints
from tasks.poems.prosody import Prosody
from workbench.runs.store import Run, RunError, task_state

CONSTRAINTS = [field.name for field in msgspec.structs.fields(PoemConstraints) if field.name != "start"]
_RHYMING = ("rhyme", "tones")


class ModelCapabilities(NamedTuple):
    """Capabilities that a run's folder tells of."""

    prosody: Prosody | None = None  # none: it does not write poems; an empty one: without tones and rhymes
    unavailable: Mapping[str, str] = {}  # constraints that it cannot meet, each with a sentence that says why

    @property
    def explanation(self) -> str:
        """The unavailable constraints, reason by reason."""
        reasons = dict.fromkeys(self.unavailable.values())
        names = {reason: [name for name, why in self.unavailable.items() if why == reason] for reason in reasons}
        return " ".join(f"Off: {', '.join(names[reason])}. {reason}" for reason in reasons)


def read(run: Run) -> ModelCapabilities:
    """Read a run's capabilities as they are now."""
    try:
        state = task_state(run)
    except RunError as error:
        return ModelCapabilities(unavailable=dict.fromkeys(CONSTRAINTS, str(error)))
    if run.spec.task != "poems":
        reason = "This network writes freely: it knows no forms and no rhymes."
        return ModelCapabilities(unavailable=dict.fromkeys(CONSTRAINTS, reason))
    lines: Any = state.get("prosody")  # a group a line
    if lines is None:
        reason = "This network was trained before forms were known: train anew."
        return ModelCapabilities(Prosody(), dict.fromkeys(CONSTRAINTS, reason))
    reasons = {} if lines else dict.fromkeys(_RHYMING, "This network was trained without the rhyme book.")
    if not run.tensors_file.exists():
        reasons["novel"] = "The lines of its training corpus are not at hand."
    return ModelCapabilities(Prosody(lines), reasons)
