"""The folder of Triton's compiled programs: one on this machine, since several on one network drive race for it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def use_local_cache() -> None:
    """Set ``TRITON_CACHE_DIR``, unless the user has, to a folder of this user's in the folder for temporary files.

    A folder of that name which is another user's, or which others may write to, is passed over for a new one: programs
    found in it are run.
    """
    if os.environ.get("TRITON_CACHE_DIR"):
        return
    folder = Path(tempfile.gettempdir(), f"workbench-triton-{os.getuid()}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        ours = (
            folder.is_dir() and not folder.is_symlink() and status.st_uid == os.getuid() and not status.st_mode & 0o022
        )
    except OSError:
        ours = False
    os.environ["TRITON_CACHE_DIR"] = str(folder) if ours else tempfile.mkdtemp(prefix="workbench-triton-")
