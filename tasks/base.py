"""The Task contract: what a folder in ``tasks/`` provides, and what it is handed.

Shapes: B batch, T time, I input size, D directions, O output size, N rows of a split.
This file is read by programs that must not import torch; its types are names only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import msgspec

from tasks.views import Annotation, View

if TYPE_CHECKING:
    from torch import Generator, Tensor, device, nn

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
EVAL_SPLITS = SPLITS[1:]
Value = str | int | float | bool
Metrics = dict[str, float | None]


class PlainError(Exception):
    """Base of the errors whose message is one plain sentence: what was wrong, where, what to do."""


class DataError(PlainError):
    """The data cannot be used. The message is one plain sentence: what, where, what to do."""


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """A named set of ``--set`` values: a published protocol, or a stronger configuration.

    ``by_cell`` holds further values for single cells.
    """

    help: str
    values: Mapping[str, Value]
    by_cell: Mapping[str, Mapping[str, Value]] = {}


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """Presentation of a metric: its heading, the digits after its point, its unit and direction."""

    heading: str
    digits: int = 4
    unit: str = ""
    higher_is_better: bool | None = None  # ``None``: not ranked
    abbreviation: str = ""  # accepted in place of its name by the filter of runs

    @property
    def title(self) -> str:
        """Heading and unit: ``RMSE °C``."""
        return f"{self.heading} {self.unit}".rstrip()


LOSS = Metric(heading="loss", higher_is_better=False)  # every task's


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task's own settings (``--set task.NAME=VALUE``), and what is known of the task without torch."""

    title: ClassVar[str]
    about: ClassVar[str]
    causal: ClassVar[bool] = False  # a causal task refuses a bidirectional cell
    writes: ClassVar[bool] = False  # its networks write texts: its task is a ``tasks.writer.Writer``
    # what a writer's texts can be held to: a struct whose fields hold type, default and one-line help
    constraints: ClassVar[type[msgspec.Struct] | None] = None
    metric: ClassVar[str] = "loss"  # the main one, charted beside the baselines'
    metrics: ClassVar[Mapping[str, Metric]] = {"loss": LOSS}  # the presentation of those that ``evaluate`` returns
    higher_is_better: ClassVar[bool] = False
    best_by_loss: ClassVar[bool] = False  # the lowest validation loss picks the best checkpoint, not ``metric``
    # what the task's data folder must hold: names or glob patterns, alternatives separated by ``|``
    files: ClassVar[Sequence[str]] = ()
    paths: ClassVar[Sequence[str]] = ()  # the settings that name a file or folder of the user's: made absolute
    defaults: ClassVar[Mapping[str, Value]] = {}  # the engine's settings, where the task wants others
    presets: ClassVar[Mapping[str, Preset]] = {}

    @property
    def own_data(self) -> str:
        """A file of the user's that stands in for the task's dataset; empty: there is none."""
        return ""

    @classmethod
    def unavailable_constraints(cls, state: Mapping[str, Any], artifacts: bool) -> Mapping[str, str]:
        """Fields of ``constraints`` that one run's network cannot be held to → why, a sentence each.

        Args:
            state: the run's task state.
            artifacts: the run keeps the tensors of ``Task.artifacts``.
        """
        return {}

    @classmethod
    def describe_metric(cls, name: str) -> Metric:
        """Return the presentation of a metric, or of another column of figures; a plain one if it is not declared."""
        if name in cls.metrics:
            return cls.metrics[name]
        if name == "loss":
            return LOSS
        return Metric(
            heading=name.replace("_", " "), higher_is_better=cls.higher_is_better if name == cls.metric else None
        )

    @classmethod
    def annotator(cls, state: Mapping[str, Any]) -> Callable[[str, bool], Annotation] | None:
        """A function that annotates a generated text: ``(text, whether it has ended)`` → marks; none: no annotations.

        It is called as a text grows, and must be fast.

        Args:
            state: the run's task state.
        """
        return None

    def check(self) -> None:
        """Raise ``ValueError`` (one sentence) where values that are fine alone do not fit together."""


class Recurrent(Protocol):
    """What a task is handed: a recurrent network that knows nothing of the task."""

    input_size: int
    output_size: int  # O of one direction
    directions: int  # D

    def __call__(
        self, x: Tensor, lengths: Tensor | None = None, state: Any = None, *, return_state: bool = False
    ) -> tuple[Tensor, Any]:
        """``x`` (B,T,I), ``lengths`` (B,) on the CPU → outputs (B,T,D·O), zero past each end; the state if asked."""
        ...


class Data(Protocol):
    """A task's encoded examples, all of them tensors on one device."""

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint needs to answer without the dataset: vocabulary, labels, scaler. Plain JSON."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What a person should be told once of this data, a sentence each."""
        ...

    def size(self, split: Split) -> int:
        """N, the examples of a split."""
        ...

    def to(self, device: device) -> Data: ...


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """A split's metrics, and the views that show them."""

    metrics: Metrics
    views: list[View] = []


class Task(ABC):
    """One task with its settings and state (vocabulary, labels), able to answer without its data."""

    part_names: ClassVar[Mapping[str, str]] = {}  # a module's attribute in the network → the words that describe it

    def __init__(self, settings: Any, state: Mapping[str, Any]) -> None:
        self.settings = settings
        self.state = dict(state)
        self.tensors: Mapping[str, Tensor] = {}  # what ``artifacts`` gave when the run began; nothing in older runs

    @property
    def protocol(self) -> str:
        """How this run measures, where that is not the ordinary held-out split; empty otherwise."""
        return ""

    @classmethod
    @abstractmethod
    def load(cls, settings: Any, folder: Path) -> Any:
        """Read, clean, split and encode the data in ``folder`` (cached) → the task's ``Data``.

        Raises:
            DataError: a file is missing or cannot be read as what it should be.
        """

    @classmethod
    def load_cached(cls, settings: Any, state: Mapping[str, Any]) -> Any:
        """The encoded data as an earlier run cached it, though its files are gone.

        Raises:
            FileNotFoundError: it is no longer cached.
        """
        raise FileNotFoundError

    def artifacts(self, data: Any) -> Mapping[str, Tensor]:
        """What a run keeps of its data beside the state, as tensors: ``tensors`` of every later task of that run."""
        return {}

    @abstractmethod
    def build(self, make_recurrent: Callable[[int], Any]) -> nn.Module:
        """The network around a recurrent one: ``make_recurrent(I)`` gives it for the task's input width."""

    def initialise(self, model: nn.Module, data: Any) -> None:  # noqa: B027
        """Called once, before a new run's first step: weights that the data give, such as word vectors.

        Raises:
            DataError: a file that they come from cannot be read.
        """

    def begin_epoch(self, model: nn.Module, epoch: int) -> None:  # noqa: B027
        """Called before an epoch's first step, and where a resumed run goes on within it: freeze, thaw."""

    @abstractmethod
    def batches(self, data: Any, split: Split, size: int, generator: Generator | None) -> Sequence[Any]:
        """The batches of one pass, as row numbers: drawn with ``generator``, or in a fixed order without.

        It depends on nothing but its arguments, so that a resumed run continues within an epoch.
        """

    @abstractmethod
    def loss(self, model: nn.Module, data: Any, rows: Any) -> Tensor:
        """The training loss of one batch, a scalar on the model's device."""

    @abstractmethod
    def evaluate(self, model: nn.Module, data: Any, split: Split, batch_size: int) -> Evaluation:
        """Metrics and views of a split. The model is in evaluation mode and gradients are off."""

    @abstractmethod
    def predict(self, model: nn.Module, text: str) -> list[View]:
        """What the model says to ``text``.

        Raises:
            ValueError: the text cannot be answered; one sentence says why.
        """

    def sample(self, model: nn.Module) -> View | None:
        """Something the network makes, to be read after each evaluation: from a fixed beginning and seed.

        It draws from a generator of its own, so that the training's is left as it was.
        """
        return None

    def baseline(self, data: Any, *, cached_only: bool = False) -> dict[str, dict[str, Metrics]]:
        """Baselines on the same rows: ``{split: {method: metrics}}``. Computed once, cached.

        Args:
            cached_only: give nothing rather than compute.
        """
        return {}
