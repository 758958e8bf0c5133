"""Word vectors to start an embedding from: word2vec learnt on the training split.

Shapes: V words, E width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

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
