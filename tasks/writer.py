"""The Writer contract: a task whose network generates text, and the guides that constrain what it generates.

The engine samples for every Writer (``workbench.engine.generation``); a Writer declares what is sampled, and reads it.

Shapes: B batch, T time, V vocabulary.
This file is read by programs that must not import torch; its types are names only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tasks.base import AnyTask, Metrics, RecurrentState, Value
from tasks.views import View

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn


class SampleRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Text that the engine is to sample: its beginning, the draws, and the heading under which it is shown."""

    start: str = ""
    temperature: float = 1.0  # scores are divided by it; 0: the most probable token
    seed: int = 0
    limit: int = 200  # tokens that are sampled at most
    count: int = 1  # texts of a measurement, drawn in one batch
    title: str = "a sample"
    note: str = ""


class GeneratedText(NamedTuple):
    """A sampled text, its beginning included."""

    text: str
    ended: bool  # the network ended it; else the limit was reached


class Guide(ABC):
    """Constraints on a generated text, as the set of tokens that may come next. Shapes: V vocabulary.

    Every answer depends on the tokens before alone, so that one guide serves any number of texts.
    """

    notes: Sequence[str] = ()  # how the constraints were read, a sentence each, for the person who set them

    @abstractmethod
    def allowed(self, codes: Sequence[int]) -> Tensor:
        """(V,) bool on the CPU: the tokens that may follow ``codes``, the start token first; none: a dead end."""

    def is_final(self, codes: Sequence[int]) -> bool:
        """Tell whether no later dead end can take back a token of ``codes``: then they can be shown."""
        return True

    def check_length(self, start: str, length: int) -> None:
        """Refuse a limit that would cut the text short of what the constraints promise.

        Args:
            start: the beginning as the network reads it.
            length: tokens that may follow it.

        Raises:
            ValueError: one sentence gives the length that is needed.
        """
        return


class Writer(AnyTask):
    """A task whose network generates text: it continues a beginning, one token at a time.

    Required: ``end``, ``never_sampled``, ``prompt``, ``token``, ``read``. Everything else has a default. The
    constraints that ``guide`` understands are declared by ``Settings.constraints``.
    """

    @property
    @abstractmethod
    def end(self) -> int | None:
        """The token that ends a text; none: a text goes on up to its limit."""

    @property
    @abstractmethod
    def never_sampled(self) -> Sequence[int]:
        """Tokens that are never sampled: padding, the start, the unknown."""

    @property
    def repeatable(self) -> Sequence[int]:
        """Tokens that the repetition penalty leaves alone, such as punctuation."""
        return ()

    @abstractmethod
    def prompt(self, text: str) -> list[int]:
        """A beginning as tokens, the start token first.

        Raises:
            ValueError: it holds a character that the network never saw; one sentence says which.
        """

    def prepare_prompt(
        self,
        model: nn.Module,
        codes: list[int],
        generators: Sequence[Generator],
        *,
        temperature: float = 1.0,
        guide: Guide | None = None,
    ) -> list[list[int]]:
        """A prompt for each generator, completed by what its text leaves open, such as a form: all of one length."""
        return [[*codes] for _ in generators]

    @abstractmethod
    def token(self, code: int) -> str:
        """A token as text; empty for one that stands for none."""

    @abstractmethod
    def read(self, model: nn.Module, codes: Tensor, state: RecurrentState = None) -> tuple[Tensor, RecurrentState]:
        """Read ``codes`` (B,T) on from ``state`` → scores (B,V) of the next token, and the state after them."""

    def sample_request(self, start: str | None = None) -> SampleRequest | None:
        """The text that the engine samples: after each evaluation (no ``start``), or as the answer to ``predict``.

        It draws nothing from torch's own generator. None: nothing is sampled.

        Raises:
            ValueError: ``start`` cannot be read; one sentence says why.
        """
        return SampleRequest(start=start or "", title=start or "a sample")

    def measurement_request(self) -> SampleRequest | None:
        """The texts that ``sample_metrics`` measures at every evaluation of a split; none by default.

        They are drawn from one generator, row by row at each step, straight from ``prompt`` (no ``prepare_prompt``).
        """
        return None

    def sample_metrics(self, texts: Sequence[GeneratedText]) -> Metrics:
        """Metrics of the texts of ``measurement_request``; they join those of ``evaluate``."""
        return {}

    def predict(self, model: nn.Module, text: str) -> list[View]:
        """Views of a beginning that stand after its continuation, which the engine samples; none by default.

        Raises:
            ValueError: the text cannot be read; one sentence says why.
        """
        return []

    def line_break(self, before: str, character: str) -> str:
        """The line break that a reader's page has between two characters of a text; none by default.

        Args:
            before: the character before it; empty at the beginning.
        """
        return ""

    def layout(self, text: str) -> str:
        """A generated text with the line breaks of a reader's page."""
        return text

    def guide(self, start: str, constraints: Mapping[str, Value]) -> Guide | None:
        """The guide that holds a text with this beginning to the constraints; none where there are none.

        Args:
            constraints: fields of ``Settings.constraints``.

        Raises:
            ValueError: they cannot be met; one sentence says which, and what would be possible.
        """
        if constraints:
            raise ValueError(f"This network writes freely: it knows no {', '.join(constraints)}.")
        return None

    def notes(self, start: str) -> Sequence[str]:
        """Changes made to a beginning so that the network can read it, a sentence each.

        Raises:
            ValueError: it holds a character that the network never saw; one sentence says which.
        """
        return ()

    def checks(self, text: str) -> Mapping[str, object]:
        """Results of rules on a whole text, by name; plain JSON."""
        return {}

    def explain(self, model: nn.Module, text: str) -> list[View]:
        """Views of a text token by token.

        Raises:
            ValueError: the text cannot be read; one sentence says why.
        """
        raise ValueError("There is nothing to explain of what this network writes.")
