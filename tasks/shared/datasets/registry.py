"""The registry: each dataset's source, licence, citation, readers, and its files with their hashes. No torch.

The files stand in ``sources.tsv``: the name below the data folder (the task's folder first), the size in bytes, the
hash (``sha256:…``, ``md5:…``), the address. ``-`` is written where a size or a hash is not known.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tasks.shared.datasets import row_counts

_GITHUB = "https://github.com"


class Remote(NamedTuple):
    """A file in the dataset's source."""

    address: str
    hash: str = ""  # algorithm:digest; empty: none is known
    size: int | None = None  # bytes


class Reader(NamedTuple):
    """A kind of file that the task's reader takes."""

    pattern: str  # the file's name, or a glob pattern
    form: str  # its description, in a few words
    count: Callable[[Path], int]  # its rows; it opens the whole file


class Dataset(NamedTuple):
    """A dataset's source, licence and files."""

    title: str
    home: str  # the source's address
    licence: str
    citation: str
    readers: Sequence[Reader]
    files: Mapping[str, Remote]  # by the name below the task's folder
    rows: int | None = None  # of the whole of it, where its readers count the same

    @property
    def size(self) -> int | None:
        """The download's size in bytes, where every file's is known."""
        sizes = [remote.size for remote in self.files.values()]
        return None if None in sizes else sum(size or 0 for size in sizes)


def _files(task: str) -> dict[str, Remote]:
    datasets = {}
    with Path(__file__).with_name("sources.tsv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            folder, _, name = row["file"].partition("/")
            if folder == task:
                size = None if row["bytes"] == "-" else int(row["bytes"])
                datasets[name] = Remote(row["address"], row["hash"].strip("-"), size)
    return datasets


_labelled = functools.partial(row_counts.members, wanted=re.compile(r"(train|test)/(neg|pos)/\d+_\d+\.txt"))

DATASETS: Mapping[str, Dataset] = {
    "names": Dataset(
        title="surnames of 18 languages",
        home=f"{_GITHUB}/spro/practical-pytorch",
        licence="MIT",
        citation="S. Robertson, practical-pytorch: Classifying Names with a Character-Level RNN, 2017",
        readers=[Reader("*.txt", "a name a line, the file's name is the language", row_counts.lines)],
        files=_files("names"),
        rows=20_050,
    ),
    "poems": Dataset(
        title="the complete Tang poems",
        home=f"{_GITHUB}/chinese-poetry/chinese-poetry",
        licence="poet.tang.*.json and tang300.json MIT; prosody (THUNLP-AIPoet) for academic, non-profit use; "
        "tangshi.txt (nndl) none stated",
        citation="chinese-poetry, 全唐诗; Z. Guo et al., Jiuge: A Human-Machine Collaborative Chinese Classical Poetry "
        "Generation System, ACL 2019 (prosody); nndl/exercise, chap6_RNN (tangshi.txt)",
        readers=[
            Reader("poet.tang.*.json", "lists of {title, author, paragraphs}, traditional", row_counts.json_items),
            Reader("poems.txt", "title:content a line", row_counts.lines),
            Reader("tangshi.txt", "plain text, a blank line between poems", row_counts.paragraphs),
        ],
        files=_files("poems"),
    ),
    "imdb": Dataset(
        title="IMDB film reviews",
        home="https://ai.stanford.edu/~amaas/data/sentiment/",
        licence="none stated: a research benchmark, whose authors ask to be cited",
        citation="A. L. Maas et al., Learning Word Vectors for Sentiment Analysis, ACL 2011",
        readers=[
            Reader("aclImdb", "the extracted folder: train and test, each with neg and pos", _labelled),
            Reader("aclImdb_v1", "the same, as some programs name what they extract", _labelled),
            Reader("aclImdb_v1.tar.gz", "the archive as it comes, never extracted", _labelled),
            Reader("aclImdb_v1.tgz", "the same", _labelled),
            Reader("aclImdb_v1.tar", "the same, unzipped", _labelled),
            Reader("aclImdb_v1.zip", "the same, packed as zip", _labelled),
            Reader("aclImdb_labelled.tar.gz", "its labelled reviews alone, in the same layout", _labelled),
            Reader(
                "IMDB Dataset.csv", "CSV review,sentiment: the same reviews without their halves", row_counts.csv_rows
            ),
            Reader("IMDB Dataset.csv.gz", "the same, gzipped", row_counts.csv_rows),
            Reader("IMDB Dataset.csv.zip", "the same, zipped", row_counts.csv_rows),
        ],
        files=_files("imdb"),
        rows=50_000,
    ),
    "reviews": Dataset(
        title="shopping reviews in ten categories",
        home=f"{_GITHUB}/SophonPlus/ChineseNlpCorpus",
        licence="none stated",
        citation="SophonPlus, ChineseNlpCorpus: online_shopping_10_cats",
        readers=[
            Reader("online_shopping_10_cats.csv", "CSV cat,label,review", row_counts.csv_rows),
            Reader("online_shopping_10_cats.csv.gz", "the same, gzipped", row_counts.csv_rows),
            Reader("online_shopping_10_cats.zip", "the same, zipped", row_counts.csv_rows),
        ],
        files=_files("reviews"),
        rows=62_774,
    ),
    "climate": Dataset(
        title="weather at Jena, 2009–2016",
        home="https://storage.googleapis.com/tensorflow/tf-keras-datasets",
        licence="none stated",
        citation="Max Planck Institute for Biogeochemistry, Jena: weather station, https://www.bgc-jena.mpg.de/wetter/",
        readers=[
            Reader("jena_climate_2009_2016.csv", "CSV, a reading every 10 minutes, 15 columns", row_counts.csv_rows),
            Reader("jena_climate_2009_2016.csv.zip", "the same, zipped", row_counts.csv_rows),
            Reader("mpi_roof*.csv", "the station's own exports", row_counts.csv_rows),
            Reader("mpi_roof*.zip", "the same, zipped", row_counts.csv_rows),
        ],
        files=_files("climate"),
    ),
}


def rows_note(task: str, rows: int) -> list[str]:
    """A sentence where a task's file has not as many rows as its source."""
    whole = DATASETS[task].rows
    if rows == whole or whole is None:
        return []
    return [f"The data hold {rows:,} of their source's {whole:,} rows: if they should be whole, fetch them again."]
