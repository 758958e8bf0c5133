"""The Task contract between a folder in ``tasks/`` and the program.

Shapes: B batch, T time, I input size, D directions, O output size, N rows of a split.
This file is read by programs that must not import torch; its types are names only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, NamedTuple, Protocol, Self, TypeVar

import msgspec

from tasks.preview import Preview
from tasks.views import Annotation, View

if TYPE_CHECKING:
    from torch import Generator, Tensor, device, nn

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
EVAL_SPLITS = SPLITS[1:]
Value = str | int | float | bool
CacheName = Annotated[str, msgspec.Meta(pattern=r"^[\w.-]*$")]  # of a task's cached encoding: never a path
Metrics = dict[str, float | None]
Baselines = dict[str, dict[str, Metrics]]  # by split and method
RecurrentState = Any  # a NamedTuple of tensors, or None before the first step
_NO_READING = (
    "Networks of this task cannot be inspected: its task.py has no method reading, of which docs/own-task.md tells."
)
State = Mapping[str, Any]  # plain JSON: vocabulary, labels, scaler


class PlainError(Exception):
    """Base of the errors whose message is one plain sentence: what was wrong, where, what to do."""


class UsageError(PlainError):
    """Something that was asked for is not there, or what was typed does not fit together: exit code 2."""


class DataError(PlainError):
    """Data that cannot be used. The message is one plain sentence: what, where, what to do."""


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
    """A task's own settings (``--set task.NAME=VALUE``), and its description, which needs no torch."""

    title: ClassVar[str]
    about: ClassVar[str]
    default_cell: ClassVar[str] = "lstm"  # the cell that is trained where none is named
    causal: ClassVar[bool] = False  # a causal task refuses a bidirectional cell
    writes: ClassVar[bool] = False  # its networks write texts: its task is a ``tasks.writer.Writer``
    poetry: ClassVar[bool] = (
        True  # a writer's: ``workbench poem`` and its screen ask its networks, else ``write`` alone
    )
    # what a writer's texts can be held to: a struct whose fields hold type, default and one-line help
    constraints: ClassVar[type[msgspec.Struct] | None] = None
    metric: ClassVar[str] = "loss"  # the main one, charted beside the baselines'
    metrics: ClassVar[Mapping[str, Metric]] = {"loss": LOSS}  # the presentation of those that ``evaluate`` returns
    higher_is_better: ClassVar[bool] = False
    example: ClassVar[str] = ""  # a text that a network may be asked about; empty: a row of the data alone
    longest_text: ClassVar[int] = 100_000  # characters of a text that a network is asked about
    best_by_loss: ClassVar[bool] = False  # the lowest validation loss picks the best checkpoint, not ``metric``
    # files of the task's data folder: names or glob patterns, alternatives separated by ``|``
    files: ClassVar[Sequence[str]] = ()
    own_data_only: ClassVar[bool] = False  # there is no dataset: without data of the user's the starter set is read
    data_settings: ClassVar[Sequence[str]] = ()  # those that choose other test examples: such figures do not compare
    # those that change neither the network's shapes nor the examples' encoding: a branch of a run may change them
    training_settings: ClassVar[Sequence[str]] = ()
    paths: ClassVar[Sequence[str]] = ()  # the settings that name a file or folder of the user's: made absolute
    guessed: ClassVar[Sequence[str]] = ()  # the settings that ``guess`` may give
    defaults: ClassVar[Mapping[str, Value]] = {}  # the engine's settings, where the task wants others
    presets: ClassVar[Mapping[str, Preset]] = {}

    @classmethod
    def own_data_names(cls) -> list[str]:
        """Return the names of the settings that may name a file or folder of the user's in place of the dataset."""
        return [name for name in cls.paths if name in cls.data_settings]

    @property
    def own_data(self) -> str:
        """Path of a user's file or folder that replaces the task's dataset; empty: none."""
        return ""

    @property
    def own_data_is_folder(self) -> bool:
        """True where ``own_data`` is to be a folder."""
        return False

    @property
    def subject(self) -> str:
        """Subject of a run of these settings in a few words: ``title``, or the name of the user's own data."""
        return self.title

    @classmethod
    def guess(cls, given: Mapping[str, Any]) -> Mapping[str, Value]:
        """Return values for settings that were not set, seen in the user's own data; a run's description keeps them.

        Args:
            given: the task's settings that are set, by name.

        Raises:
            DataError: the data are not what they should be; one sentence says which setting cures it.
        """
        return {}

    @classmethod
    def unavailable_constraints(cls, state: State, artifacts: bool) -> Mapping[str, str]:
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

    def present_metric(self, name: str) -> Metric:
        """Return the presentation of a metric in a run of these settings: its unit may be that of the user's data."""
        return self.describe_metric(name)

    @classmethod
    def annotator(cls, state: State) -> Callable[[str, bool], Annotation] | None:
        """A function that annotates a generated text: ``(text, whether it has ended)`` → marks; none: no annotations.

        It is called as a text grows, and must be fast.

        Args:
            state: the run's task state.
        """
        return None

    def remarks(self) -> Sequence[str]:
        """Return a sentence for each of the task's own settings that differs from its default and has no effect."""
        return ()

    def check(self) -> None:
        """Raise ``ValueError`` (one sentence) where values that are fine alone do not fit together."""


class RecurrentNetwork(Protocol):
    """Recurrent network that knows nothing of the task which it is handed to."""

    input_size: int
    output_size: int  # O of one direction
    directions: int  # D

    def __call__(
        self, x: Tensor, lengths: Tensor | None = None, state: RecurrentState = None, *, return_state: bool = False
    ) -> tuple[Tensor, RecurrentState]:
        """``x`` (B,T,I), ``lengths`` (B,) on the CPU → outputs (B,T,D·O), zero past each end; the state on request."""
        ...


class Data(Protocol):
    """A task's encoded examples, all of them tensors on one device."""

    @property
    def state(self) -> State:
        """All that a checkpoint needs to answer without the dataset."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """Remarks on this data for the person who trains on it, a sentence each."""
        ...

    def size(self, split: Split) -> int:
        """Return N, the number of examples of a split."""
        ...

    def to(self, device: device) -> Self:
        """Return the same examples on ``device``."""
        ...

    def restricted(self, split: Split, places: Tensor) -> Self:
        """Return the same data with only those examples of a split that stand at ``places`` (n,) in it, below N.

        The training split's metrics are measured on such a sample; they are not where a task's data lack this method.
        """
        ...


SettingsT = TypeVar("SettingsT", bound=Settings)
DataT = TypeVar("DataT", bound=Data)


class Reading(NamedTuple):
    """One sequence on its way through a network, cut before and after the recurrence, for inspection.

    ``readout`` is the rest of the network: (inputs (N,T,I), outputs (N,T,D·O), lengths (N,) on the CPU) → (N,A), what
    the network answers after it has read so many steps of each.
    """

    symbols: Sequence[str]  # T, what each step reads, as people write it
    inputs: Tensor  # (1,T,I), what the recurrence reads
    readout: Callable[[Tensor, Tensor, Tensor], Tensor]
    answers: Sequence[str]  # A, what each of the answer's numbers is of: classes, tokens, times
    unit: str = ""  # of the numbers; empty: they are scores, whose softmax are probabilities
    expected: Sequence[str] = ()  # T, the right answer after each step, empty where there is none; (): not known
    traits: Mapping[str, Sequence[float]] = {}  # T, what is known of each step by name; NaN where it does not apply
    notes: Sequence[str] = ()  # on what of the sequence is not read


class Correctness(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a split that were classified rightly, and those that were not: a bit a row, by row number."""

    bits: bytes  # as numpy.packbits packs them
    count: int  # of rows
    rows: str  # hash of the rows' numbers and labels: two runs with the same tested the same rows


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Metrics of a split, and the views that show them."""

    metrics: Metrics
    views: list[View] = []
    kept: list[View] = []  # further ones for pictures, of a size that is bounded: a few more windows of a forecast
    correctness: Correctness | None = None


class Task(ABC, Generic[SettingsT, DataT]):
    """One task with its settings and state (vocabulary, labels), able to answer without its data."""

    state_form: ClassVar[type[msgspec.Struct] | None] = None  # the fields of ``state`` that the task reads
    part_names: ClassVar[Mapping[str, str]] = {}  # a module's attribute in the network → the words that describe it
    has_windows: ClassVar[bool] = False  # its rows are windows of one series, which screens count from 0

    def __init__(self, settings: SettingsT, state: State) -> None:
        """Raises: msgspec.ValidationError: ``state`` has not the form that the task reads."""
        if self.state_form is not None:
            msgspec.convert(state, self.state_form)
        self.settings = settings
        self.state = dict(state)
        self.tensors: Mapping[str, Tensor] = {}  # the ``artifacts`` of when the run began; none in older runs

    @property
    def protocol(self) -> str:
        """Protocol of this run's evaluation, if that is not the ordinary held-out split; empty otherwise."""
        return ""

    @classmethod
    @abstractmethod
    def load(cls, settings: SettingsT, folder: Path) -> DataT:
        """Read, clean, split and encode the data in ``folder`` (cached).

        Raises:
            DataError: a file is missing or cannot be read as what it should be.
        """

    @classmethod
    def load_again(cls, settings: SettingsT, folder: Path, state: State) -> DataT:
        """Return the data in ``folder`` for an earlier run, split and encoded as the version that began it did.

        Raises:
            DataError: as ``load``.
        """
        return cls.load(settings, folder)

    @classmethod
    def load_cached(cls, settings: SettingsT, state: State) -> DataT:
        """Return the encoded data as an earlier run cached it, though its files are gone.

        Raises:
            FileNotFoundError: it is no longer cached.
        """
        raise FileNotFoundError

    @classmethod
    def preview(cls, settings: SettingsT, folder: Path) -> Preview:
        """Return first rows and facts of the data in ``folder``, or of the user's file, before anything is trained.

        Raises:
            DataError: as ``load``.
        """
        data = cls.load(settings, folder)
        return Preview(
            source=settings.own_data or (str(folder) if settings.files else "examples that the task makes itself"),
            splits={split: data.size(split) for split in SPLITS},
            notes=list(data.notes),
        )

    def artifacts(self, data: DataT) -> Mapping[str, Tensor]:
        """Return the tensors that a run keeps of its data beside the state: ``tensors`` of its later tasks."""
        return {}

    @abstractmethod
    def build(self, make_recurrent: Callable[[int], RecurrentNetwork]) -> nn.Module:
        """Return the network around a recurrent one, which ``make_recurrent(I)`` makes for the task's input width."""

    def initialise(self, model: nn.Module, data: DataT) -> None:
        """Set weights that the data give, such as word vectors: called once, before a new run's first step.

        Raises:
            DataError: a file that they come from cannot be read.
        """

    def begin_epoch(self, model: nn.Module, epoch: int) -> None:
        """Freeze or thaw parameters: called before an epoch's first step, and where a resumed run enters it."""

    @abstractmethod
    def batches(self, data: DataT, split: Split, size: int, generator: Generator | None) -> Sequence[Tensor]:
        """Return the batches of one pass, as row numbers: drawn with ``generator``, or in a fixed order without.

        It depends on nothing but its arguments, so that a resumed run continues within an epoch.
        """

    @abstractmethod
    def loss(self, model: nn.Module, data: DataT, rows: Tensor) -> Tensor:
        """Return the training loss of one batch, a scalar on the model's device."""

    def loss_weight(self, data: DataT, rows: Tensor) -> Tensor | float:
        """Return what the mean in ``loss`` divides by: the examples of a batch, or its tokens, or its classes' weights.

        Where several processes share a batch, their losses are averaged by it.
        """
        return len(rows)

    def training_state(self) -> Mapping[str, Tensor]:
        """Return what the loss carries on from batch to batch, by name; a checkpoint holds it. None by default.

        A loss may carry on only in training mode: networks are asked between two steps, too.
        """
        return {}

    def restore_training_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Take what ``training_state`` returned; nothing of a checkpoint of a version that kept none.

        Raises:
            KeyError, ValueError, TypeError, AttributeError: it is not this task's.
        """
        return

    def join_training_state(self, shares: Sequence[Mapping[str, Tensor]]) -> Mapping[str, Tensor]:
        """Return the training state of a whole batch; process r of N had its rows r, r+N, r+2N… and kept ``shares[r]``.

        A task that has a training state and shares it so among processes also has ``share_training_state``.
        """
        raise NotImplementedError

    def share_training_state(self, tensors: Mapping[str, Tensor], process: int, processes: int) -> Mapping[str, Tensor]:
        """Return one process's share of what ``join_training_state`` returned, or one process alone.

        Raises:
            KeyError, ValueError, TypeError, AttributeError: it is not this task's.
        """
        raise NotImplementedError

    def probe_loss(self, model: nn.Module, data: DataT, rows: Tensor) -> Tensor:
        """Return the loss whose gradient is followed back through time, a scalar: the mean over the batch's examples.

        A task with a loss at every step gives that of each sequence's last one: else a state's gradient is mostly
        that of the loss beside it.
        """
        return self.loss(model, data, rows)

    @abstractmethod
    def evaluate(self, model: nn.Module, data: DataT, split: Split, batch_size: int) -> Evaluation:
        """Return the metrics and views of a split. The model is in evaluation mode and gradients are off."""

    @abstractmethod
    def predict(self, model: nn.Module, text: str) -> list[View]:
        """Return the model's answer to ``text``.

        Raises:
            ValueError: the text cannot be answered; one sentence says why.
        """

    def reading(self, model: nn.Module, text: str) -> Reading:
        """Return a text as the network reads it, step by step.

        Raises:
            ValueError: the text cannot be read, or this task has no readings; one sentence says why.
        """
        raise ValueError(_NO_READING)

    def reading_of_row(self, model: nn.Module, data: DataT, row: int) -> Reading:
        """Return a row of the data as the network reads it, with what is known of it in ``expected`` and ``traits``.

        Raises:
            ValueError: this task has no readings; one sentence says so.
        """
        raise ValueError(_NO_READING)

    def sample(self, model: nn.Module) -> View | None:
        """Return something that the network generates after each evaluation, from a fixed beginning and seed.

        It draws from a generator of its own, so that the training's is left as it was.
        """
        return None

    def baseline(self, data: DataT, *, cached_only: bool = False) -> Baselines:
        """Return the baselines' metrics on the same rows: computed once, then cached.

        Args:
            cached_only: return none rather than compute them.
        """
        return {}


AnyTask = Task[Any, Any]  # a task of which only the contract is known
