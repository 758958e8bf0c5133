"""Checkpoints of a run: ``best.safetensors`` to predict with, ``last.pt`` to resume from.

Opening a checkpoint from elsewhere runs none of its code.
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
    """Write a model's weights with ``about`` as metadata; a tensor of several names once, by its first."""
    state, aliases = model.state_dict(), _aliases(model)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items() if name not in aliases}
    files.write(path, safetensors.torch.save(weights, metadata=dict(about)))


def load_best(path: Path, model: nn.Module) -> None:
    """Read a model's weights from ``best.safetensors``.

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
    """Write the tensors that a run keeps of its data; no file where there are none."""
    if tensors:
        files.write(path, safetensors.torch.save(dict(tensors)))


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors that ``save_tensors`` wrote; none where there is no such file.

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
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError:
        raise CheckpointError(f"{path} holds the weights of another network than spec.json describes.") from None


def save_last(path: Path, state: Mapping[str, object]) -> None:
    """Write ``last.pt``, whole or not at all.

    Raises:
        OSError: the disk is full (or worse).
    """
    content = io.BytesIO()  # torch's file writer replaces the disk's error by one of its own
    torch.save({"schema": SCHEMA, **state}, content)
    with files.replacing(path) as file:
        file.write(content.getbuffer())


def load_last(path: Path, device: torch.device) -> dict[str, Any] | None:
    """Read the state that ``save_last`` wrote, tensors on ``device``; ``None`` where there is no such file.

    Raises:
        CheckpointError: it is damaged, from a newer version, or holds code.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        newer = state["schema"] > SCHEMA
        with zipfile.ZipFile(path) as parts:  # torch reads tensors without checking their checksums
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
    """Return the error for a ``last.pt`` that is not whole, or not what ``save_last`` wrote."""
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
    """Restore what ``generators`` returned."""
    torch.set_rng_state(states["cpu"].cpu())
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"].cpu(), device)
