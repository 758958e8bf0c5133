"""The command line: a file for each group of commands."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the ``workbench`` program."""
    try:
        _run()
    except KeyboardInterrupt:  # while a package was imported
        sys.exit(130)


def _run() -> None:
    import workbench.descriptors  # before any file is opened

    # isort: split
    from workbench.render import output

    output.guard()  # before anything is printed
    import workbench.own_packages  # noqa: F401  ends the process where cells or tasks are another's

    if len(sys.argv) == 1 and sys.stdin.isatty() and sys.stdout.isatty():
        from workbench.cli.bare import run  # a sixth sooner on the screen
    else:
        from workbench.cli.app import run
    run()
