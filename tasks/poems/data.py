"""The dataset of poems: read, cleaned, split, encoded, cached.

Shapes: N poems, V vocabulary.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tasks.base import DataError, Split, State
from tasks.poems import cleaning, corpora, forms, near_duplicates, prosody
from tasks.poems.settings import Settings
from tasks.poems.transcription import to_simplified
from tasks.shared.datasets import cache, splits
from tasks.shared.datasets.cache import Encoding, Meta
from tasks.shared.datasets.progress import report_progress
from tasks.shared.sequences.ragged import Ragged
from tasks.shared.text.vocabulary import END, PAD, START, UNKNOWN, Vocabulary

SPECIALS = (PAD, UNKNOWN, START, END, *forms.FORMS)  # a poem's form is the token after the start
_VERSION = 3  # of the encoding: a change makes every cached copy an old one
_VERSION_BY_POEM = 2  # of older runs, whose split went by poem and parted near-duplicates
_SPLIT_BY = "split_by"  # in a run's state; older ones lack it
_LEFT_OUT = -1  # of no split
_FEWEST = 3  # poems, or groups of near-duplicates: one a split


@dataclasses.dataclass(frozen=True)
class PoemData(splits.SplitRows):
    """Every poem as token numbers: the start, its form, or the unknown token over 80 characters, itself, the end."""

    poems: Ragged  # numbers below V, on the device
    rows: dict[Split, Tensor]  # each split's row numbers, on the CPU
    state: State
    notes: tuple[str, ...] = ()

    def to(self, device: torch.device) -> PoemData:
        return dataclasses.replace(self, poems=self.poems.to(device))


def load(settings: Settings, folder: Path, *, join_near_duplicates: bool = True) -> PoemData:
    """Load the poems in ``folder``, encoded; cached by the files' hash and the settings.

    Args:
        join_near_duplicates: keep each group of ``near_duplicates`` in one split; false: split by poem, as older runs.

    Raises:
        DataError: no corpus is there, a file of it is not what it should be, or too few poems are left.
    """
    corpus, paths = corpora.find(folder, settings.corpus)
    settings_key = [cache.library("opencc"), settings.script, settings.min_count, settings.split_seed, corpus]
    if settings.train_longest > cleaning.LONGEST:
        settings_key.append(f"longest {settings.train_longest}")
    book = [path for path in (folder / name for name in prosody.FILES) if path.is_file()]
    version = _VERSION if join_near_duplicates else _VERSION_BY_POEM
    key = "poems-" + cache.key(version, *settings_key, paths=[*paths, *book])
    found = _arrange(*cache.tensors(key, lambda: _encoded(settings, corpus, paths, key, join=join_near_duplicates)))
    unread = corpora.unread(folder, corpus) if settings.corpus == "auto" else ()
    return dataclasses.replace(found, notes=(*unread, *found.notes))


def load_again(settings: Settings, folder: Path, state: State) -> PoemData:
    """Load the poems in ``folder`` with the split of an earlier run, whose ``state`` is given.

    Raises:
        DataError: see ``load``.
    """
    return load(settings, folder, join_near_duplicates=joins_near_duplicates(state))


def joins_near_duplicates(state: State) -> bool:
    """Tell whether a run's split keeps near-duplicates together; that of older runs does not."""
    return _SPLIT_BY in state


def load_cached(key: str) -> PoemData:
    """Load the encoded poems from the cache of an earlier run.

    Raises:
        FileNotFoundError: they are no longer cached.
    """
    return _arrange(*cache.tensors(key, None))


def read(settings: Settings, corpus: str, paths: list[Path]) -> corpora.Corpus:
    """Read and clean the poems of a corpus, in the order of the rows of ``PoemData``: those of over 80 characters last.

    Raises:
        DataError: see ``corpora.read``; or no poem is left.
    """
    found = corpora.read(corpus, paths)
    texts = ["".join(text.splitlines()) for text in found.texts]
    longest = settings.train_longest
    poems, counts = cleaning.clean(to_simplified(texts) if settings.script == "simplified" else texts, longest)
    poems.sort(key=lambda poem: len(poem) > cleaning.LONGEST)  # which keeps the order of the rest
    notes = [*found.notes, *cleaning.summarize(counts, longest)]
    if not poems:
        raise DataError(
            f"No poem is left of the {counts['read']} in {paths[0].parent}: they must be Chinese, of "
            f"{cleaning.SHORTEST} to {longest} characters{corpora.LAYOUT.get(corpus, '')}. {' '.join(notes)}"
        )
    return corpora.Corpus(poems, notes)


def _encoded(settings: Settings, corpus: str, paths: list[Path], key: str, *, join: bool) -> Encoding:
    report_progress(f"Reading and cleaning the poems of {paths[0].parent} …")
    every, notes = read(settings, corpus, paths)
    poems = [poem for poem in every if len(poem) <= cleaning.LONGEST]
    if len(poems) < _FEWEST:
        raise DataError(
            f"Only {len(poems)} poems are left in {paths[0].parent}{corpora.LAYOUT.get(corpus, '')}: "
            f"three are needed to hold some back. {' '.join(notes)}".rstrip()
        )
    groups = near_duplicates.groups(poems) if join else np.arange(len(poems))
    if (left := len(set(groups.tolist()))) < _FEWEST:
        raise DataError(
            f"The {len(poems)} poems in {paths[0].parent} share half their lines with one another: without such "
            f"near-duplicates {left} would be left, and three are needed to hold some back."
        )
    split = splits.stratified_groups(groups.tolist(), [0] * len(poems), settings.split_seed, (0.05, 0.05))
    characters_seen = Counter("".join(poem for poem, part in zip(poems, split, strict=True) if part == splits.TRAIN))
    # of poems up to 80 characters alone: the held-out poems have the same tokens, whatever else is learnt from
    vocabulary = Vocabulary.counted(characters_seen, SPECIALS, at_least=settings.min_count)
    longer = _split_of_longer(every, split)
    encoded = [vocabulary.encode([START, _form(poem), *poem, END]) for poem in every]
    book, missing_book = prosody.read(paths[0].parent)
    tensors = {
        "flat": torch.tensor([number for poem in encoded for number in poem], dtype=torch.int32),
        "lengths": torch.tensor([len(poem) for poem in encoded]),
        "split": torch.from_numpy(np.concatenate([split, longer])),
    }
    characters = vocabulary.tokens[len(SPECIALS) :]
    return tensors, {
        "vocabulary": characters,
        "prosody": book.lines(characters, to_simplified(characters) if settings.script == "original" else ()),
        "notes": [
            *notes,
            *near_duplicates.summarize(groups),
            *_summarize_longer(longer),
            *filter(None, [missing_book]),
        ],
        "cache": key,
        **({_SPLIT_BY: "near-duplicates"} if join else {}),
    }


def _form(poem: str) -> str:
    """Return the token after a poem's start: its form, or the unknown token of a longer poem, which is never written.

    A network that writes a free form would go on for longer than may be, had it learnt such poems under that name.
    """
    return forms.form(poem) if len(poem) <= cleaning.LONGEST else UNKNOWN


def _split_of_longer(poems: Sequence[str], split: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the split of each poem after those that have one: training, or none where a near-duplicate is held out.

    Args:
        split: (N,) of the first N poems.

    Returns:
        (M,) of the M others.
    """
    count = len(split)
    if len(poems) == count:
        return split[count:]
    groups = near_duplicates.groups(poems)
    held_out = np.isin(groups[count:], groups[:count][split != splits.TRAIN])
    return np.where(held_out, _LEFT_OUT, splits.TRAIN).astype(np.int8)


def _summarize_longer(split: NDArray[np.int8]) -> list[str]:
    """Tell the number of poems of over 80 characters, in a sentence; nothing where there is none."""
    if not len(split):
        return []
    learnt, left_out = ((split == kind).sum() for kind in (splits.TRAIN, _LEFT_OUT))
    return [
        f"Of {len(split):,} poems longer than {cleaning.LONGEST} characters, {learnt:,} are learnt from; {left_out:,} "
        "were left out as near-duplicates of poems that are held out."
    ]


def _arrange(tensors: dict[str, Tensor], meta: Meta) -> PoemData:
    poems = Ragged(tensors["flat"], tensors["lengths"])
    rows = splits.rows(tensors["split"])
    in_training = (tensors["split"] == splits.TRAIN).repeat_interleave(poems.lengths)
    counts = torch.bincount(poems.flat[in_training], minlength=len(SPECIALS) + len(meta["vocabulary"]))
    kept = {key: meta[key] for key in ("vocabulary", "prosody", "cache", _SPLIT_BY) if key in meta}
    state = kept | {"train_counts": counts.tolist()}
    return PoemData(poems, rows, state, tuple(meta["notes"]))
