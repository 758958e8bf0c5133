"""The command line: every action, no logic of its own."""

from __future__ import annotations

import sys


def main() -> None:
    """The ``workbench`` program."""
    if len(sys.argv) == 1 and sys.stdin.isatty() and sys.stdout.isatty():
        from workbench.cli.bare import run  # a sixth sooner on the screen
    else:
        from workbench.cli.app import run
    run()
