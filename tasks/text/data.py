"""Texts of one's own: surveyed, split, cut into words or characters, encoded.

Two readings: the first tells classes and split, the second cuts the texts, so that no text is kept in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from tasks.base import SPLITS
from tasks.preview import Preview
from tasks.shared.datasets import cache
from tasks.shared.datasets.progress import report_progress
from tasks.shared.text import data, tokenizers
from tasks.shared.text.data import LabelledTexts, TextData
from tasks.shared.text.visible import shortened
from tasks.shared.text.vocabulary import END, START, UNKNOWN
from tasks.text import sources
from tasks.text.settings import Settings
from tasks.text.sources import Source
from tasks.text.survey import Survey, kept, survey
from tasks.text.units import Unit

_VERSION = 1  # of the encoding: a change makes every cached copy an old one
_TOLD_EVERY = 200_000  # texts
_PREVIEWED = 250_000  # rows: more take too long for one who waits
_CELL = 200  # characters of a previewed text

Tokenizer = Callable[[str], Sequence[str]]


def tokenizer(unit: Unit) -> Tokenizer:
    """Return the function that cuts a text into what a step reads."""
    return _TOKENIZERS[unit]


def _chinese(text: str) -> list[str]:
    return [START, *tokenizers.chinese(text), END]


_TOKENIZERS: dict[Unit, Tokenizer] = {
    "chinese": _chinese,
    "english": tokenizers.english,
    "words": tokenizers.words,
    "characters": tokenizers.characters,
}


def load(settings: Settings, folder: Path) -> TextData:
    """The user's texts, or the starter set in ``folder``, encoded; cached by the file's hash.

    Raises:
        DataError: they cannot be read as labelled texts; file, line and the setting that cures it.
    """
    source = sources.open_source(settings, folder)
    read_by = [getattr(settings, name) for name in (*Settings.data_settings[2:], "unit")]
    key = "text-" + cache.key(_VERSION, cache.library("jieba"), read_by, source.path.name, paths=[source.path])
    return data.load(settings, key, (), lambda: _read(source, settings))


def preview(settings: Settings, folder: Path) -> Preview:
    """First rows and facts of the user's texts, which are not cut into words for it.

    Raises:
        DataError: as ``load``.
    """
    source = sources.open_source(settings, folder)
    found = survey(source, settings, _PREVIEWED)
    shortest, median, most, longest = np.quantile(found.lengths, [0, 0.5, 0.95, 1], method="nearest").tolist()
    return Preview(
        source=str(source.path),
        columns=["text", "class"],
        rows=[[" ".join(text[:_CELL].split()), shortened(label)] for text, label, _ in found.first],
        counts=found.counts,
        splits={name: int((found.split == number).sum()) for number, name in enumerate(SPLITS)},
        lengths={"shortest": shortest, "median": median, "95 %": most, "longest": longest},
        length_unit="characters",
        guessed=found.guessed,
        dropped=found.dropped,
        notes=found.notes,
    )


def _read(source: Source, settings: Settings) -> LabelledTexts:
    report_progress(f"Reading {source.path.name} …")
    found = survey(source, settings)
    notes = [*found.guessed, *found.dropped, *found.notes]
    return LabelledTexts(
        _tokens(source, found, notes),
        found.labels.tolist(),
        found.split.tolist(),
        notes,
        classes=found.classes,
        spell=found.unit == "chinese",
        traits={"unit": found.unit},
    )


def _tokens(source: Source, found: Survey, notes: list[str]) -> Iterator[Sequence[str]]:
    """Cut each text that is kept; what turns out to have no word is counted in the notes, as its last sentence."""
    cut, count, wordless = tokenizer(found.unit), len(found.labels), 0
    report_progress(f"Cutting {count:,} texts into {'characters' if found.unit == 'characters' else 'words'} …")
    for number, (text, _, _) in enumerate(kept(source), 1):
        tokens = cut(text)
        if not tokens:
            wordless += 1
            tokens = (UNKNOWN,)
        yield tokens
        if not number % _TOLD_EVERY and number < count:
            report_progress(f"{number:,} of {count:,} texts cut …")
    if wordless:
        notes.append(f"Texts of which no word is known, read as one unknown word: {wordless:,}.")
