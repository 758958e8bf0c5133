"""A little of each real dataset, in the layout of the whole."""

from __future__ import annotations

import csv
import io
import json
import tarfile
import zipfile
from collections import Counter
from pathlib import Path


def sliced(task: str, source: Path, folder: Path) -> Path:
    """Write a slice of ``source`` into ``folder``."""
    folder.mkdir()
    _SLICES[task](source, folder)
    return folder


def _climate(source: Path, folder: Path) -> None:
    (file,) = source.glob("mpi_roof*.csv")
    with file.open("rb") as lines:
        (folder / file.name).write_bytes(b"".join(line for _, line in zip(range(3_000), lines, strict=False)))


def _imdb(source: Path, folder: Path) -> None:
    taken: Counter[str] = Counter()
    (archive,) = source.glob("aclImdb*.tar.gz")
    with tarfile.open(archive) as whole, tarfile.open(folder / archive.name, "w:gz") as few:
        for member in whole:
            split = str(Path(member.name).parent)
            taken[split] += 1
            if member.isdir() or taken[split] > 30:
                continue
            few.addfile(member, whole.extractfile(member))


def _names(source: Path, folder: Path) -> None:
    for file in source.glob("*.txt"):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / file.name).write_text("".join(lines[:60]), encoding="utf-8")


def _poems(source: Path, folder: Path) -> None:
    file = min(source.glob("poet.tang.*.json"))
    poems = json.loads(file.read_text(encoding="utf-8"))
    (folder / file.name).write_text(json.dumps(poems[:200], ensure_ascii=False), encoding="utf-8")


def _reviews(source: Path, folder: Path) -> None:
    name = "online_shopping_10_cats"
    taken: Counter[str] = Counter()
    few = io.StringIO()
    with zipfile.ZipFile(source / f"{name}.zip") as archive:
        rows = csv.reader(io.StringIO(archive.read(f"{name}.csv").decode("utf-8-sig")))
        writer = csv.writer(few)
        writer.writerow(next(rows))
        for row in rows:
            taken[row[0]] += 1
            if taken[row[0]] <= 30:
                writer.writerow(row)
    (folder / f"{name}.csv").write_text(few.getvalue(), encoding="utf-8-sig")


_SLICES = {"climate": _climate, "imdb": _imdb, "names": _names, "poems": _poems, "reviews": _reviews}
