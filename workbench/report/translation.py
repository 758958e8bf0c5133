"""Plans and runs of a study in the language of a report: the texts that a plan gives in Chinese too."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from workbench.report.words import Language
from workbench.studies.plan import LABEL, Plan
from workbench.studies.study import Member


def plan_in(plan: Plan, language: Language) -> Plan:
    """Return a plan with its texts in a language, as far as it gives them."""
    if language != "zh":
        return plan
    labels = _labels(plan)
    groups = [
        replace(group, label=labels.get(group.label, group.label), note=group.note_zh or group.note)
        for group in plan.runs
    ]
    published = [
        replace(
            one,
            where={key: labels.get(str(value), value) if key == LABEL else value for key, value in one.where.items()},
            protocol=one.protocol_zh or one.protocol,
        )
        for one in plan.published
    ]
    return replace(
        plan,
        title=plan.title_zh or plan.title,
        question=plan.question_zh or plan.question,
        source=plan.source_zh or plan.source,
        runs=groups,
        published=published,
    )


def members_in(members: Sequence[Member], plan: Plan, language: Language) -> list[Member]:
    """Return the runs of a study, labelled in a language.

    Args:
        plan: as it was written.
    """
    labels = _labels(plan) if language == "zh" else {}
    found = []
    for member in members:
        planned = member.planned
        label = planned.coordinates.get(LABEL)
        if label in labels:
            planned = replace(planned, coordinates=planned.coordinates | {LABEL: labels[str(label)]})
        found.append(member._replace(planned=planned))
    return found


def _labels(plan: Plan) -> dict[str, str]:
    """Return the Chinese labels of a plan's groups; none where two groups would be called the same."""
    found = {group.label: group.label_zh or group.label for group in plan.runs if group.label}
    return found if len({*found.values()}) == len(found) else {}
