"""Status of a run on the screen: a word on a color of the theme."""

from __future__ import annotations

from textual.content import Content

from workbench.render.status import STATUS_COLORS
from workbench.runs.run import LIVE
from workbench.tui.services.watcher import Seen

COLOURS = {status: color.theme for status, color in STATUS_COLORS.items()}


def badge(status: str) -> Content:
    """Return the status as a word on its color; of a run or a study that has not begun on a neutral one."""
    name = COLOURS.get(status)
    if name is None:
        return Content.styled(f" {status} ", "bold $foreground-muted on $panel")
    return Content.styled(f" {status} ", f"bold $on-{name} on ${name}-muted")


def word_style(status: str) -> str:
    """Return the style of a status as a word in a list."""
    name = COLOURS.get(status)
    return f"bold $text-{name}" if name else "$foreground-muted"


def live(status: Seen) -> bool:
    """Return whether a worker is at work on the run."""
    return status in LIVE


def resumable(status: Seen) -> bool:
    """Return whether the run can be resumed."""
    return status in ("stopped", "failed", "lost")
