"""A task that names a text's class, word by word.

Shapes: B batch, T time, I input size, D directions, O output size, C classes, K characters of a word.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, TypeVar

import msgspec
import torch
from msgspec import Meta
from torch import Generator, Tensor, nn

from tasks.base import Baselines, DataError, Reading, RecurrentNetwork, Split, State
from tasks.shared.classification import unread
from tasks.shared.classification.ensemble import classifiers_of
from tasks.shared.classification.linear_ngrams import LinearNgrams
from tasks.shared.classification.model import CharacterEmbedding, SequenceClassifier, make_pooling
from tasks.shared.classification.ngram_embedding import SHORTEST, NgramEmbedding
from tasks.shared.classification.task import ClassificationTask, LabelsState
from tasks.shared.datasets import cache
from tasks.shared.datasets.cache import Encoding, kept_baseline
from tasks.shared.datasets.progress import report_progress
from tasks.shared.sequences.batching import by_length
from tasks.shared.sequences.ragged import Ragged
from tasks.shared.text import data, pretraining, tokenizers, vector_file, word_vectors
from tasks.shared.text.data import SPECIALS, TEXTS_AT_ONCE, UNKNOWN_NUMBER, TextData, as_known
from tasks.shared.text.settings import Input, TextSettings
from tasks.shared.text.visible import shortened
from tasks.shared.text.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from tasks.views import View

_UNSPOKEN = {SPECIALS.index(mark) for mark in (PAD, START, END)}
_LONGEST_WHOLE = 10_000  # tokens of a text that are read where no number is set
_SENTENCE_ENDS = frozenset(".!?。！？")
_NGRAMS_VERSION = 1  # of ``_fit_ngrams``: a change makes every cached model an old one


SettingsT = TypeVar("SettingsT", bound=TextSettings)
_S = TypeVar("_S", str, int)


class TextState(LabelsState, kw_only=True):
    """Fields of a text task's state."""

    vocabulary: list[str]
    characters: list[str]
    word_ngrams: Annotated[int, Meta(ge=0, le=10**9)] = 0  # those that are known; in older states none


class TextTask(ClassificationTask[SettingsT, TextData]):
    """Words (or characters, or both) → embedding → recurrence → pooling → classifier."""

    state_form: ClassVar[type[msgspec.Struct]] = TextState
    baseline_version: ClassVar[int] = 2  # of ``measure_baselines``: a change makes cached figures old ones

    def __init__(self, settings: SettingsT, state: State) -> None:
        super().__init__(settings, state)
        self.vocabulary = Vocabulary(state["vocabulary"], SPECIALS)
        self.characters = Vocabulary(state["characters"], SPECIALS)
        self._ngrams: int = state["word_ngrams"] if settings.word_ngrams >= SHORTEST else 0

    @abstractmethod
    def tokens(self, text: str) -> list[str]:
        """A text's tokens, as the data's were cut."""

    @property
    def input(self) -> Input:
        return self.settings.input

    @property
    def _symbols(self) -> Vocabulary:
        return self.characters if self.input == "characters" else self.vocabulary

    @classmethod
    def load_cached(cls, settings: SettingsT, state: State) -> TextData:
        return data.load_cached(settings, state["cache"])

    def build_network(
        self, make_recurrent: Callable[[int], RecurrentNetwork], beside: nn.Module | None = None
    ) -> SequenceClassifier:
        settings = self.settings
        size, classes = len(self._symbols), len(self.labels)
        embedding = nn.Embedding(size, settings.embedding, padding_idx=0)
        words: nn.Module = embedding
        if settings.word_ngrams >= SHORTEST:  # a word has its own embedding
            words = NgramEmbedding(embedding, size, settings.word_ngrams, self._ngrams, dropout=settings.ngram_dropout)
        spelled = self.input == "both"
        entrance = CharacterEmbedding(words, len(self.characters), settings.embedding) if spelled else words
        recurrent = make_recurrent(settings.embedding * (1 + spelled))
        width = recurrent.directions * recurrent.output_size
        if settings.pretrain_epochs and recurrent.directions > 1 and getattr(recurrent, "layers", 1) > 1:
            raise ValueError(
                "task.pretrain_epochs trains a network that reads both ways to guess the words around, which its "
                "second layer would see: set cell.layers=1, or task.pretrain_epochs=0."
            )
        if settings.pretrain_epochs and recurrent.directions > 1 and settings.word_ngrams >= SHORTEST:
            raise ValueError(
                "task.pretrain_epochs trains a network that reads both ways to guess the words before, which the "
                "n-grams of task.word_ngrams hold: set one of the two to 0."
            )
        pool = make_pooling(settings.pooling, width, recurrent.directions)
        return SequenceClassifier(
            entrance,
            recurrent,
            pool,
            nn.Linear(pool.width, classes),
            dropout=settings.dropout,
            input_dropout=settings.dropout,
            symbol_dropout=settings.word_dropout,
            beside=beside,
        )

    def build_beside(self) -> nn.Module | None:
        longest = self.settings.ngrams
        return LinearNgrams(longest, len(self._symbols), len(self.labels)) if longest else None

    def initialise(self, model: nn.Module, data: TextData) -> None:
        networks = classifiers_of(model)
        self._start_embedding([_embedding(network) for network in networks], data)
        for network in networks:
            if isinstance(words := _words(network), NgramEmbedding):
                words.keys.copy_(data.word_ngrams(self.settings))
        if self.settings.pretrain_epochs:
            for network in networks:
                self._pretrain(network, data)
        if isinstance(model.beside, LinearNgrams):
            self._fit_ngrams(model.beside, data)

    def _pretrain(self, model: SequenceClassifier, data: TextData) -> None:
        settings = self.settings
        pretraining.pretrain(
            model,
            settings.pretrain_epochs,
            lambda rows: self._codes_of(data, rows),
            lambda draw: self.batches(data, "train", pretraining.BATCH, draw),
            words=len(self._symbols),
            source=repr((data.state["cache"], self.input, settings.longest, settings.keep, data.known)),
        )

    def _fit_ngrams(self, beside: LinearNgrams, data: TextData) -> None:
        """Fit the linear model of n-grams; cached, since all that it depends on is the texts as they are read."""

        def fit() -> Encoding:
            report_progress("Learning a linear model of n-grams …")
            train, val = (
                ((self._codes_of(data, rows)[0].cpu(), data.labels[rows].cpu()) for rows in part)
                for part in (torch.split(data.rows[split], TEXTS_AT_ONCE) for split in ("train", "val"))
            )
            count, name = beside.fit(train, val)
            if not count:
                raise DataError("No n-gram stands in two training texts: set task.ngrams=0, or take more data.")
            return {k: tensor.cpu() for k, tensor in beside.state_dict().items()}, {"count": count, "name": name}

        settings = self.settings
        read = (self.input, settings.longest, settings.keep, data.known, settings.ngrams)
        key = cache.key(_NGRAMS_VERSION, cache.library("scikit-learn"), data.state["cache"], *read)
        tensors, about = cache.tensors(f"ngrams-{key}", fit)
        beside.load_state_dict(tensors)
        report_progress(f"{about['count']:,} n-grams weigh in beside the network: {about['name']}.")

    def _start_embedding(self, embeddings: Sequence[nn.Embedding], data: TextData) -> None:
        if self.settings.vectors:
            wanted = {symbol: number for number, symbol in enumerate(self._symbols.tokens)}
            path = Path(self.settings.vectors)
            start, found, repeated = vector_file.kept(path, wanted, self.settings.embedding)
            report_progress(f"{found:,} of {len(wanted):,} embeddings start from {path.name}.")
            if repeated:
                report_progress(f"{repeated:,} lines of {path.name} repeat a word: its first vector is taken.")
        elif self.starts_from_word2vec(data):
            start = word_vectors.word2vec(
                self.settings,
                embeddings[0].num_embeddings,
                lambda: self.sentences(data),
                source=f"{data.state['cache']} {'characters' if self.input == 'characters' else 'words'}",
            )
        else:
            return
        with torch.no_grad():
            for embedding in embeddings:
                embedding.weight.copy_(start)
                embedding.weight[0] = 0  # padding

    def starts_from_word2vec(self, data: TextData) -> bool:
        """Return whether the embedding starts from word2vec, where no file of vectors is named."""
        return self.settings.init == "word2vec"

    def begin_epoch(self, model: nn.Module, epoch: int) -> None:
        for network in classifiers_of(model):
            _embedding(network).weight.requires_grad_(epoch >= self.settings.frozen_epochs)

    def batches(self, data: TextData, split: Split, size: int, generator: Generator | None) -> Sequence[Tensor]:
        whole = self._codes(data).lengths
        if not self.settings.longest and int(whole.max()) > _LONGEST_WHOLE:
            raise DataError(
                f"A text of the data has {int(whole.max()):,} tokens, and task.longest=0 reads all of them: set "
                f"task.longest to what is to be read, such as 1000 (more than {_LONGEST_WHOLE:,} where you have the "
                "memory)."
            )
        lengths = whole[data.rows[split]]
        if self.settings.longest:
            lengths = lengths.clamp(max=self.settings.longest)
        return by_length(data.rows[split], lengths, size, generator)

    def examples(self, data: TextData, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        codes, lengths = self._codes_of(data, rows)
        return codes, lengths, data.labels[rows.to(data.labels.device, non_blocking=True)]

    def texts(self, data: TextData, rows: Tensor) -> list[str]:
        return [tokenizers.joined([self._spoken(data, word) for word in words]) for words in data.words.lists(rows)]

    def _spoken(self, data: TextData, word: int) -> str:
        """A word as it is written, spelled where it is not in the vocabulary; empty for what marks a text's ends."""
        if word in _UNSPOKEN:
            return ""
        if word < data.known:
            return self.vocabulary[word]
        if word >= len(data.letters.lengths):  # the task does not spell
            return UNKNOWN
        [letters] = data.letters.lists(torch.tensor([word]))
        return "".join(self.characters.decode(letters))

    def predict(self, model: nn.Module, text: str) -> list[View]:
        words, codes, lengths = self._read(model, text)
        return [self.answer(text.strip(), model(codes, lengths), *self._unread(words))]

    def reading(self, model: nn.Module, text: str) -> Reading:
        words, codes, _ = self._read(model, text)
        spelled = self.input == "characters"
        symbols = [letter for word in words for letter in (word if spelled and word not in SPECIALS else [word])]
        return self.classifier_reading(model, codes, self._cut(symbols), *self._unread(words))

    def reading_of_row(self, model: nn.Module, data: TextData, row: int) -> Reading:
        rows = torch.tensor([row])
        codes, _ = self._codes_of(data, rows)
        [numbers] = self._codes(data).lists(rows)
        if self.input == "characters":
            symbols = self.characters.decode(numbers)
        else:
            symbols = [self._spoken(data, word) or self.vocabulary[word] for word in numbers]
        device = next(model.parameters()).device
        return self.classifier_reading(model, codes.to(device), self._cut(symbols), label=int(data.labels[row]))

    def step_traits(self, symbols: Sequence[str]) -> Mapping[str, Sequence[float]]:
        return {"end of a sentence": [float(symbol in _SENTENCE_ENDS) for symbol in symbols]}

    def _cut(self, steps: list[_S]) -> list[_S]:
        """Return what is read of a longer text's words, letters or numbers."""
        longest = self.settings.longest or len(steps)
        return steps[:longest] if self.settings.keep == "first" else steps[-longest:]

    def _read(self, model: nn.Module, text: str) -> tuple[list[str], Tensor, Tensor]:
        """Return a text's tokens, and their codes and number as the network takes them.

        Raises:
            ValueError: it has no word, or more than can be read at once.
        """
        words = self.tokens(text)
        if not words:
            raise ValueError(f"{shortened(text)!r} holds no word: type a sentence.")
        device = next(model.parameters()).device
        codes, lengths = self._encode(words, device)
        if not self.settings.longest and codes.shape[1] > _LONGEST_WHOLE:
            raise ValueError(
                f"The text has {codes.shape[1]:,} tokens, and at most {_LONGEST_WHOLE:,} are read at once: give a "
                "shorter one, or train with task.longest set."
            )
        return words, codes, lengths

    def _unread(self, tokens: list[str]) -> Iterator[str]:
        """A sentence each on what of a text's tokens the network does not know or does not read."""
        spoken = [token for token in tokens if token not in SPECIALS]
        letters = [letter for token in spoken for letter in token]
        characters = len(letters) + len(tokens) - len(spoken)  # an end is one character
        in_words, limit = self.input != "characters", self.settings.longest
        yield unread.beyond(
            len(tokens) if in_words else characters, limit, "words" if in_words else "characters", self.settings.keep
        )
        if in_words:
            yield unread.unknown([token for token in spoken if token not in self.vocabulary], len(spoken), "words")
        if self.input != "words":
            unknown = [letter for letter in letters if letter not in self.characters]
            yield unread.unknown(unknown, len(letters), "characters")

    def baseline(self, data: TextData, *, cached_only: bool = False) -> Baselines:
        name = f"{data.state['cache']}-baseline-{self.baseline_version}"
        return kept_baseline(name, lambda: self.measure_baselines(data), cached_only=cached_only)

    def _codes(self, data: TextData) -> Ragged:
        return data.read(self.input)

    def _codes_of(self, data: TextData, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Some texts as the network takes them, (B,T) or (B,T,1+K), and their lengths (B,)."""
        codes, lengths = self._codes(data).padded(rows, self.settings.longest, self.settings.keep)
        if self.input == "both":
            codes = torch.cat([codes[..., None], data.spelling[codes].long()], -1)  # (B,T,1+K)
            codes[..., 0] = as_known(codes[..., 0], data.known)
        elif self.input == "words":
            codes = as_known(codes, data.known)
        return codes, lengths

    def sentences(self, data: TextData) -> list[list[int]]:
        """The training split as word2vec reads it."""
        whole = self._codes(data).lists(data.rows["train"])
        if self.input == "characters":
            return whole
        return [[word if word < data.known else UNKNOWN_NUMBER for word in words] for words in whole]

    def _encode(self, tokens: list[str], device: torch.device) -> tuple[Tensor, Tensor]:
        """Tokens as the network takes them, one text as a batch of one."""
        if self.input == "characters":
            numbers = [number for token in tokens for number in data.character_numbers(token, self.characters)]
        else:
            numbers = self.vocabulary.encode(tokens)
        codes = torch.tensor([self._cut(numbers)], device=device)  # (1,T)
        if self.input == "both":
            letters = [data.character_numbers(token, self.characters) for token in self._cut(tokens)]
            spelling, _ = Ragged.of(letters).padded(
                torch.arange(len(letters)), data.CHARACTERS_PER_WORD, "first"
            )  # (T,K)
            codes = torch.cat([codes[..., None], spelling[None].to(device)], -1)  # (1,T,1+K)
        return codes, torch.tensor([codes.shape[1]])


def _words(network: SequenceClassifier) -> nn.Module:
    """Return the module that embeds words, without that of their characters."""
    entrance = network.input
    return entrance.words if isinstance(entrance, CharacterEmbedding) else entrance


def _embedding(network: SequenceClassifier) -> nn.Embedding:
    """Return the words' own embedding."""
    words = _words(network)
    embedding = words.symbols if isinstance(words, NgramEmbedding) else words
    assert isinstance(embedding, nn.Embedding)
    return embedding
