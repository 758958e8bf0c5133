"""Poems as text files: those that a person keeps, in one file that only ever grows, and one saved by itself."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.shared import files

NAME = "kept-poems.txt"  # in the folder of the runs: no run, and nothing of a run
_BLANK = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")


def entry(text: str, made_by: str) -> str:
    """A poem and what makes it again, without empty lines."""
    return _BLANK.sub("\n", f"{text.strip()}\n— {made_by}").strip()


def kept(folder: Path) -> list[str]:
    """The kept poems, the oldest first.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        return _entries((folder / NAME).read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return []


def keep(folder: Path, one: str) -> bool:
    """Append a poem, whole or not at all; whether it was not among them yet.

    Raises:
        OSError: it cannot be written; what was kept before is as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # another window may keep one now
    return files.append(folder / NAME, one, unless=lambda before: one in _entries(before))


def save(path: Path, one: str, *, replace: bool) -> None:
    """Write a poem to a file of its own.

    Args:
        replace: a file that is there already gives way.

    Raises:
        FileExistsError: there is one, and it is not to give way. OSError: it cannot be written.
    """
    content = f"{one}\n".encode()
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
