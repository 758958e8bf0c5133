"""A run's weights on the disk: ``best.safetensors`` to answer with, ``last.pt`` to go on from.

Opening a stranger's checkpoint runs none of its code.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from tasks.base import PlainError
from tasks.shared import files

SCHEMA = 1


class CheckpointError(PlainError):
    """A checkpoint cannot be used. The message is one plain sentence."""


def save_best(path: Path, model: nn.Module, about: Mapping[str, str]) -> None:
    """Write a model's weights, with what is known of them as metadata; a tensor of several names once, by its first."""
    state, again = model.state_dict(), _aliases(model)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items() if name not in again}
    files.write(path, safetensors.torch.save(weights, metadata=dict(about)))


def load_best(path: Path, model: nn.Module) -> None:
    """Read weights into a model.

    Raises:
        CheckpointError: they are missing, damaged, or another network's.
    """
    try:
        weights = safetensors.torch.load_file(path)
        restore(path, model, weights | {name: weights[k] for name, k in _aliases(model).items() if k in weights})
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is missing: the run has no weights to answer with yet. Let it reach its first evaluation."
        ) from None
    except (safetensors.SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged ({str(error).splitlines()[0]}): train again.") from None


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write what a run keeps of its data; no file for nothing."""
    if tensors:
        files.write(path, safetensors.torch.save(dict(tensors)))


def load_tensors(path: Path) -> dict[str, Tensor]:
    """What ``save_tensors`` wrote; nothing where there is no such file.

    Raises:
        CheckpointError: it is damaged.
    """
    try:
        return dict(safetensors.torch.load_file(path))
    except FileNotFoundError:
        return {}
    except (safetensors.SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is damaged ({str(error).splitlines()[0]}): put back a copy, or delete it and do without it."
        ) from None


def _aliases(model: nn.Module) -> dict[str, str]:
    """The further names of tensors that have several (tied weights), and the first name of each."""
    first: dict[tuple[int, torch.Size, tuple[int, ...]], str] = {}
    again = {}
    for name, tensor in model.state_dict().items():
        known = first.setdefault((tensor.data_ptr(), tensor.shape, tensor.stride()), name)
        if known != name and tensor.numel():
            again[name] = known
    return again


def restore(path: Path, model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put the weights that were read from ``path`` into a model.

    Raises:
        CheckpointError: they are another network's.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError:
        raise CheckpointError(f"{path} holds the weights of another network than spec.json describes.") from None


def save_last(path: Path, state: Mapping[str, Any]) -> None:
    """Write all that resuming needs, whole or not at all.

    Raises:
        OSError: the disk is full (or worse).
    """
    content = io.BytesIO()  # torch's own writer hides the disk's error behind one of its own
    torch.save({"schema": SCHEMA, **state}, content)
    with files.replacing(path) as file:
        file.write(content.getbuffer())


def load_last(path: Path, device: torch.device) -> dict[str, Any] | None:
    """What ``save_last`` wrote, tensors on ``device``; ``None`` where it never did.

    Raises:
        CheckpointError: it is damaged, from a newer version, or holds code.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        newer = state["schema"] > SCHEMA
        with zipfile.ZipFile(path) as parts:  # torch reads tensors without looking at their checksums
            wrong = parts.testzip()
    except FileNotFoundError:
        return None
    except pickle.UnpicklingError as error:
        what = "holds code, not only weights" if "GLOBAL" in str(error) else "is not a checkpoint, and may hold code"
        raise CheckpointError(f"{path} {what}: it was refused, and none of it was run.") from None
    except (
        *(RuntimeError, EOFError, OSError, KeyError, TypeError, ValueError, AttributeError, IndexError),
        zipfile.BadZipFile,
    ):
        raise damaged(path) from None
    if wrong:
        raise damaged(path)
    if newer:
        raise CheckpointError(f"{path} was written by a newer Workbench: update Workbench to go on from it.")
    return dict(state)


def damaged(path: Path) -> CheckpointError:
    """What to raise for a ``last.pt`` that is not whole, or not what ``save_last`` wrote."""
    return CheckpointError(
        f"{path} is damaged and the run cannot go on from it: put a copy back, or start the run anew. "
        "The best weights stand in best.safetensors, untouched."
    )


def generators(device: torch.device) -> dict[str, Tensor]:
    """The states of torch's random generators."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_generators(states: Mapping[str, Tensor], device: torch.device) -> None:
    torch.set_rng_state(states["cpu"].cpu())
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"].cpu(), device)
