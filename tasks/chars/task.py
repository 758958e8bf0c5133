"""A language model of characters: the network, its loss and metrics, and what the engine writes with it.

The gradient goes back through one chunk, the state on from chunk to chunk (truncated back-propagation through time).

Sources: A. Graves, Generating Sequences With Recurrent Neural Networks, arXiv:1308.0850, 2013; A. Karpathy, The
Unreasonable Effectiveness of Recurrent Neural Networks, 2015; R. J. Williams and J. Peng, An Efficient Gradient-Based
Algorithm for On-Line Training of Recurrent Network Trajectories, Neural Computation 2(4), 1990.

Shapes: B batch, T time, L characters of a chunk, E embedding, O output size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import torch
from msgspec import Meta
from torch import Generator, Tensor, nn

from tasks.base import (
    Baselines,
    CacheName,
    Evaluation,
    Reading,
    RecurrentNetwork,
    RecurrentState,
    Split,
    State,
)
from tasks.chars import baselines, overview, scoring, text_file
from tasks.chars import data as chars
from tasks.chars.carry import CarriedState
from tasks.chars.data import SPECIALS, CharData
from tasks.chars.scoring import Tally, add_chunks, add_part, network_of, predict, token_nll
from tasks.chars.settings import Settings
from tasks.preview import Preview
from tasks.shared.datasets.cache import kept_baseline
from tasks.shared.sequences.batching import shuffled
from tasks.shared.text.language_model import PlainNetwork, init_bias_to_frequencies
from tasks.shared.text.visible import shortened
from tasks.shared.text.vocabulary import START, UNKNOWN, Vocabulary
from tasks.writer import SampleRequest, Writer

_SHOWN = {" ": "␣", "\n": "⏎", "\t": "⇥"}  # characters that would not be seen


class CharState(msgspec.Struct):
    """Fields of the task's state."""

    vocabulary: list[Annotated[str, Meta(min_length=1, max_length=1)]]
    train_counts: list[Annotated[int, Meta(ge=0)]]
    cache: CacheName = ""

    def __post_init__(self) -> None:
        if len(self.train_counts) != len(SPECIALS) + len(self.vocabulary):
            raise ValueError("There are not as many counts as tokens")


class Task(Writer):
    """A language model of one text's characters."""

    state_form = CharState
    settings: Settings

    def __init__(self, settings: Settings, state: State) -> None:
        super().__init__(settings, state)
        self.vocabulary = Vocabulary(state["vocabulary"], SPECIALS)
        # a text begins where a line does; the most frequent character stands for a line's end where there is none
        self._opening = self.vocabulary.number("\n") or len(SPECIALS)
        self._carried = CarriedState()

    @classmethod
    def load(cls, settings: Settings, folder: Path) -> CharData:
        return chars.load(settings, folder)

    @classmethod
    def load_cached(cls, settings: Settings, state: State) -> CharData:
        return chars.load_cached(settings, state["cache"])

    @classmethod
    def preview(cls, settings: Settings, folder: Path) -> Preview:
        return overview.preview(chars.load(settings, folder), str(text_file.find(settings, folder)))

    def build(self, make_recurrent: Callable[[int], RecurrentNetwork]) -> nn.Module:
        width = self.settings.embedding
        embedding = nn.Embedding(len(self.vocabulary), width)
        network = PlainNetwork(embedding, make_recurrent(width), dropout=self.settings.dropout)
        init_bias_to_frequencies(network.head, torch.tensor(self.state["train_counts"]))
        return network

    def batches(self, data: CharData, split: Split, size: int, generator: Generator | None) -> Sequence[Tensor]:
        """Return batches of chunks; of the training split in streams where the state is carried on."""
        if generator is None or split != "train":
            return shuffled(data.rows[split], size, generator)
        return chars.epoch_batches(data.rows[split], size, generator, carry=self.settings.carry)

    def loss(self, model: nn.Module, data: CharData, rows: Tensor) -> Tensor:
        """Return the mean NLL of the characters of some chunks, in training after the state of those before."""
        carry = self.settings.carry and model.training
        if not carry:
            groups = [scoring.read(model, data.chunks(some)) for some in data.of_one_size(rows)]
            return scoring.loss(model, [outputs for outputs, _, _ in groups], [targets for _, targets, _ in groups])
        outputs, targets, after = scoring.read(model, data.chunks(rows), self._carried.before(rows))
        self._carried.keep(rows, after)
        return scoring.loss(model, [outputs], [targets])

    def loss_weight(self, data: CharData, rows: Tensor) -> Tensor:
        return data.sizes[rows].sum()

    def probe_loss(self, model: nn.Module, data: CharData, rows: Tensor) -> Tensor:
        """Return the mean NLL of each chunk's last character."""
        sizes = data.sizes[rows]
        rows = rows[sizes == sizes.max()]  # a part's last chunk may be shorter
        scores, targets, _ = predict(model, data.chunks(rows))
        return token_nll(scores[:, -1:], targets[:, -1:]).mean()

    def training_state(self) -> Mapping[str, Tensor]:
        return self._carried.tensors()

    def restore_training_state(self, tensors: Mapping[str, Tensor]) -> None:
        self._carried.restore(tensors)

    def join_training_state(self, shares: Sequence[Mapping[str, Tensor]]) -> Mapping[str, Tensor]:
        return CarriedState.joined(shares)

    def share_training_state(self, tensors: Mapping[str, Tensor], process: int, processes: int) -> Mapping[str, Tensor]:
        return CarriedState.share(tensors, process, processes)

    def evaluate(self, model: nn.Module, data: CharData, split: Split, batch_size: int) -> Evaluation:
        """Return NLL and accuracy of the characters of a split.

        Validation and test are read from their first character to their last; of the training split, which may be a
        sample, each chunk after the chunk before it.
        """
        tally, rows = Tally(len(self.vocabulary)), data.rows[split]
        if split == "train":
            for some in self.batches(data, split, batch_size, None):
                add_chunks(tally, model, data, some)
        else:
            add_part(tally, model, data, int(data.starts[rows[0]]), int((data.starts + data.sizes)[rows[-1]]) + 1)
        return Evaluation(metrics=tally.metrics(), views=[tally.table(self._shown)])

    def baseline(self, data: CharData, *, cached_only: bool = False) -> Baselines:
        name = f"{data.state['cache']}-baseline-1"
        never = [self.vocabulary.number(START)]
        return kept_baseline(
            name, lambda: baselines.measure(data, len(self.vocabulary), never), cached_only=cached_only
        )

    @property
    def end(self) -> None:
        """None: a text goes on as far as it is asked for."""
        return

    @property
    def repeatable(self) -> Sequence[int]:
        """All characters: every text repeats them."""
        return range(len(self.vocabulary))

    @property
    def never_sampled(self) -> Sequence[int]:
        return self.vocabulary.encode((UNKNOWN, START))

    def token(self, code: int) -> str:
        return "" if code < len(SPECIALS) else self.vocabulary[code]

    def prompt(self, text: str) -> list[int]:
        if len(text) > self.settings.longest_text:
            raise ValueError(
                f"The beginning has {len(text):,} characters, and at most {self.settings.longest_text:,} are read: "
                "give a shorter one."
            )
        return [self.vocabulary.number(START), *self._codes(text)]

    def read(self, model: nn.Module, codes: Tensor, state: RecurrentState = None) -> tuple[Tensor, RecurrentState]:
        codes = torch.where(codes == self.vocabulary.number(START), self._opening, codes)
        network = network_of(model)
        outputs, after = network(codes, None, state, return_state=True)
        return network.scores(outputs[:, -1]), after

    def sample_request(self, start: str | None = None) -> SampleRequest | None:
        """A text from ``start``, or from the settings' prompt; length, temperature and seed are the settings'."""
        settings, note = self.settings, ""
        title = f"a text, seed {settings.sample_seed}"
        if start is not None:
            self.prompt(start)
            title = shortened(start.strip()) or "a text"
        else:
            start = settings.prompt
            try:
                self.prompt(start)
            except ValueError as error:  # the text may be anyone's: then it begins freely
                start, note = "", str(error)
        if not settings.sample_length:
            return None
        return SampleRequest(
            start=start,
            temperature=settings.temperature,
            seed=settings.sample_seed,
            limit=settings.sample_length,
            title=title,
            note=note,
        )

    def layout(self, text: str) -> str:
        return text.expandtabs(4)

    def reading(self, model: nn.Module, text: str) -> Reading:
        codes = self._codes(text)
        if not codes:
            raise ValueError("There is no character to read: type a text.")
        return self._reading(model, codes, codes[1:])

    def reading_of_row(self, model: nn.Module, data: CharData, row: int) -> Reading:
        codes = data.chunks(torch.tensor([row]))[0].tolist()
        return self._reading(model, codes[:-1], codes[1:])

    def _reading(self, model: nn.Module, codes: Sequence[int], expected: Sequence[int]) -> Reading:
        network = network_of(model)

        def readout(inputs: Tensor, outputs: Tensor, lengths: Tensor) -> Tensor:
            return network.scores(outputs[torch.arange(len(outputs)), (lengths - 1).to(outputs.device)])

        tokens = self._shown
        return Reading(
            symbols=[tokens[code] for code in codes],
            inputs=network.features(torch.tensor([[*codes]], device=network.head.weight.device)),
            readout=readout,
            answers=tokens,
            expected=[*(tokens[code] for code in expected), ""][: len(codes)],
            traits={
                "space": [float(self.token(code).isspace()) for code in codes],
                "end of a line": [float(self.token(code) == "\n") for code in codes],
            },
        )

    @property
    def _shown(self) -> list[str]:
        """The tokens as a table shows them."""
        return [_SHOWN.get(token, token) for token in self.vocabulary.tokens]

    def _codes(self, text: str) -> list[int]:
        """Return a text's characters as tokens, its line ends made alike.

        Raises:
            ValueError: it holds some that the network never saw; one sentence says which.
        """
        plain = text.replace("\r\n", "\n").replace("\r", "\n")
        strange = [character for character in dict.fromkeys(plain) if character not in self.vocabulary]
        if strange:
            shown = " ".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in strange[:20])
            raise ValueError(f"The network never saw {shown} (or too seldom to know it): leave it out.")
        return self.vocabulary.encode(plain)
