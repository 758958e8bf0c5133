"""The application of one page, in a process of its own: ``python -P -m workbench.serve.child RUNS DATA RIGHTS``.

It draws on stdout and reads stdin in packets (Textual's web driver); what it tells goes to stderr.
"""

from __future__ import annotations

import sys
from pathlib import Path

import workbench.descriptors  # before any file is opened

# isort: split
import workbench.own_packages  # noqa: F401  ends the process where cells or tasks are another's
from tasks.base import PlainError
from workbench import tui

READ_ONLY, FULL = "read-only", "full"


def main(runs: str, data: str, rights: str) -> int:
    """Show the application until its page is closed; return its exit code."""
    try:
        return tui.open_screen(Path(runs), Path(data) if data else None, readonly=rights != FULL)
    except PlainError as error:
        print(f"workbench: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
