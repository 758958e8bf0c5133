"""Verification of a dataset's files against its source's hashes, with a count of their rows.

A report is kept in the user's cache for as long as the files' sizes and times stay the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

import msgspec

from tasks.base import DataError
from tasks.shared.datasets import cache
from tasks.shared.datasets.archives import unreadable
from tasks.shared.datasets.bounded import opened
from tasks.shared.datasets.registry import Dataset

_VERSION = 2  # of the counting: a change invalidates the kept reports
Verdict = Literal["verified", "differs", "no hash known"]


class VerificationReport(msgspec.Struct, frozen=True, kw_only=True):
    """Result of a verification."""

    files: dict[str, Verdict]  # by their names below the folder
    missing: list[str] = []  # files of the source that are not there, where others of it are
    rows: int | None = None  # ``None``: nothing counts them

    @property
    def differing(self) -> list[str]:
        return [name for name, verdict in self.files.items() if verdict == "differs"]

    @property
    def verdict(self) -> str:
        """Verdict on all files in a few words."""
        verdicts = set(self.files.values())
        if "differs" in verdicts:
            return "differs"
        if len(verdicts) > 1:
            return "partly verified"
        return verdicts.pop() if verdicts else "no hash known"


def present_files(dataset: Dataset | None, folder: Path, read: Iterable[Path]) -> list[str]:
    """Return the names below ``folder`` of the files that the task reads, and of the source's others."""
    names = {path.relative_to(folder).as_posix(): None for path in read}
    names |= {name: None for name in (dataset.files if dataset else ()) if (folder / name).is_file()}
    return list(names)


def verify(dataset: Dataset | None, folder: Path, read: Sequence[Path]) -> VerificationReport:
    """Hash every file whose hash is known, and count the rows of those that the task reads.

    Raises:
        DataError: a file cannot be read, is truncated or damaged.
    """
    registered_files = dataset.files if dataset else {}
    files = {
        name: _verdict(folder / name, registered_files[name].hash if name in registered_files else "")
        for name in present_files(dataset, folder, read)
    }
    missing = [name for name in registered_files if name not in files]
    report = VerificationReport(files=files, missing=missing if len(missing) < len(registered_files) else [])
    try:
        return msgspec.structs.replace(report, rows=rows(dataset, read))
    except DataError:
        if not report.differing:
            raise
        return report  # the hash shows already that something is wrong


def rows(dataset: Dataset | None, read: Sequence[Path]) -> int | None:
    """Count the rows of the files that the task reads; ``None`` if there is no counter.

    Raises:
        DataError: a file cannot be read, is truncated or damaged.
    """
    readers = dataset.readers if dataset else ()
    counters = [next((r.count for r in readers if fnmatch(path.name, r.pattern)), None) for path in read]
    if not counters or None in counters:
        return None
    return sum(count(path) for count, path in zip(counters, read, strict=True) if count)


def remember(dataset: Dataset | None, folder: Path, read: Sequence[Path], report: VerificationReport) -> None:
    """Keep the report on the files as they are now."""
    cache.keep_value(_key(dataset, folder, read), report)


def remembered(dataset: Dataset | None, folder: Path, read: Sequence[Path]) -> VerificationReport | None:
    """Return the report kept on these very files, if there is one."""
    return cache.kept_value(_key(dataset, folder, read), VerificationReport)


def _verdict(path: Path, expected: str) -> Verdict:
    if not expected:
        return "no hash known"
    algorithm, _, digest = expected.partition(":")
    try:
        with opened(path) as file:
            return "verified" if hashlib.file_digest(file, algorithm).hexdigest() == digest else "differs"
    except OSError as error:
        raise unreadable(path, error) from None


def _key(dataset: Dataset | None, folder: Path, read: Sequence[Path]) -> str:
    """It changes with the files' names, sizes and times, and with what the registry knows of them."""
    states: list[tuple[str, int, int]] = []
    for name in present_files(dataset, folder, read):
        path = folder / name
        # a folder's own time tells what came and went in it, not what changed below: three levels hold the splits
        levels = (below for depth in ("*/", "*/*/", "*/*/*/") for below in sorted(path.glob(depth)))
        for part in (path, *levels) if path.is_dir() else (path,):
            stat = part.stat()
            states.append((str(part), stat.st_size, stat.st_mtime_ns))
    hashes = sorted((name, remote.hash) for name, remote in dataset.files.items()) if dataset else []
    return "dataset-" + cache.key(_VERSION, str(folder), len(read), states, hashes)
