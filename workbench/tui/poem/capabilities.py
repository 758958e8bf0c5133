"""What is known of a network that writes without asking it: tones and rhymes of its characters, what it can be held to.

It is read from the run's own folder: no torch, and fast enough to be asked before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from tasks.poems.constraints import PoemConstraints
from tasks.poems.prosody import Prosody
from workbench.runs.store import Run, RunError, task_state

WISHES = [field.name for field in msgspec.structs.fields(PoemConstraints) if field.name != "start"]
_RHYMING = ("rhyme", "tones")


class Lore(NamedTuple):
    """What a run tells of its network."""

    book: Prosody | None = None  # none: it does not write poems; an empty one: without tones and rhymes
    lacking: Mapping[str, str] = {}  # the constraints that it cannot be held to, and why, a sentence each

    @property
    def said(self) -> str:
        """What is off, reason by reason."""
        reasons = dict.fromkeys(self.lacking.values())
        parts = [(", ".join(w for w in self.lacking if self.lacking[w] == reason), reason) for reason in reasons]
        return " ".join(f"Off: {names}. {reason}" for names, reason in parts)


def of(run: Run) -> Lore:
    """What the run's folder tells now."""
    try:
        state = task_state(run)
    except RunError as error:
        return Lore(lacking=dict.fromkeys(WISHES, str(error)))
    if run.spec.task != "poems":
        return Lore(lacking=dict.fromkeys(WISHES, "This network writes freely: it knows no forms and no rhymes."))
    lines: Any = state.get("prosody")  # a group a line
    if lines is None:
        return Lore(Prosody(), dict.fromkeys(WISHES, "This network was trained before forms were known: train anew."))
    lacking = {} if lines else dict.fromkeys(_RHYMING, "This network was trained without the rhyme book.")
    if not run.tensors_file.exists():
        lacking["novel"] = "The lines of its training corpus are not at hand."
    return Lore(Prosody(lines), lacking)
