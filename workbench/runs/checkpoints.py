"""Checkpoints of a run by their names, and the positions in them, read without torch.

Of a file's pickle nothing is called: a stranger's checkpoint runs none of its code.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

import msgspec

from workbench.runs.folder import RunError
from workbench.runs.run import Run

BEST, LAST = "best", "last"
_LARGEST = 64 << 20  # bytes of a checkpoint's description, without its tensors


class Position(msgspec.Struct, frozen=True):
    """Place in the training at which a whole state was saved."""

    step: int
    epoch: int
    batch: int


def file_at(run: Run, at: str) -> Path:
    """Return the file that holds a run's weights.

    Args:
        at: ``best``, ``last``, or the step of an evaluation that is kept.

    Raises:
        RunError: it holds no such weights; the sentence lists those that are there.
    """
    if at == BEST:
        return run.best_file  # whoever reads it tells that it is missing
    steps = run.kept_steps
    if at == LAST and run.last_file.exists():
        return run.last_file
    if (step := next((step for step in steps if at == str(step)), None)) is not None:
        return run.kept_file(step)
    here = [BEST] * run.best_file.exists() + [LAST] * run.last_file.exists() + [f"{step}" for step in steps]
    if not here:
        raise RunError(f"Run {run.id} has no weights yet: let it reach its first evaluation.")
    if at == LAST:
        lacks = "does not keep its last weights"
    else:
        lacks = f"keeps no weights of step {at}" if at.isdecimal() else f"has no weights called {at!r}"
    more = "" if steps else " (a run with train.keep=N keeps those of N evaluations)"
    raise RunError(f"Run {run.id} {lacks}: there are {', '.join(here)}{more}.")


def saved_position(file: BinaryIO, path: Path) -> Position:
    """Return the position in a whole state, of which ``last.pt`` is one.

    Args:
        path: of the file, as an error names it.

    Raises:
        RunError: it is damaged.
    """
    try:
        with zipfile.ZipFile(file) as parts:
            name = next(name for name in parts.namelist() if name.endswith("/data.pkl"))
            if parts.getinfo(name).file_size > _LARGEST:
                raise ValueError
            state = _Inert(io.BytesIO(parts.read(name))).load()
        return msgspec.convert(dict(state["position"]), Position)
    except OSError:
        raise
    except Exception:  # damaged bytes make these libraries raise nearly anything
        raise RunError(f"{path} is damaged: no run can be branched from it.") from None


def saved_step(file: BinaryIO, path: Path) -> int:
    """Return the step in a file of weights alone, as ``best.safetensors`` is.

    Raises:
        RunError: it is damaged.
    """
    try:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > _LARGEST:
            raise ValueError
        return int(msgspec.json.decode(file.read(length))["__metadata__"]["step"])
    except OSError:
        raise
    except Exception:
        raise RunError(f"{path} is damaged: no run can be branched from it.") from None


class _Nothing(dict[object, object]):
    """Stands for every object that is no plain data; made, called and filled without effect."""

    def __init__(self, *_: object) -> None:
        super().__init__()

    def __setstate__(self, _: object) -> None:
        pass


class _Inert(pickle.Unpickler):
    """Reader of a pickle's plain data: whatever class or function it names, ``_Nothing`` stands for it."""

    def find_class(self, module: str, name: str, /) -> type[_Nothing]:
        return _Nothing

    def persistent_load(self, _: object, /) -> None:
        return None
