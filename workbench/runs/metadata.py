"""Metadata of a run that people and studies give it: name, note, tags, study; kept in ``metadata.json``. No torch."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from tasks.shared import files
from tasks.shared.decoding import decode
from workbench.runs import folder
from workbench.runs.folder import RunError
from workbench.runs.run import Run

_LARGEST = 1 << 20  # bytes
_Tag = Annotated[str, Meta(pattern=r"^[^\s,]+\Z", max_length=60)]


class RunMetadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Words by which people tell runs apart: they change no figure, and may be changed at any time."""

    name: Annotated[str, Meta(max_length=200)] = ""
    note: Annotated[str, Meta(max_length=20_000)] = ""
    tags: tuple[_Tag, ...] = ()
    study: Annotated[str, Meta(max_length=200)] = ""  # id of the study that the run is of


def read(run: Run) -> RunMetadata:
    """Return a run's metadata; empty where it has none, or they are damaged.

    Raises:
        RunError: the file is a link, or no regular file.
    """
    try:
        return decode(folder.read(run.metadata_file, _LARGEST), RunMetadata)
    except (OSError, msgspec.MsgspecError):
        return RunMetadata()


def write(run: Run, metadata: RunMetadata) -> None:
    """Replace a run's metadata.

    Raises:
        RunError: they are no metadata, or cannot be written; one sentence says why.
    """
    try:
        checked = msgspec.convert(msgspec.to_builtins(metadata), RunMetadata)
        files.write(run.metadata_file, encode(checked))
    except msgspec.ValidationError as error:
        raise RunError(f"Run {run.id} cannot be described so: {error}.") from None
    except OSError as error:
        raise RunError(f"{run.metadata_file} cannot be written: {error.strerror}.") from None


def encode(metadata: RunMetadata) -> bytes:
    """Return the content of ``metadata.json``."""
    return msgspec.json.format(msgspec.json.encode(metadata), indent=2) + b"\n"
