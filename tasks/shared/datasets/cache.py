"""The user's cache: results that can be recomputed, kept under a hash of their sources."""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import platformdirs

from tasks.base import Baselines, DataError
from tasks.shared import files
from tasks.shared.datasets.archives import unreadable
from tasks.shared.datasets.bounded import opened, whole
from tasks.shared.datasets.preparing import prepared_once
from tasks.shared.datasets.progress import report_progress
from tasks.shared.decoding import decode

if TYPE_CHECKING:
    from torch import Tensor

_META = "meta"
_HASH = re.compile(r"[0-9a-f]{32}|[0-9]+")
_TENSORS, _VALUES = ("tensors", ".safetensors"), ("values", ".json")
Meta = dict[str, Any]  # plain JSON
Encoding = tuple[dict[str, "Tensor"], Meta]
ValueT = TypeVar("ValueT")
_told: set[Path] = set()  # folders that nothing could be kept in
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
            elif os.path.isfile(entry.path):  # noqa: PTH113 (an entry's raises on a link that leads to itself)
                stat = entry.stat()
                yield f"{above}{entry.name} {stat.st_size} {stat.st_mtime_ns}"


def tensors(name: str, build: Callable[[], Encoding] | None) -> Encoding:
    """Return the named tensors and the JSON object kept under ``name``, or build and keep them.

    Of several processes that need it at once one builds it, and the others wait. A damaged file is built again, with a
    line on stderr. A cache that cannot be written costs time, nothing else.

    Raises:
        FileNotFoundError: nothing is kept under ``name``, and ``build`` is ``None`` or not allowed (``kept_only``).
    """
    import safetensors.torch

    path = _file(_TENSORS, name)
    if (found := _kept_tensors(path)) is not None:
        return found
    if build is None or not _building.get():
        raise FileNotFoundError(path)
    with prepared_once(path, _what(name)):
        if (found := _kept_tensors(path, tell=True)) is not None:
            return found
        kept, meta = build()
        text = msgspec.json.encode(meta).decode()
        _keep(path, safetensors.torch.save(kept, metadata={_META: f"{_checksum(kept, text)} {text}"}))
    return kept, meta


def _kept_tensors(path: Path, *, tell: bool = False) -> Encoding | None:
    """Return what a file keeps; ``None`` where it is missing or damaged.

    Args:
        tell: report a damaged one.
    """
    import safetensors

    try:
        with opened(path):  # a pipe is not waited for
            pass
        with safetensors.safe_open(path, framework="pt") as file:
            kept = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
            text = file.metadata()[_META]
        return kept, _checked(kept, text)
    except (OSError, DataError, safetensors.SafetensorError, msgspec.MsgspecError, KeyError, TypeError) as error:
        if tell and not isinstance(error, FileNotFoundError | PermissionError):
            report_progress(f"{path} is damaged: it is built anew.")
        return None


def _checked(kept: dict[str, Tensor], text: str) -> Meta:
    """Return the JSON object beside tensors; a checksum stands before it, but not in older files.

    Raises:
        msgspec.MsgspecError, TypeError: it is none, or bits of it or of the tensors have changed.
    """
    checksum, plain = ("", text) if text.startswith("{") else (text[:8], text[9:])
    if checksum and checksum != _checksum(kept, plain):
        raise TypeError
    return decode(plain, Meta)


def _checksum(kept: dict[str, Tensor], text: str) -> str:
    """Return the CRC-32 of tensors and of the JSON beside them: safetensors has none."""
    total = zlib.crc32(text.encode())
    for name in sorted(kept):
        values: Any = kept[name].contiguous().numpy()
        total = zlib.crc32(f"{name} {values.dtype} {values.shape}".encode(), total)
        total = zlib.crc32(values.data if values.size else b"", total)
    return f"{total:08x}"


def kept_value(name: str, kind: type[ValueT]) -> ValueT | None:
    """Return the JSON value kept under ``name``; ``None`` if none of this kind is kept, or it is damaged."""
    path = _file(_VALUES, name)
    try:
        return decode(whole(path), kind)
    except (OSError, DataError, msgspec.MsgspecError):
        return None


def value(name: str, build: Callable[[], ValueT], kind: type[ValueT], *, keep: bool = True) -> ValueT:
    """Return the JSON value kept under ``name``, else build one and, with ``keep``, keep it."""
    cached = kept_value(name, kind)
    if cached is not None:
        return cached
    if not keep:
        return build()
    with prepared_once(_file(_VALUES, name), _what(name)):
        cached = kept_value(name, kind)
        if cached is None:
            cached = build()
            keep_value(name, cached)
    return cached


def keep_value(name: str, value: object) -> None:
    """Keep a JSON value under ``name``, in place of what is kept there."""
    _keep(_file(_VALUES, name), msgspec.json.encode(value))


def _file(kind: tuple[str, str], name: str) -> Path:
    """Return the file of a kept result.

    Raises:
        DataError: the name would lead out of the cache: it was taken from a stranger's file.
    """
    folder, ending = kind
    if not name or name != Path(name).name or "\0" in name:
        raise DataError(f"{name[:60]!r} is no name of a cached result: the file that it was taken from is damaged.")
    return cache_folder() / folder / f"{name}{ending}"


def _what(name: str) -> str:
    """Return what is kept under a name, for a person: ``the names data``, ``the names baseline``."""
    words = [word for word in name.split("-") if not _HASH.fullmatch(word)]
    return " ".join(["the", *words, *["data"] * ("baseline" not in words)])


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
    except OSError as error:
        folder = cache_folder()
        if folder not in _told:
            _told.add(folder)
            report_progress(
                f"Nothing can be kept in the cache {folder} ({error.strerror}), and is made anew each time: name "
                "another folder with WORKBENCH_CACHE."
            )
