"""Word vectors to start an embedding from: word2vec learnt on the training split, or a file of the user's.

Shapes: V words, E width.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from tasks.base import DataError
from tasks.shared.datasets import cache
from tasks.shared.datasets.progress import report_progress

if TYPE_CHECKING:
    from tasks.shared.text.settings import TextSettings

_WINDOW, _NEGATIVE, _SEED = 5, 5, 1


def word2vec(
    settings: TextSettings, count: int, sentences: Callable[[], Sequence[Sequence[int]]], *, source: str
) -> Tensor:
    """Vectors of words' numbers 0 … V-1 by gensim's word2vec (window 5, 5 negative samples); cached.

    Words that never occur get zeros. One thread is deterministic, more are not.

    Args:
        count: V.
        sentences: gives the texts as words' numbers, where they are needed.
        source: the cached encoding that they come from.

    Returns:
        (V,E) float32.

    Source: T. Mikolov et al., Distributed Representations of Words and Phrases, NIPS 2013.
    """
    how = (settings.embedding, settings.word2vec, settings.word2vec_epochs, settings.word2vec_threads, count)
    key = "word2vec-" + cache.key(1, cache.library("gensim"), source, *how)

    def learn() -> tuple[dict[str, Tensor], dict[str, object]]:
        from gensim.models import Word2Vec

        report_progress(f"Learning {settings.embedding}-wide word vectors from the training split (word2vec) …")
        model = Word2Vec(
            [list(map(str, sentence)) for sentence in sentences()],
            vector_size=settings.embedding,
            window=_WINDOW,
            negative=_NEGATIVE,
            min_count=1,
            sg=int(settings.word2vec == "skip-gram"),
            epochs=settings.word2vec_epochs,
            workers=settings.word2vec_threads,
            seed=_SEED,
        )
        found = torch.zeros(count, settings.embedding)
        numbers = [int(word) for word in model.wv.index_to_key]
        found[numbers] = torch.from_numpy(np.asarray(model.wv.vectors))
        return {"vectors": found}, {}

    return cache.tensors(key, learn)[0]["vectors"]


def from_file(path: Path, words: Mapping[str, int], width: int) -> tuple[Tensor, int]:
    """Vectors from a text file as GloVe has it (a word and E numbers a line; word2vec's head line may stand first).

    Args:
        path: a ``.txt``, or a ``.zip`` of which ``*.{width}d.txt`` is taken.
        words: the words wanted, and their numbers 0 … V-1.
        width: E.

    Returns:
        (V,E) float32, drawn from the found vectors' own mean and spread where a word is not in the file; and how
        many were found.

    Raises:
        DataError: the file cannot be read, has another width, or holds none of the words.
    """
    vectors = np.zeros((len(words), width), dtype=np.float32)
    there = np.zeros(len(words), dtype=bool)
    with _lines(path, width) as lines:
        for number, line in enumerate(lines, 1):
            word, _, numbers = line.rstrip().partition(" ")
            row = words.get(word)
            if number == 1 and len(numbers.split()) == 1:
                continue  # word2vec's head: count and width
            if row is None or there[row]:
                if number == 1:
                    _check(numbers, width, path, number)
                continue
            vectors[row] = _check(numbers, width, path, number)
            there[row] = True
    if not there.any():
        raise DataError(f"{path} holds none of this vocabulary's words: name a file of vectors in the texts' language.")
    random = np.random.default_rng(_SEED)
    present_vectors = vectors[there]
    vectors[~there] = random.normal(
        present_vectors.mean(0), present_vectors.std(0) + 1e-8, size=(int((~there).sum()), width)
    )
    return torch.from_numpy(vectors), int(there.sum())


def _check(numbers: str, width: int, path: Path, line: int) -> np.ndarray:
    try:
        vector = np.array(numbers.split(), dtype=np.float32)
    except ValueError:
        vector = np.array([np.nan], dtype=np.float32)
    if not np.isfinite(vector).all():
        raise DataError(f"{path}, line {line}: expected a word and {width} numbers.")
    if len(vector) != width:
        raise DataError(
            f"{path}, line {line} holds {len(vector)} numbers, not {width}: set task.embedding to the file's width."
        )
    return vector


@contextmanager
def _lines(path: Path, width: int) -> Iterator[Iterator[str]]:
    """The lines of a file of vectors, read as they are needed."""
    try:
        if path.suffix != ".zip":
            with path.open(encoding="utf-8", newline="\n") as file:
                yield iter(file)
            return
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(f".{width}d.txt")]
            if not names:
                raise DataError(f"{path} holds no {width}-wide vectors: set task.embedding to a width that it has.")
            with archive.open(names[0]) as file:
                yield iter(io.TextIOWrapper(file, encoding="utf-8", newline="\n"))
    except FileNotFoundError:
        raise DataError(f"{path} is missing: name a file of word vectors with task.vectors.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text: expected a word and {width} numbers a line.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
        raise DataError(f"{path} is truncated or damaged, not a whole zip archive: fetch it again.") from None
