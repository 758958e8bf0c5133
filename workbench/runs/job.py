"""Job of a cluster that trains a run, kept in ``job.json`` of the run's folder. No torch.

It holds what the cluster's scheduler said last; ``workbench.executors`` asks it again. A run without one trains, or was
trained, on the machine that started it.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tasks.shared import files
from tasks.shared.decoding import decode
from workbench.runs import folder
from workbench.runs.folder import NotOpened

_LARGEST = 64 * 1024  # bytes
_LONGEST = 2000  # characters of a word
_Words = Annotated[str, Meta(max_length=_LONGEST)]
# a run's folder may be a stranger's: these become words of commands and names of folders
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"
_Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]{0,64}\Z")]


class Job(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """State of a job as its scheduler gave it last."""

    executor: Literal["slurm", "ray"]
    cluster: Annotated[str, Meta(pattern=NAME)]  # its name among the configured clusters
    id: _Id  # by which the scheduler knows it
    submitted: float  # Unix seconds
    state: Literal["queued", "running", "ended"] = "queued"
    reason: _Words = ""  # of its waiting, a word or few; of its end one sentence, empty where the run's events tell it
    node: _Words = ""
    requeues: int = 0
    started: float = 0.0  # Unix seconds at which it began on its node, after a requeue anew; 0: not known
    seen: float = 0.0  # Unix seconds at which the scheduler was asked last

    @property
    def live(self) -> bool:
        """True as long as the scheduler has it."""
        return self.state != "ended"

    @property
    def place(self) -> str:
        """Words for the job, and where it is: ``Slurm job 12 on n1``."""
        name = {"slurm": "Slurm", "ray": "Ray"}[self.executor]
        return f"{name} job {self.id}" + f" on {self.node}" * bool(self.node)


def read(path: Path) -> Job | None:
    """Return the job in a file; ``None`` where there is none, or one that cannot be read."""
    try:
        return decode(folder.read(path, _LARGEST), Job)
    except (OSError, NotOpened, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def facts(found: Job | None) -> dict[str, object] | None:
    """Return a job as plain data, with every key, as ``--json`` prints it; ``None`` of none."""
    return msgspec.structs.asdict(found) if found else None


def write(path: Path, job: Job) -> None:
    """Replace the job in a file; in its place where the disk has no room beside it.

    A node and a reason, which may quote a log's line, are cut to what ``read`` takes.

    Raises:
        OSError: it cannot be written.
    """
    readable = msgspec.structs.replace(job, node=_readable(job.node), reason=_readable(job.reason))
    content = msgspec.json.encode(readable) + b"\n"
    try:
        files.write(path, content)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        with folder.open_regular(path, "r+b") as file:
            os.pwrite(file.fileno(), content, 0)
            os.ftruncate(file.fileno(), len(content))


def _readable(words: str) -> str:
    """Return words that a file can hold: not too many, and without bytes of a path that are no UTF-8."""
    return words[:_LONGEST].encode(errors="replace").decode()
