"""Poems in text files: the kept ones in one file that only grows, and single ones in files of their own."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.shared import files

NAME = "kept-poems.txt"  # in the folder of the runs: not part of any run
_BLANK = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")


def format_entry(text: str, made_by: str) -> str:
    """Join a poem and the line that reproduces it, without empty lines."""
    return _BLANK.sub("\n", f"{text.strip()}\n— {made_by}").strip()


def read(folder: Path) -> list[str]:
    """Read the kept poems, the oldest first.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        return _entries((folder / NAME).read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return []


def keep(folder: Path, entry: str) -> bool:
    """Append an entry, whole or not at all; return False if it is kept already.

    Raises:
        OSError: it cannot be written; what was kept before is as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # another window may keep one at the same time
    return files.append(folder / NAME, entry, unless=lambda before: entry in _entries(before))


def save(path: Path, entry: str, *, replace: bool) -> None:
    """Write an entry to a file of its own.

    Args:
        replace: an existing file is replaced.

    Raises:
        FileExistsError: the file exists and is not to be replaced.
        OSError: it cannot be written.
    """
    content = f"{entry}\n".encode()
    if replace:
        files.write(path, content)
        return
    with path.open("xb") as file:
        try:
            file.write(content)
            file.flush()
        except OSError:
            path.unlink()
            raise


def _entries(text: str) -> list[str]:
    return [one for one in _BLANK.split(text.strip()) if one]
