"""Colour of a run's status, on a terminal's own palette and as a variable of the screen's themes."""

from __future__ import annotations

from typing import NamedTuple


class StatusColor(NamedTuple):
    ansi: str  # Rich style, for the command line
    theme: str  # Textual theme variable


STATUS_COLORS: dict[str, StatusColor] = {
    "queued": StatusColor("cyan", "accent"),
    "starting": StatusColor("cyan", "accent"),
    "running": StatusColor("green", "success"),
    "stopping": StatusColor("yellow", "warning"),
    "finished": StatusColor("blue", "primary"),
    "stopped": StatusColor("yellow", "secondary"),
    "failed": StatusColor("red", "error"),
    "lost": StatusColor("red", "error"),
    "gone": StatusColor("red", "error"),  # the screen's: the folder was deleted
    "unreadable": StatusColor("red", "error"),
}
