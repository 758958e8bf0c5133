"""``workbench`` without arguments on a terminal: the screen, without the imports of the command line."""

from __future__ import annotations

import sys

from tasks.shared.datasets.named import named_folder
from workbench import tui
from workbench.runs.locations import root


def run() -> None:
    """Open the screen, and leave with its exit code."""
    sys.exit(tui.open_screen(root(), named_folder()))
