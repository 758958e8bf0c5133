"""The command line: every action, no logic of its own."""

from __future__ import annotations


def main() -> None:
    """The ``workbench`` program."""
    from workbench.cli.app import run

    run()
