"""A run's state on the screen: always a word, and a colour."""

from __future__ import annotations

from textual.content import Content

from workbench.render.status import STATUS_COLORS
from workbench.runs.store import LIVE
from workbench.tui.services.watcher import Seen

COLOURS = {status: color.theme for status, color in STATUS_COLORS.items()}


def badge(status: Seen) -> Content:
    """The word on its colour."""
    name = COLOURS[status]
    return Content.styled(f" {status} ", f"bold $on-{name} on ${name}-muted")


def live(status: Seen) -> bool:
    return status in LIVE


def resumable(status: Seen) -> bool:
    return status in ("stopped", "failed", "lost")
