"""Checkpoints of a run: ``best.safetensors`` to predict with, ``last.pt`` to resume from.

Opening a checkpoint from elsewhere runs none of its code.
"""

from __future__ import annotations

import errno
import io
import os
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from tasks.base import PlainError
from tasks.shared import files, memory
from workbench.runs.folder import KEPT, open_regular

SCHEMA = 1
_A_FILES = {None, errno.EINVAL}  # of a seek past a torn file's ends


class CheckpointError(PlainError):
    """A checkpoint cannot be used. The message is one plain sentence."""


def save_best(path: Path, model: nn.Module, about: Mapping[str, str]) -> None:
    """Write a model's weights with ``about`` as metadata; a tensor of several names once, by its first."""
    state, aliases = model.state_dict(), _aliases(model)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items() if name not in aliases}
    files.write(path, safetensors.torch.save(weights, metadata=dict(about)))


def load_best(path: Path, model: nn.Module) -> None:
    """Read a model's weights from ``best.safetensors``.

    Raises:
        CheckpointError: they are missing, damaged, or another network's.
        RunError: the file is a link, or no regular file.
        MemoryLimitError: it is larger than the memory at hand.
        OSError: the disk failed.
    """
    try:
        weights = _tensors(path)
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is missing: the run has no weights to answer with yet. Let it reach its first evaluation."
        ) from None
    except _NoTensors as error:
        raise CheckpointError(f"{path} is damaged ({error}): train again.") from None
    restore(path, model, weights | {name: weights[k] for name, k in _aliases(model).items() if k in weights})


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write the tensors that a run keeps of its data; no file where there are none."""
    if tensors:
        files.write(path, safetensors.torch.save(dict(tensors)))


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors that ``save_tensors`` wrote; none where there is no such file.

    Raises:
        CheckpointError: it is damaged.
    """
    try:
        return _tensors(path)
    except FileNotFoundError:
        return {}
    except _NoTensors as error:
        raise CheckpointError(
            f"{path} is damaged ({error}): put back a copy, or delete it and do without it."
        ) from None


class _NoTensors(Exception):
    """A file does not hold tensors as safetensors writes them; the message says why, without its end."""


def _tensors(path: Path) -> dict[str, Tensor]:
    """Read a file of tensors.

    Raises:
        _NoTensors: it is none.
        RunError, MemoryLimitError, OSError: it cannot be read.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        memory.require(2 * size, f"Reading {path} ({memory.amount(size)})", "free some memory")
        content = file.read()
    try:
        return dict(safetensors.torch.load(content))
    except Exception as error:  # a header that lies makes the library raise nearly anything
        if is_machines(error):
            raise
        raise _NoTensors((str(error) or type(error).__name__).splitlines()[0]) from None


def is_machines(error: BaseException) -> bool:
    """Return whether an error is the machine's and no file's: memory that ran out, a disk that failed."""
    return (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno not in _A_FILES)
        or out_of_memory(error)
    )


def out_of_memory(error: BaseException) -> bool:
    """Return whether memory ran out; CUDA raises a class of its own, and the CPU's allocator a ``RuntimeError``."""
    return (
        isinstance(error, MemoryError)
        or "OutOfMemory" in type(error).__name__
        or "not enough memory" in str(error)
        or "can't allocate memory" in str(error)
    )


def _aliases(model: nn.Module) -> dict[str, str]:
    """Map the further names of tied tensors to the first name of each."""
    first: dict[tuple[int, torch.Size, tuple[int, ...]], str] = {}
    aliases = {}
    for name, tensor in model.state_dict().items():
        original = first.setdefault((tensor.data_ptr(), tensor.shape, tensor.stride()), name)
        if original != name and tensor.numel():
            aliases[name] = original
    return aliases


def restore(path: Path, model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Load weights that were read from ``path`` into a model.

    Raises:
        CheckpointError: they are another network's.
        TypeError, AttributeError: they are no tensors by name.
    """
    own = model.state_dict()
    same = own.keys() == weights.keys() and all(
        weights[name].shape == tensor.shape and weights[name].is_floating_point() == tensor.is_floating_point()
        for name, tensor in own.items()
    )
    if not same:
        raise CheckpointError(f"{path} holds the weights of another network than spec.json describes.")
    model.load_state_dict(weights)


def save_last(path: Path, state: Mapping[str, object]) -> None:
    """Write ``last.pt``, whole or not at all.

    Raises:
        OSError: the disk is full (or worse).
    """
    content = io.BytesIO()  # torch's file writer replaces the disk's error by one of its own
    torch.save({"schema": SCHEMA, **state}, content)
    with files.replacing(path) as file:
        file.write(content.getbuffer())


def load_evaluated(path: Path, model: nn.Module) -> None:
    """Read a model's weights as they were evaluated from a file that ``save_last`` wrote: their average where kept.

    Raises:
        CheckpointError: it is missing, damaged, from a newer version, holds code, or is another network's.
        RunError, MemoryLimitError, OSError: as ``load_last``.
    """
    state = load_last(path, torch.device("cpu"))
    if state is None:
        raise CheckpointError(f"{path} is missing: the run has no weights there. Let it reach its first checkpoint.")
    with reading(path), torch.no_grad():
        restore(path, model, state["model"])
        if averages := state.get("average", ()):
            for weight, average in zip(model.parameters(), averages, strict=True):
                weight.copy_(average)


def load_last(path: Path, device: torch.device) -> dict[str, Any] | None:
    """Read the state that ``save_last`` wrote, tensors on ``device``; ``None`` where there is no such file.

    Raises:
        CheckpointError: it is damaged, from a newer version, or holds code.
        RunError: it is a link, or no regular file.
        MemoryLimitError: it is larger than the memory at hand.
        MemoryError, OSError, torch.OutOfMemoryError: the machine failed, and the file may be whole.
    """
    try:
        file = open_regular(path)
    except FileNotFoundError:
        return None
    with file:
        size = os.fstat(file.fileno()).st_size
        memory.require(size, f"Reading {path} ({memory.amount(size)})", "free some memory")
        try:
            _check_parts(file, size)
            file.seek(0)
            state = torch.load(file, map_location=device, weights_only=True)
            newer = state["schema"] > SCHEMA
        except pickle.UnpicklingError as error:
            what = (
                "holds code, not only weights" if "GLOBAL" in str(error) else "is not a checkpoint, and may hold code"
            )
            raise CheckpointError(f"{path} {what}: it was refused, and none of it was run.") from None
        except Exception as error:  # damaged bytes make torch raise nearly anything
            if is_machines(error):
                raise
            raise damaged(path) from None
    if newer:
        raise CheckpointError(f"{path} was written by a newer Workbench: update Workbench to go on from it.")
    return dict(state)


def _check_parts(file: BinaryIO, size: int) -> None:
    """Check a file's sums, which torch does not, and that it holds no more than it is long.

    A file that is no zip archive at all is left to torch, which refuses it.

    Raises:
        zipfile.BadZipFile: it does not hold what it says.
    """
    if not zipfile.is_zipfile(file):
        return
    with zipfile.ZipFile(file) as parts:
        members = parts.infolist()
        packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
        if packed or sum(member.file_size for member in members) > size or parts.testzip():
            raise zipfile.BadZipFile


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Take what ``path`` held out of its parts within the block.

    Raises:
        CheckpointError: a whole file, with another content.
    """
    try:
        yield
    except PlainError:
        raise
    except Exception as error:
        if is_machines(error):
            raise
        raise damaged(path) from None


def damaged(path: Path) -> CheckpointError:
    """Return the error for a file that is not whole, or not what ``save_last`` wrote."""
    if KEPT.fullmatch(path.name):
        return CheckpointError(
            f"{path} is damaged: its weights cannot be used. Those of other evaluations, in files of their own, are "
            "untouched."
        )
    return CheckpointError(
        f"{path} is damaged and the run cannot go on from it: put a copy back, or start the run anew. "
        "The best weights stand in best.safetensors, untouched."
    )


def generators(device: torch.device) -> dict[str, Tensor]:
    """Return the states of torch's random generators."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_generators(states: Mapping[str, Tensor], device: torch.device) -> None:
    """Restore what ``generators`` returned.

    Raises:
        KeyError, TypeError, AttributeError, RuntimeError: they are no such states.
    """
    torch.set_rng_state(states["cpu"].cpu())
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"].cpu(), device)
