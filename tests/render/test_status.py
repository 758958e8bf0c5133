"""Colours of a run's status."""

from __future__ import annotations

from typing import get_args

from workbench.render.status import STATUS_COLORS
from workbench.runs.run import Status
from workbench.runs.summary import UNREADABLE


def test_every_status_has_a_colour() -> None:
    assert STATUS_COLORS.keys() == {*get_args(Status), "gone", UNREADABLE}
