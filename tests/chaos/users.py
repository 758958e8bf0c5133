"""The command line as another user. Root becomes each; the interpreter's own files may be closed to them."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from contextlib import suppress

_NOT = {
    "antigravity",
    "this",
    "idlelib",
    "turtle",
    "turtledemo",
    "tkinter",
    "lib2to3",
    "test",
    "pydoc_data",
    "ensurepip",
}


def import_all() -> None:
    """Import what a command may import late: the program, and the interpreter's own modules."""
    import cells
    import tasks
    import workbench

    names = [name for name in sys.stdlib_module_names if not name.startswith("_") and name not in _NOT]
    names += [
        "_strptime",
        "_compression",
        "_markupbase",
        "encodings.idna",
        "rich._unicode_data",
        "rich.markup",
        "rich.progress",
        "rich.table",
        "tasks.toy.task",
    ]
    for package in (cells, tasks, workbench):
        found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        names += [module.name for module in found if not module.name.endswith("__main__")]
    for name in names:
        with suppress(ImportError):
            importlib.import_module(name)


def become() -> None:
    """Become the user whose number stands in CHAOS_USER, with the mask in CHAOS_UMASK."""
    user = int(os.environ["CHAOS_USER"])
    os.umask(int(os.environ.get("CHAOS_UMASK", "022"), 8))
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def main() -> None:
    """The command line as that user."""
    import_all()
    become()
    from workbench.cli import main

    main()
