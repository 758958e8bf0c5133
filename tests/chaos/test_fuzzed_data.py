"""Data files with flipped bits, cut short, or spliced with others: a task reads them, or says one sentence."""

from __future__ import annotations

import gzip
import io
import random
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from chaos.tally import SEED, Tally, amount
from chaos.test_fuzzed_files import Damage, damaged, each_damage

import tasks
from tasks.base import PlainError
from tasks.climate.settings import Settings as ClimateSettings
from tasks.shared.datasets import locations
from tasks.shared.text import vector_file

ROWS = 400  # of a table, which is read many times
WORDS = {"good": 0, "film": 1, "水果": 2}


def weather() -> str:
    """The starter set's first readings."""
    with zipfile.ZipFile(locations.starter("climate") / "mpi_roof_generated.zip") as archive:
        (name, *_) = archive.namelist()
        return "\n".join(archive.read(name).decode("latin-1").split("\n")[: 4 * ROWS])


def reviews() -> bytes:
    return (locations.starter("reviews") / "online_shopping_10_cats.csv").read_bytes()


def films() -> bytes:
    rows = [f'"A {word} film, number {n}",{label}' for n in range(20) for word, label in FILMS.items()]
    return "\n".join(["review,sentiment", *rows, ""]).encode()


FILMS: Mapping[str, str] = {"good": "positive", "bad": "negative"}


def vectors() -> bytes:
    lines = [f"{word} " + " ".join(f"{0.01 * n - 0.2:.3f}" for n in range(50)) for word in (*WORDS, "other", "words")]
    return "\n".join(["5 50", *lines, ""]).encode()


def poems() -> bytes:
    return (locations.starter("poems") / "poems.txt").read_bytes()


def zipped(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return made.getvalue()


def archive() -> bytes:
    """A gzipped tar of the IMDB starter set."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as packed:
        packed.add(locations.starter("imdb") / "aclImdb", "aclImdb")
    return made.getvalue()


def loaded(task: str, **values: object) -> Callable[[Path], object]:
    """Return a reader of a task's folder."""
    chosen = tasks.settings(task)(**values)
    return lambda file: tasks.load(task).load(chosen, file.parent)


def series(file: Path) -> object:
    chosen = ClimateSettings(csv=str(file), features="T (degC),p (mbar)", history=144, horizon=72)
    return tasks.load("climate").load(chosen, file.parent)


Kind = tuple[str, Callable[[], bytes], Callable[[Path], object]]
KINDS: Mapping[str, Kind] = {
    "names": ("Greek.txt", lambda: (locations.starter("names") / "Greek.txt").read_bytes(), loaded("names")),
    "imdb table": ("IMDB Dataset.csv", films, loaded("imdb")),
    "imdb archive": ("aclImdb_v1.tar.gz", archive, loaded("imdb")),
    "reviews": ("online_shopping_10_cats.csv", reviews, loaded("reviews")),
    "reviews gzipped": (
        "online_shopping_10_cats.csv.gz",
        lambda: gzip.compress(reviews(), mtime=0),
        loaded("reviews"),
    ),
    "poems": ("poems.txt", poems, loaded("poems")),
    "a CSV of one's own": ("weather.csv", lambda: weather().encode("latin-1"), series),
    "a zipped CSV of one's own": (
        "weather.zip",
        lambda: zipped("weather.csv", weather().encode("latin-1")),
        series,
    ),
    "word vectors": ("vectors.txt", vectors, lambda file: vector_file.read(file, WORDS, 50)),
    "word vectors in a zip": (
        "glove.6B.zip",
        lambda: zipped("glove.6B.50d.txt", vectors()),
        lambda file: vector_file.read(file, WORDS, 50),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fuzzed_data_file(tally: Tally, tmp_path: Path, kind: str) -> None:
    name, make, read = KINDS[kind]
    folder = tmp_path / "data"
    if kind == "names":
        shutil.copytree(locations.starter("names"), folder)
    folder.mkdir(exist_ok=True)
    content, others = make(), [make() for _, make, _ in KINDS.values()]
    (folder / name).write_bytes(content)
    read(folder / name)  # whole, it is read
    draw = random.Random(SEED)

    def damage_and_read(done: list[Damage]) -> None:
        (folder / name).write_bytes(damaged(content, done, draw.choice(others)))
        with tally.attempt("fuzzed data", f"{kind}: {done}"), suppress(PlainError):
            read(folder / name)

    each_damage(len(content), amount(2, 60), damage_and_read)
