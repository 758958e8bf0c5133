"""Symbols recalled after many blanks: the network, its loss, its metrics and its answers.

Source: M. Arjovsky, A. Shah and Y. Bengio, Unitary Evolution Recurrent Neural Networks, ICML 2016, section 5.1, after
S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, Neural Computation 9(8), 1997.

Shapes: N rows, T blanks, A symbols of the alphabet, K symbols to be recalled, S = T + 2K steps, B batch, D directions,
O output size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from tasks import base
from tasks.base import EVAL_SPLITS, Baselines, Evaluation, Metrics, Reading, RecurrentNetwork, Split
from tasks.copying import data as copying
from tasks.copying.data import CopyingData
from tasks.copying.settings import LETTERS, Settings
from tasks.shared.classification.model import OneHot
from tasks.shared.sequences.batching import shuffled
from tasks.shared.text.visible import shortened
from tasks.views import Table, TableValue, View


class Recaller(nn.Module):
    """One-hot codes → recurrence → scores of blank and symbols at every step.

    Args:
        recurrent: (B,S,A+2) → (B,S,D·O).
        alphabet: A.
    """

    def __init__(self, recurrent: RecurrentNetwork, alphabet: int) -> None:
        super().__init__()
        self.input = OneHot(alphabet + 2)
        self.recurrent = recurrent
        self.head = nn.Linear(recurrent.directions * recurrent.output_size, alphabet + 1)

    def forward(self, codes: Tensor) -> Tensor:
        """``codes`` (B,S) → scores (B,S,A+1), the blank's last."""
        outputs, _ = self.recurrent(self.input(codes))  # (B,S,D·O)
        scores: Tensor = self.head(outputs)
        return scores

    def readout(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        """Return the scores at each sequence's last step: (B,S,D·O), ``lengths`` (B,) on the CPU → (B,A+1)."""
        rows = torch.arange(len(outputs), device=outputs.device)
        scores: Tensor = self.head(outputs[rows, (lengths - 1).to(outputs.device)])
        return scores


class Task(base.Task[Settings, CopyingData]):
    """Recall of symbols after many blanks."""

    @classmethod
    def load(cls, settings: Settings, folder: Path) -> CopyingData:
        return copying.load(settings)

    def build(self, make_recurrent: Callable[[int], RecurrentNetwork]) -> nn.Module:
        return Recaller(make_recurrent(self.settings.alphabet + 2), self.settings.alphabet)

    def batches(self, data: CopyingData, split: Split, size: int, generator: Generator | None) -> Sequence[Tensor]:
        return shuffled(data.rows[split], size, generator)

    def loss(self, model: nn.Module, data: CopyingData, rows: Tensor) -> Tensor:
        symbols = data.shown(rows)
        wanted = copying.targets(symbols, self.settings.alphabet, self.settings.length)
        return F.cross_entropy(self._scores(model, symbols).flatten(0, 1), wanted.flatten())

    def probe_loss(self, model: nn.Module, data: CopyingData, rows: Tensor) -> Tensor:
        """Return the loss of the last recalled symbol, a scalar: of one step, from which distances are counted."""
        symbols = data.shown(rows)
        return F.cross_entropy(self._scores(model, symbols)[:, -1], symbols[:, -1])

    def evaluate(self, model: nn.Module, data: CopyingData, split: Split, batch_size: int) -> Evaluation:
        recalled = self.settings.recalled
        loss, right = 0.0, torch.zeros(recalled, device=data.symbols.device)
        for rows in self.batches(data, split, batch_size, None):
            symbols = data.shown(rows)
            scores = self._scores(model, symbols)
            wanted = copying.targets(symbols, self.settings.alphabet, self.settings.length)
            loss += float(F.cross_entropy(scores.flatten(0, 1), wanted.flatten())) * len(rows)
            right += (scores[:, -recalled:].argmax(2) == symbols).sum(0)
        size = data.size(split)
        shares = right.double() / size  # (K,)
        shown: list[list[TableValue]] = [[number, share] for number, share in enumerate(shares.tolist(), 1)]
        return Evaluation(
            metrics={"loss": loss / size, "accuracy": float(shares.mean())},
            views=[Table(title="per symbol", columns=["symbol", "accuracy"], rows=shown)],
        )

    def predict(self, model: nn.Module, text: str) -> list[View]:
        symbols = torch.tensor([self._parse(text)], device=next(model.parameters()).device)
        recalled = self._scores(model, symbols)[0, -symbols.shape[1] :].softmax(1)  # (K,A+1)
        written = [*self._letters, "blank"]
        shown: list[list[TableValue]] = [
            [number, written[symbol], written[int(shares.argmax())], float(shares.max()), float(shares[symbol])]
            for number, (symbol, shares) in enumerate(zip(symbols[0].tolist(), recalled, strict=True), 1)
        ]
        columns = ["symbol", "shown", "recalled", "its probability", "probability of the shown"]
        return [Table(title=text.strip(), columns=columns, rows=shown)]

    def reading(self, model: nn.Module, text: str) -> Reading:
        return self._reading(model, torch.tensor([self._parse(text)], device=next(model.parameters()).device))

    def reading_of_row(self, model: nn.Module, data: CopyingData, row: int) -> Reading:
        return self._reading(model, data.shown(torch.tensor([row])))

    def _reading(self, model: nn.Module, symbols: Tensor) -> Reading:
        """Return the reading of the sequence in which symbols (1,K) stand."""
        assert isinstance(model, Recaller)
        alphabet, length = self.settings.alphabet, self.settings.length
        codes = copying.inputs(symbols, alphabet, length)  # (1,S)
        written = [*self._letters, "blank", "recall"]
        first = int(symbols[0, 0])
        before, after = length + symbols.shape[1] - 1, symbols.shape[1]
        return Reading(
            symbols=[written[code] for code in codes[0].tolist()],
            inputs=model.input(codes),
            readout=lambda _, outputs, lengths: model.readout(outputs, lengths),
            answers=written[:-1],
            expected=[written[code] for code in copying.targets(symbols, alphabet, length)[0].tolist()],
            traits={  # of the one step at which it must be remembered and is not said yet
                f"first symbol {letter}": [math.nan] * before + [float(number == first)] + [math.nan] * after
                for number, letter in enumerate(self._letters)
            },
        )

    def baseline(self, data: CopyingData, *, cached_only: bool = False) -> Baselines:
        def memoryless(split: Split) -> Metrics:
            """Guess the symbol that training has most often at each place."""
            guess = data.shown(data.rows["train"]).mode(0).values  # (K,)
            right = (data.shown(data.rows[split]) == guess).double().mean()
            return {"loss": self.settings.memoryless_loss, "accuracy": float(right)}

        return {split: {"without memory": memoryless(split)} for split in EVAL_SPLITS}

    def _scores(self, model: nn.Module, symbols: Tensor) -> Tensor:
        """Return the scores (B,S,A+1) of the sequences in which symbols (B,K) stand; codes put the blank last."""
        scores: Tensor = model(copying.inputs(symbols, self.settings.alphabet, self.settings.length))
        return scores.float()

    @property
    def _letters(self) -> str:
        return LETTERS[: self.settings.alphabet]

    def _parse(self, text: str) -> list[int]:
        """Return the symbols of a text.

        Raises:
            ValueError: it is no sequence of as many symbols as are recalled.
        """
        letters = "".join(text.split())
        form = f"type {self.settings.recalled:,} of the symbols {self._letters}"
        if strange := [letter for letter in letters if letter not in self._letters]:
            raise ValueError(f"{shortened(strange[0])!r} is no symbol of this network: {form}.")
        if len(letters) != self.settings.recalled:
            raise ValueError(f"{shortened(text.strip())!r} has {len(letters):,} symbols: {form}.")
        return [self._letters.index(letter) for letter in letters]
