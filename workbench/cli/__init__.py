"""The command line: a file for each group of commands."""

from __future__ import annotations

import sys


def main() -> None:
    """The ``workbench`` program."""
    if len(sys.argv) == 1 and sys.stdin.isatty() and sys.stdout.isatty():
        from workbench.cli.bare import run  # a sixth sooner on the screen
    else:
        from workbench.cli.app import run
    run()
