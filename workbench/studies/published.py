"""Figures that a report printed, beside those of a study's runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tasks.base import Settings
from workbench.studies import metrics, table
from workbench.studies.plan import LABEL, Plan, Published, value_of
from workbench.studies.study import Member
from workbench.studies.table import Spread


class Reproduced(NamedTuple):
    """A published figure and the spread of the runs that it belongs to."""

    published: Published
    label: str
    spread: Spread | None
    members: list[Member]

    def printed(self, of: Settings) -> str:
        """Return the figure as the report printed it."""
        digits = metrics.formatted(self.published.metric, self.published.value, of)
        return f"≈ {digits}" if self.published.about else digits


def beside(plan: Plan, members: Sequence[Member]) -> list[Reproduced]:
    """Return every published figure of a plan with what its runs reached at their end."""
    found = []
    for published in plan.published:
        mine = [member for member in members if _belongs(member, published)]
        one = table.settings(mine)
        label = one[0].label if len(one) == 1 else ", ".join(table.words(published.where))
        ended = [member for member in mine if member.state == "finished"]
        values = [value for member in ended if (value := metrics.figure(member, published.metric)) is not None]
        found.append(Reproduced(published, label, table.spread(values, len(mine)), mine))
    return found


def _belongs(member: Member, published: Published) -> bool:
    described = member.planned.described
    for key, wanted in published.where.items():
        if key == LABEL:
            if member.planned.coordinates.get(LABEL) != wanted:
                return False
        elif value_of(described, key) != wanted:
            return False
    return True
