"""State of a study, counts of its runs, and what must be known beside its table."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.runs import comparison
from workbench.runs.run import LIVE
from workbench.runs.summary import UNKNOWN, UNREADABLE
from workbench.studies.study import Member, MemberState, Study, StudyError


def overview(study: Study, members: Sequence[Member] | None = None) -> dict[str, object]:
    """Return a study's state and counts, as ``workbench study list --json`` prints them.

    Args:
        members: its runs, where they were read already.
    """
    try:
        content = study.content
        members = study.members() if members is None else members
    except StudyError as error:
        nothing = {"task": UNKNOWN, "lab": "", "quick": False, "runs": 0, "finished": 0, "states": {}}
        return {"study": study.id, "state": UNREADABLE, **nothing, "message": str(error)}
    states = [member.state for member in members]
    return {
        "study": study.id,
        "state": "running" if study.queued() else state_of(states, study.search.trials if study.search else 0),
        "task": content.plan.task,
        "lab": content.lab,
        "quick": content.quick,
        "runs": study.search.trials if study.search else len(members),
        "finished": states.count("finished"),
        "states": {state: states.count(state) for state in dict.fromkeys(states)},
    }


def state_of(states: Sequence[MemberState], trials: int = 0) -> str:
    """Return a study's state in a word, where no queue works on it.

    Args:
        trials: that a search makes; 0: it is none.
    """
    if live := [state for state in states if state in LIVE]:
        return "queued" if all(state == "queued" for state in live) else "running"
    if trials:  # a trial that was pruned is stopped, and done
        return "new" if not states else "finished" if len(states) == trials else "stopped"
    if all(state == "finished" for state in states):
        return "finished"
    if all(state == "waiting" for state in states):
        return "new"
    return "failed" if all(state in ("finished", "failed", "unreadable") for state in states) else "stopped"


def notes(study: Study, members: Sequence[Member]) -> list[str]:
    """Return sentences that must be known beside a study's table."""
    begun = [member.summary for member in members if member.summary and member.summary.spec]
    found = comparison.comparison_notes(begun) if begun else []
    if study.content.quick:
        found.insert(0, "This is the quick form of the lab: its figures are not those of the full one.")
    states = [member.state for member in members if member.state != "finished"]
    if study.search is not None:
        found.append(f"{len(members)} of {study.search.trials} trials were begun, and the best chosen on validation.")
    elif states:
        counted = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
        found.append(f"{len(states)} of {len(members)} runs are not finished: {counted}.")
    return found
