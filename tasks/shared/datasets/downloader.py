"""Download of a dataset's files, each verified as it arrives. No torch.

``WORKBENCH_MIRROR`` names a server that has what the sources have, each address below it with its host as the first
folder: ``https://mirror.example/raw.githubusercontent.com/spro/practical-pytorch/…``.
"""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from tasks.base import DataError
from tasks.shared.datasets.registry import Dataset

if TYPE_CHECKING:
    import requests

_PATIENCE = 20.0  # seconds without a byte
_CHUNK = 1 << 16  # bytes
_YOUNG = 60.0  # seconds in which a new folder's lock may not be held yet


def address(source: str) -> str:
    """Return the address that a file is fetched from: in the source, or in the mirror."""
    return f"{_mirror()}/{source.partition('://')[2]}" if _mirror() else source


def fetch(
    task: str,
    dataset: Dataset,
    folder: Path,
    *,
    progress: bool = False,
    arrived: Callable[[int], None] | None = None,
) -> None:
    """Fetch all files of a dataset into ``folder``, comparing each with its hash where one is known.

    Args:
        progress: show a bar for the whole of it on stderr, where that is a terminal.
        arrived: called with the number of bytes of each chunk; an exception that it raises ends the download.

    Raises:
        DataError: a file cannot be had, or is not what the registry knows.
        OSError: ``folder`` cannot be written.
    """
    import pooch
    import requests
    from tqdm import tqdm

    pooch.get_logger().setLevel("ERROR")
    with (
        requests.Session() as session,
        tqdm(
            total=dataset.size,
            unit="B",
            unit_scale=True,
            disable=None if progress else True,
            file=getattr(sys.stderr, "unguarded", sys.stderr),  # its own sequences move the cursor
        ) as bar,
    ):

        def came(count: int) -> None:
            bar.update(count)
            if arrived:
                arrived(count)

        for name, remote in dataset.files.items():
            place = folder / name
            server = _mirror() or urljoin(remote.address, "/").rstrip("/")
            try:
                pooch.retrieve(
                    address(remote.address),
                    known_hash=remote.hash or None,
                    path=place.parent,
                    fname=place.name,
                    downloader=functools.partial(_download, session, came),
                )
            except requests.RequestException:
                raise DataError(f"The {task} data could not be downloaded from {server}.") from None
            except ValueError:  # pooch's word for another hash
                raise DataError(
                    f"The {task} data at {server} is not what its source promised: {name} differs."
                ) from None
            place.chmod(0o644)


def _download(session: requests.Session, came: Callable[[int], None], url: str, output: str, _: object) -> None:
    """Write ``url`` into the file ``output``: pooch's downloader."""
    with session.get(url, timeout=_PATIENCE, stream=True) as response, Path(output).open("wb") as file:
        response.raise_for_status()
        for chunk in response.iter_content(_CHUNK):
            file.write(chunk)
            came(len(chunk))


def _mirror() -> str:
    return os.environ.get("WORKBENCH_MIRROR", "").rstrip("/")


@contextmanager
def folder_beside(target: Path) -> Iterator[Path]:
    """A new hidden folder beside ``target``, gone at the end; what killed downloads left there goes too.

    Raises:
        OSError: it cannot be made.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    descriptor = os.open(beside, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        beside.chmod(0o755)
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        os.close(descriptor)


def _sweep(target: Path) -> None:
    """Remove the hidden folders whose download no longer lives: nobody holds their lock."""
    for left in target.parent.glob(f".{target.name}-*"):
        with suppress(OSError):
            descriptor = os.open(left, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - left.stat().st_mtime > _YOUNG:
                    shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(descriptor)
