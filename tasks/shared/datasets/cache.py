"""The user's cache: results that can be recomputed, kept under a hash of their sources."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import platformdirs

from tasks.base import Baselines
from tasks.shared import files
from tasks.shared.datasets.archives import unreadable
from tasks.shared.datasets.bounded import opened
from tasks.shared.datasets.progress import report_progress

if TYPE_CHECKING:
    from torch import Tensor

_META = "meta"
Meta = dict[str, Any]  # plain JSON
Encoding = tuple[dict[str, "Tensor"], Meta]
ValueT = TypeVar("ValueT")
_building = ContextVar("building", default=True)


@contextmanager
def kept_only() -> Iterator[None]:
    """Forbid building within the context: ``tensors`` not kept already raise ``FileNotFoundError``."""
    before = _building.set(False)
    try:
        yield
    finally:
        _building.reset(before)


def cache_folder() -> Path:
    """Return ``WORKBENCH_CACHE``, else the platform's cache folder for this user."""
    return Path(os.environ.get("WORKBENCH_CACHE") or platformdirs.user_cache_path("workbench")).absolute()


def key(*parts: object, paths: Iterable[Path] = ()) -> str:
    """Return a hash of ``parts`` and of the contents of ``paths``, in their order.

    A folder counts by its files' names, sizes and times: it may hold a hundred thousand of them.

    Raises:
        DataError: one of ``paths`` is missing or cannot be read.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part).encode() + b"\0")
    for path in paths:
        try:
            digest.update(("\n".join(_listing(path)) if path.is_dir() else sha256(path)).encode())
        except OSError as error:
            raise unreadable(path, error) from None
    return digest.hexdigest()[:32]


def library(name: str) -> str:
    """Return a library's name and version, for a key that depends on it."""
    from importlib.metadata import version  # not before it is asked for: it takes its time

    return f"{name} {version(name)}"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _listing(folder: Path | str, above: str = "") -> Iterator[str]:
    """Each file's name below the folder, its size and time. Paths of a hundred thousand files would take seconds."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                yield from _listing(entry.path, f"{above}{entry.name}/")
            elif entry.is_file():
                stat = entry.stat()
                yield f"{above}{entry.name} {stat.st_size} {stat.st_mtime_ns}"


def tensors(name: str, build: Callable[[], Encoding] | None) -> Encoding:
    """Return the named tensors and the JSON object kept under ``name``, or build and keep them.

    A damaged file is built again, with a line on stderr. A cache that cannot be written costs time, nothing else.

    Raises:
        FileNotFoundError: nothing is kept under ``name``, and ``build`` is ``None`` or not allowed (``kept_only``).
    """
    import safetensors
    import safetensors.torch

    path = cache_folder() / "tensors" / f"{name}.safetensors"
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return {k: file.get_tensor(k) for k in file.keys()}, msgspec.json.decode(file.metadata()[_META])  # noqa: SIM118
    except (OSError, safetensors.SafetensorError, msgspec.MsgspecError, KeyError, TypeError):
        if build is None or not _building.get():
            raise FileNotFoundError(path) from None
        if path.exists():
            report_progress(f"{path} is damaged: it is built anew.")
    kept, meta = build()
    content = safetensors.torch.save(kept, metadata={_META: msgspec.json.encode(meta).decode()})
    _keep(path, content)
    return kept, meta


def kept_value(name: str, kind: type[ValueT]) -> ValueT | None:
    """Return the JSON value kept under ``name``; ``None`` if none of this kind is kept, or it is damaged."""
    try:
        return msgspec.json.decode(_value_file(name).read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def value(name: str, build: Callable[[], ValueT], kind: type[ValueT], *, keep: bool = True) -> ValueT:
    """Return the JSON value kept under ``name``, else build one and, with ``keep``, keep it."""
    cached = kept_value(name, kind)
    if cached is None:
        cached = build()
        if keep:
            keep_value(name, cached)
    return cached


def keep_value(name: str, value: object) -> None:
    """Keep a JSON value under ``name``, in place of what is kept there."""
    _keep(_value_file(name), msgspec.json.encode(value))


def _value_file(name: str) -> Path:
    return cache_folder() / "values" / f"{name}.json"


def kept_baseline(name: str, compute: Callable[[], Baselines], *, cached_only: bool) -> Baselines:
    """Return the baselines' metrics, kept in the cache under ``name``.

    Args:
        cached_only: return none rather than compute them.
    """
    return value(name, dict if cached_only else compute, Baselines, keep=not cached_only)


def _keep(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, content)
    except OSError:
        return
