"""Guard of a read-only screen: its process writes and starts nothing, whichever key, click or dialog leads there.

The table of keys decides what such a screen offers. This is the last word behind it, at the system's own calls (PEP
578), so that no way that the table forgot can change a run, a file or a study.
"""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_DEVICES = (os.devnull, "/dev/tty")
_REFUSED = {
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate"),
    *("os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr", "shutil.rmtree", "shutil.move"),
    *("os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "pty.spawn", "socket.bind", "sqlite3.connect"),
}
_CHILDREN = (("workbench.inference.server",), ("workbench.cli", "data", "preview"))  # they only read
_SENTENCE = "this screen is read-only"
_forbidden = False


def forbid_writing() -> None:
    """Refuse, for the rest of this process, whatever writes; to reach it is an ``OSError`` that says why."""
    global _forbidden
    if _forbidden:
        return
    tempfile.gettempdir()  # it tries the folder by writing, once
    sys.dont_write_bytecode = True
    sys.addaudithook(_look)
    _forbidden = True


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if not _forbidden:
        return
    if event == "open":
        path, _, flags = arguments
        if flags & _WRITING and not _writable(path):
            raise OSError(errno.EROFS, _SENTENCE, path)
    elif event in _REFUSED or (event == "subprocess.Popen" and not _only_reads(arguments[1])):
        raise OSError(errno.EROFS, _SENTENCE)


def _writable(path: Any) -> bool:
    """Return whether opening this for writing changes no file: a descriptor, a device, a file without a name."""
    if isinstance(path, int):
        return True
    return os.fsdecode(path) in _DEVICES or os.path.isdir(path)  # noqa: PTH112  called for every file


def _only_reads(words: Any) -> bool:
    """Return whether a command is one of the children that answer, and write nothing of a person's."""
    if not isinstance(words, (list, tuple)):
        return False
    named = [str(word) for word in words]
    return named[:3] == [sys.executable, "-P", "-m"] and any(
        tuple(named[3 : 3 + len(child)]) == child for child in _CHILDREN
    )
