"""LabelledTexts with classes, encoded: words in the order of their frequency in the training split, and their spelling.

Everything that depends on a setting which may be turned at will (how many words are known, how much of a text is
read) is applied when batches are made, so that one cached encoding serves them all.

Shapes: N texts, V words known, W words that occur at all, C classes, K characters of a word.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

import torch
from torch import Tensor

from tasks.base import SPLITS, DataError, Split, State
from tasks.shared.classification import ngram_embedding
from tasks.shared.datasets import cache, splits
from tasks.shared.datasets.cache import Encoding, Meta
from tasks.shared.datasets.progress import report_progress
from tasks.shared.sequences.ragged import Ragged
from tasks.shared.text.settings import Input, TextSettings
from tasks.shared.text.vocabulary import END, PAD, START, UNKNOWN, Vocabulary

SPECIALS = (PAD, UNKNOWN, START, END)
UNKNOWN_NUMBER = SPECIALS.index(UNKNOWN)
_AT_ONCE = 1 << 24  # words that are numbered together: copies of hundreds of millions would take gigabytes
TEXTS_AT_ONCE = 256  # whose n-grams are counted together
_RARE = 5  # an n-gram that stands in fewer training texts would be known by heart
CHARACTERS_PER_WORD = 4  # K, of a word read beside its characters: Chinese words are rarely longer


@dataclasses.dataclass(frozen=True)
class LabelledTexts:
    """Output of a reader: each text's tokens, class and split."""

    tokens: Iterable[Sequence[str]]
    labels: Sequence[int]
    split: Sequence[int]  # 0 train, 1 validation, 2 test
    notes: Sequence[str] = ()
    splitting: str = ""  # rule that split the rows, named once it changed between versions: kept in the state
    classes: Sequence[str] = ()  # their names, where the texts tell them
    spell: bool = False  # keep each word's characters too
    traits: Mapping[str, str] = dataclasses.field(default_factory=dict)  # what else the state keeps, by field


@dataclasses.dataclass(frozen=True)
class TextData(splits.SplitRows):
    """Every text as words' numbers; a number past the known ones counts as unknown."""

    words: Ragged  # numbers below W, on the device
    labels: Tensor  # (N,) int64, on the device
    letters: Ragged  # every word's characters' numbers, on the CPU; of no word where the task does not spell
    spelling: Tensor  # (W,≤K) its first K of them, 0 past its end, on the device
    rows: dict[Split, Tensor]  # each split's row numbers, on the CPU
    known: int  # V
    state: State
    notes: tuple[str, ...] = ()

    def to(self, device: torch.device) -> TextData:
        return dataclasses.replace(
            self, words=self.words.to(device), labels=self.labels.to(device), spelling=self.spelling.to(device)
        )

    @cached_property
    def characters(self) -> Ragged:
        """Every text as its characters' numbers, on the device."""
        return self.words.spelled(self.letters)

    def read(self, form: Input) -> Ragged:
        """Return every text as the numbers of what is read of it, on the device."""
        return self.characters if form == "characters" else self.words

    def word_ngrams(self, settings: TextSettings) -> Tensor:
        """Return the keys of the training texts' n-grams, in order, as ``ngram_embedding.vocabulary`` does; cached.

        Raises:
            DataError: there are too many words for n-grams of such a length.
        """
        form, longest = settings.input, settings.word_ngrams
        size = len(self.state["characters"]) + len(SPECIALS) if form == "characters" else self.known

        def build() -> Encoding:
            report_progress(f"Counting the n-grams of up to {longest} {form if form == 'characters' else 'words'} …")
            texts = self.read(form)
            batches = (texts.padded(rows) for rows in torch.split(self.rows["train"], TEXTS_AT_ONCE))
            known = ((as_known(codes.cpu(), size), lengths) for codes, lengths in batches)
            try:
                return {"keys": ngram_embedding.vocabulary(known, size, longest, _RARE)}, {}
            except ValueError as error:
                raise DataError(f"task.word_ngrams={longest}: {error}") from None

        return cache.tensors(f"word-ngrams-{cache.key(1, self.state['cache'], form, size, longest)}", build)[0]["keys"]


def load(
    settings: TextSettings, key: str, labels: Sequence[str], read: Callable[[], LabelledTexts], *, spell: bool = False
) -> TextData:
    """Return a task's texts, encoded; cached under ``key``.

    Args:
        key: names the source's content, the split and the way of cutting into tokens.
        labels: the classes' names; none: the texts tell them.
        read: reads and cuts the texts where the cache does not hold them.
        spell: keep each word's characters too.

    Raises:
        DataError: whatever ``read`` raises, or no text of some split.
    """
    return _arrange(settings, *cache.tensors(key, lambda: _encoded(read(), labels, key, spell)))


def load_cached(settings: TextSettings, key: str) -> TextData:
    """Return the encoded texts as an earlier run cached them.

    Raises:
        FileNotFoundError: they are no longer cached, or as an older version encoded them.
    """
    try:
        return _arrange(settings, *cache.tensors(key, None))
    except KeyError:
        raise FileNotFoundError(key) from None


def character_numbers(word: str, characters: Vocabulary) -> list[int]:
    """Return the numbers of a word's characters; a special is one character of its own."""
    return characters.encode([word] if word in SPECIALS else word)


def _encoded(texts: LabelledTexts, labels: Sequence[str], key: str, with_spelling: bool) -> Encoding:
    """Number the words: those of the training split by frequency, then those that only the others hold."""
    first_seen: dict[str, int] = {}
    flat, sizes = array("i"), array("q")  # lists of millions of words would take gigabytes
    for words in texts.tokens:
        flat.extend(first_seen.setdefault(word, len(first_seen)) for word in words)
        sizes.append(len(words))
    if not flat:
        raise DataError("There is no text in the data: fetch it again.")
    seen = list(first_seen)
    encoded, lengths = torch.frombuffer(flat, dtype=torch.int32), torch.frombuffer(sizes, dtype=torch.int64)
    in_training = (torch.tensor(texts.split) == splits.TRAIN).repeat_interleave(lengths)
    counts = _counts(encoded, in_training, len(seen)).tolist()
    inner = {word: count for word, count in zip(seen, counts, strict=True) if count and word not in SPECIALS}
    train = Vocabulary.counted(inner, SPECIALS)
    ordered = [*train.tokens, *(word for word in seen if word not in train)]
    place = {word: number for number, word in enumerate(ordered)}
    renumber = torch.tensor([place[word] for word in seen], dtype=torch.int32)
    for part in torch.split(encoded, _AT_ONCE):
        part.copy_(renumber[part.long()])
    characters: list[str] = []
    letters = Ragged.of([])
    if with_spelling or texts.spell:
        seen_in: Counter[str] = Counter()
        for word, count in inner.items():
            seen_in.update(dict.fromkeys(word, count))
        known = Vocabulary.counted(seen_in, SPECIALS)
        characters = known.tokens
        letters = Ragged.of([character_numbers(word, known) for word in ordered])
    kept = {
        "words": encoded,
        "lengths": lengths.clone(),
        "counts": torch.tensor([inner.get(word, 0) for word in train.tokens], dtype=torch.int64),
        "letters": letters.flat,
        "letter_counts": letters.lengths,
        "labels": torch.tensor(texts.labels, dtype=torch.int64),
        "split": torch.tensor(texts.split, dtype=torch.int8),
    }
    meta = {
        "tokens": train.tokens,
        "characters": characters,
        "labels": list(labels or texts.classes),
        "notes": list(texts.notes),
        "splitting": texts.splitting,
        "traits": dict(texts.traits),
        "cache": key,
    }
    return kept, meta


def _counts(encoded: Tensor, in_training: Tensor, size: int) -> Tensor:
    """Return how often each number stands in the training split: (S,), (S,) → (size,)."""
    counts = torch.zeros(size, dtype=torch.int64)
    for part, mask in zip(torch.split(encoded, _AT_ONCE), torch.split(in_training, _AT_ONCE), strict=True):
        counts += torch.bincount(part[mask], minlength=size)
    return counts


def _arrange(settings: TextSettings, kept: dict[str, Tensor], meta: Meta) -> TextData:
    rows = splits.rows(kept["split"])
    for split in SPLITS:
        if not len(rows[split]):
            raise DataError(f"No text is left for the {split} split: the data is too small.")
    frequent = int((kept["counts"] >= settings.min_count).sum())  # the most frequent come first
    known = len(SPECIALS) + min(frequent, settings.vocabulary or frequent)
    labels: list[str] = meta["labels"]
    letters = Ragged(kept["letters"], kept["letter_counts"])
    state = {
        "labels": labels,
        "train_counts": torch.bincount(kept["labels"][rows["train"]], minlength=len(labels)).tolist(),
        "vocabulary": meta["tokens"][len(SPECIALS) : known],
        "characters": meta["characters"][len(SPECIALS) :],
        "cache": meta["cache"],
    }
    if splitting := meta.get("splitting"):
        state["splitting"] = splitting
    state.update(meta.get("traits", {}))
    data = TextData(
        Ragged(kept["words"], kept["lengths"]),
        kept["labels"],
        letters,
        letters.padded(torch.arange(len(letters.lengths)), CHARACTERS_PER_WORD, "first")[0].int(),
        rows,
        known,
        state,
        tuple(meta["notes"]),
    )
    if settings.word_ngrams >= ngram_embedding.SHORTEST:
        state["word_ngrams"] = len(data.word_ngrams(settings))
    return data


def as_known(codes: Tensor, known: int) -> Tensor:
    """Return words past the known ones as the unknown one."""
    return codes.masked_fill(codes >= known, UNKNOWN_NUMBER)
