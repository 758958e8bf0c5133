"""Identity of a large file by device, inode, size and times, its content unread, as in git's index."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

SETTLED_S = 60.0  # coarser than any file system's times, and longer than a mapped page stays unwritten


def stamp(path: Path) -> str | None:
    """Return a text that no other content of the file at ``path`` has had or will have.

    The time of the last change (``ctime``) cannot be set by a program, and a renaming or a restored ``mtime`` changes
    it. A file that was changed within ``SETTLED_S`` could be changed again within the same tick of its clock.

    Returns:
        ``None`` for such a file, one that is not there, or one that is no regular file.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 (of what a link leads to)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode) or time.time() - max(found.st_ctime, found.st_mtime) < SETTLED_S:
        return None
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
