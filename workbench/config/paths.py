"""Paths that people type: their completions, and the sentence on one that cannot be read. No torch.

A folder may be on a slow network: call these on a thread where nobody may wait.
"""

from __future__ import annotations

import os
import stat
from itertools import islice
from pathlib import Path

_ENTRIES = 20_000  # of a folder that are looked at


def completions(typed: str, *, folders: bool = False, most: int = 50) -> list[str]:
    """Return the paths that begin as what is typed, sorted; a folder's ends in ``/``.

    What was typed of the folder stays as it is (``~/``, ``../``); hidden names follow a typed dot alone. A folder that
    cannot be read completes nothing, nor does a name that cannot be typed.

    Args:
        folders: folders alone.
        most: paths at most.
    """
    head, slash, begun = typed.rpartition("/")
    if not slash and typed.startswith("~"):
        return [f"{typed}/"] if _expanded(typed) is not None else []
    folder = _expanded(head + slash or ".")
    if folder is None:
        return []
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, _ENTRIES):
                name = entry.name
                if name.startswith(begun) and name.isprintable() and (begun or not name.startswith(".")):
                    is_folder = _is_folder(entry)
                    if is_folder or not folders:
                        found.append(f"{head}{slash}{name}{'/' * is_folder}")
    except (OSError, ValueError):
        return []
    return sorted(found)[:most]


def problem(key: str, typed: str, *, folder_key: str = "") -> str:
    """Return a sentence on a path that cannot be read; empty where it can, or where there is none.

    Args:
        key: the setting that names it; one that ends in ``folder`` names a folder, any other a file.
        folder_key: the setting that would take a folder instead; empty: none.
    """
    if not typed:
        return ""
    path = _expanded(typed)
    if path is None:
        return f"{key}: {typed} names the home folder of nobody here: write the whole path."
    path = path.absolute()
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 (a Path's raises ValueError as well)
    except FileNotFoundError:
        lacking = next((place for place in reversed(path.parents) if not os.path.lexists(place)), path)
        return f"{key}: there is no {lacking}: check its name."
    except (OSError, ValueError) as error:
        return f"{key}: {path} cannot be read: {_why(error)}."
    if key.endswith("folder"):
        if not stat.S_ISDIR(mode):
            return f"{key}: {path} is no folder: name the folder that holds the files."
        readable = os.access(path, os.R_OK | os.X_OK)
    else:
        if stat.S_ISDIR(mode):
            instead = f", or give the folder to {folder_key}" if folder_key else ""
            return f"{key}: {path} is a folder: name a file in it{instead}."
        if not stat.S_ISREG(mode):
            return f"{key}: {path} is no regular file: copy what it gives into one."
        readable = os.access(path, os.R_OK)
    return "" if readable else f"{key}: {path} cannot be read: Permission denied."


def _why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "its name is none"


def _expanded(typed: str) -> Path | None:
    try:
        return Path(typed).expanduser()
    except RuntimeError:  # nobody's home
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
