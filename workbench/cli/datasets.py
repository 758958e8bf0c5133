"""The data of runs that are to be trained: found, or downloaded."""

from __future__ import annotations

from pathlib import Path

import msgspec

from workbench.cli.options import data_folder
from workbench.config.spec import RunSpec
from workbench.render.streams import narrate


def with_data(described: RunSpec, option: Path | None, *, progress: bool) -> RunSpec:
    """Return a description with the folder of its data, which are downloaded where they are nowhere.

    Raises:
        DataError: they cannot be had.
    """
    from tasks.shared.datasets import locations  # it takes a fifth of the time in which a shell completes a line

    source = locations.find_or_download(
        described.task, data_folder(option), narrate, settings=described.settings, progress=progress
    )
    folder = str(source.folder) if source.kind == "full" else ""
    return msgspec.structs.replace(described, data=source.kind, data_dir=folder)
