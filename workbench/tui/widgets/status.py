"""Status of a run on the screen: a word on a color of the theme."""

from __future__ import annotations

from textual.content import Content

from workbench.render.status import STATUS_COLORS
from workbench.runs.run import LIVE
from workbench.tui.services.watcher import Seen

COLOURS = {status: color.theme for status, color in STATUS_COLORS.items()}


def badge(status: Seen) -> Content:
    """Return the status as a word on its color."""
    name = COLOURS[status]
    return Content.styled(f" {status} ", f"bold $on-{name} on ${name}-muted")


def live(status: Seen) -> bool:
    """Return whether a worker is at work on the run."""
    return status in LIVE


def resumable(status: Seen) -> bool:
    """Return whether the run can be resumed."""
    return status in ("stopped", "failed", "lost")
