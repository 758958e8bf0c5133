"""``workbench`` without arguments on a terminal: the screen, without the imports of the command line."""

from __future__ import annotations

import sys

from tasks.shared.datasets.locations import named_folder
from workbench import tui
from workbench.runs.store import root


def run() -> None:
    """Open the screen, and exit with its code."""
    sys.exit(tui.run(root(), named_folder()))
