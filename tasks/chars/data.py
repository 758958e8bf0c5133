"""The text as character numbers: split, encoded, cut into chunks.

The first part of the text trains, the next validates, the last tests. Within a part every character but the first is
predicted from those before it.

Shapes: S characters of the whole text, N chunks, B batch, L characters of a chunk, V vocabulary.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tasks.base import EVAL_SPLITS, SPLITS, DataError, Split, State
from tasks.chars import text_file
from tasks.chars.settings import Settings
from tasks.shared.datasets import cache
from tasks.shared.datasets.cache import Encoding, Meta
from tasks.shared.datasets.progress import report_progress
from tasks.shared.datasets.splits import SplitRows
from tasks.shared.text.vocabulary import START, UNKNOWN, Vocabulary

SPECIALS = (UNKNOWN, START)
_VERSION = 1  # of the encoding: a change makes every cached copy an old one
_BLOCK = 1 << 20  # characters that are counted or encoded at a time
_POINTS = 0x110000  # of Unicode
_MANY_UNKNOWN = 0.05  # share of a part's characters from which on a note names the cure
_LONG_EVALUATION = 1_000_000  # characters of the validation part, which are read one after another


class Part(NamedTuple):
    """Place of a split in the text."""

    begin: int
    end: int  # after its last character


@dataclasses.dataclass(frozen=True)
class CharData(SplitRows):
    """The text, and the chunks of every split as row numbers; a split's last chunk may be shorter than the others."""

    codes: Tensor  # (S,) uint8, int16 or int32 below V, on the device
    parts: dict[Split, Part]
    starts: Tensor  # (N,) place of the character before each chunk's first predicted one, on the CPU
    sizes: Tensor  # (N,) predicted characters of each chunk, on the CPU
    rows: dict[Split, Tensor]
    state: State
    guessed: Sequence[str] = ()  # what the file told, a sentence each
    dropped: Sequence[str] = ()  # what is changed, unknown or left out, a sentence each
    facts: Sequence[str] = ()

    @property
    def notes(self) -> Sequence[str]:
        return [*self.guessed, *self.facts, *self.dropped]

    def to(self, device: torch.device) -> CharData:
        return dataclasses.replace(self, codes=self.codes.to(device))

    def chunks(self, rows: Tensor) -> Tensor:
        """Return chunks of one size, each after the character before it: (B,) → (B,L+1) int64 on the device."""
        places = self.starts[rows][:, None] + torch.arange(int(self.sizes[rows].max()) + 1)
        return self.codes[places.to(self.codes.device)].long()

    def of_one_size(self, rows: Tensor) -> Iterator[Tensor]:
        """Yield the rows in groups of equally long chunks."""
        sizes = self.sizes[rows]
        for size in sorted({*sizes.tolist()}):
            yield rows[sizes == size]


def load(settings: Settings, folder: Path) -> CharData:
    """Load the text, encoded; cached by its file's hash and the settings.

    Raises:
        DataError: it cannot be read, or is too short.
    """
    path = text_file.find(settings, folder)
    shares = (settings.val_share, settings.test_share)
    key = "chars-" + cache.key(_VERSION, settings.encoding, settings.min_count, shares, paths=[path])
    return _arrange(settings, *cache.tensors(key, lambda: _encoded(settings, path, key)), str(path))


def load_cached(settings: Settings, key: str) -> CharData:
    """Load the encoded text from the cache of an earlier run.

    Raises:
        FileNotFoundError: it is no longer cached.
    """
    return _arrange(settings, *cache.tensors(key, None), settings.file)


def parts(settings: Settings, size: int) -> dict[Split, Part]:
    """Return the places of the splits in a text of ``size`` characters."""
    val, test = (int(size * share) for share in (settings.val_share, settings.test_share))
    return {
        "train": Part(0, size - val - test),
        "val": Part(size - val - test, size - test),
        "test": Part(size - test, size),
    }


def check_length(settings: Settings, size: int, name: str) -> None:
    """Refuse a text that is too short to be split.

    Raises:
        DataError: one sentence says how long it must be.
    """
    needed = _needed(settings)
    if size < needed:
        raise DataError(
            f"{name} has {size:,} characters, and {needed:,} are needed for one chunk of task.length="
            f"{settings.length} to train on and two characters each to validate and to test on: give a longer text, or "
            "lower task.length."
        )


def _needed(settings: Settings) -> int:
    """Return the least size of a text that can be split."""

    def fits(size: int) -> bool:
        found = parts(settings, size)
        return len(range(*found["train"])) > settings.length and all(
            len(range(*found[split])) >= 2 for split in EVAL_SPLITS
        )

    training = 1 - settings.val_share - settings.test_share
    size = int(max((settings.length + 1) / training, 2 / settings.val_share, 2 / settings.test_share)) - 2
    return next(n for n in range(size, size + 1_000) if fits(n))


def codepoints(text: str) -> Iterator[NDArray[np.uint32]]:
    """Yield the code points of a text, block by block."""
    for begin in range(0, len(text), _BLOCK):
        yield np.frombuffer(text[begin : begin + _BLOCK].encode("utf-32-le"), dtype="<u4")


def counts(text: str) -> NDArray[np.int64]:
    """Return how often each code point stands in a text: (0x110000,)."""
    found = np.zeros(_POINTS, np.int64)
    for block in codepoints(text):
        some = np.bincount(block)
        found[: len(some)] += some
    return found


def _encoded(settings: Settings, path: Path, key: str) -> Encoding:
    report_progress(f"Reading and encoding {path} …")
    plain = text_file.read(path, settings.encoding)
    text = plain.text
    check_length(settings, len(text), str(path))
    seen = counts(text[slice(*parts(settings, len(text))["train"])])
    if np.count_nonzero(seen) < 2:
        raise DataError(
            f"The training part of {path} holds one character alone, {chr(int(seen.argmax()))!r}: there is nothing to "
            "learn; name another text with --set task.file=FILE."
        )
    known = {chr(point): int(seen[point]) for point in np.flatnonzero(seen)}
    vocabulary = Vocabulary.counted(known, SPECIALS, at_least=settings.min_count)
    characters = vocabulary.tokens[len(SPECIALS) :]
    if len(characters) < 2:
        raise DataError(
            f"Only {len(characters)} of the {len(known)} distinct characters of {path} are frequent enough "
            f"(task.min_count={settings.min_count}): lower it."
        )
    numbers = np.zeros(_POINTS, np.int32)  # unknown: 0
    numbers[[ord(character) for character in characters]] = np.arange(len(SPECIALS), len(vocabulary))
    kind = np.uint8 if len(vocabulary) <= 256 else np.int16 if len(vocabulary) <= 1 << 15 else np.int32
    codes = np.concatenate([numbers[block].astype(kind) for block in codepoints(text)])
    guessed = [] if settings.encoding else [f"Its encoding is {plain.encoding} (task.encoding sets another)."]
    dropped = [*plain.left_out]
    dropped += [f"{plain.line_ends:,} line ends \\r or \\r\\n were made \\n."] * bool(plain.line_ends)
    dropped += _unknown(settings, codes, len(known) - len(characters))
    meta = {"vocabulary": characters, "guessed": guessed, "dropped": dropped, "cache": key}
    return {"codes": torch.from_numpy(codes)}, meta


def _unknown(settings: Settings, codes: NDArray[np.integer[Any]], rare: int) -> list[str]:
    """Return sentences on characters that are rare, or stand nowhere in the training part."""
    notes = []
    if rare:
        notes.append(
            f"Of the training part's distinct characters {rare:,} stand in it less than {settings.min_count} times "
            "(task.min_count) and count as unknown."
        )
    for split, part in parts(settings, len(codes)).items():
        unknown = int(np.count_nonzero(codes[slice(*part)] == 0))
        if unknown:
            share = unknown / len(range(*part))
            cure = (
                ": the text changes on its way; its figures say little, so give more of its kind to train on, or lower "
                "task.min_count"
            )
            notes.append(
                f"{unknown:,} of the {len(range(*part)):,} characters of {split} ({share:.2%}) count as unknown"
                f"{cure * (share >= _MANY_UNKNOWN)}."
            )
    return notes


def _arrange(settings: Settings, tensors: dict[str, Tensor], meta: Meta, source: str) -> CharData:
    codes, length = tensors["codes"], settings.length
    check_length(settings, len(codes), source or "The text")
    places = parts(settings, len(codes))
    starts: list[Tensor] = []
    sizes: list[Tensor] = []
    rows: dict[Split, Tensor] = {}
    row = left = 0
    for split in SPLITS:
        begin, end = places[split]
        own = torch.arange(begin, end - 1, length)
        size = (end - 1 - own).clamp(max=length)
        if split == "train" and size[-1] < length:
            left = int(size[-1])
            own, size = own[:-1], size[:-1]
        starts.append(own)
        sizes.append(size)
        rows[split] = torch.arange(row, row + len(own))
        row += len(own)
    characters = meta["vocabulary"]
    train_counts = torch.bincount(codes[slice(*places["train"])].int(), minlength=len(SPECIALS) + len(characters))
    sizes_told = ", ".join(f"{split} {len(range(*places[split])):,}" for split in SPLITS)
    facts = [
        f"Split in the text's order, in characters: {sizes_told} (task.val_share, task.test_share).",
        f"{len(characters):,} distinct characters are known.",
    ]
    if (most := len(range(*places["val"]))) > _LONG_EVALUATION:
        facts.append(
            f"An evaluation reads {most:,} characters one after another: task.val_share and train.eval_every make it "
            "shorter and rarer."
        )
    dropped = [*meta["dropped"]]
    if left:
        dropped.append(f"The training part's last {left:,} characters fill no chunk of task.length={length}: left out.")
    state = {"vocabulary": characters, "train_counts": train_counts.tolist(), "cache": meta["cache"]}
    return CharData(codes, places, torch.cat(starts), torch.cat(sizes), rows, state, meta["guessed"], dropped, facts)


def epoch_batches(rows: Tensor, size: int, generator: torch.Generator, *, carry: bool) -> list[Tensor]:
    """Return an epoch's batches of training chunks.

    Args:
        rows: (N,) consecutive chunks.
        carry: row b of each batch is the chunk after row b of the batch before it: the text is cut into as many
            streams as a batch has rows. The fewer chunks than a batch that are then left over are drawn anew each
            epoch, from the text's ends. False: all chunks, shuffled.
    """
    if not carry:
        return list(torch.split(rows[torch.randperm(len(rows), generator=generator)], size))
    streams = min(size, len(rows))
    steps = math.floor(len(rows) / streams)
    over = len(rows) - steps * streams
    first = int(torch.randint(over + 1, (1,), generator=generator))
    return list(rows[first : first + steps * streams].view(streams, steps).T.contiguous())
