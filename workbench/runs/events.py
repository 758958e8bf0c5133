"""Events of a run: written to ``events.jsonl`` by the worker, read by all others. No torch.

A number that is not finite is written as ``null``.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from tasks.base import Correctness, Metrics
from tasks.views import View
from workbench.runs.probes import ProbedCell

SCHEMA = 1


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", omit_defaults=True):
    time: float  # Unix seconds


class Started(_Event, frozen=True, kw_only=True, tag="started"):
    """A worker begins, or resumes: what an earlier one wrote after ``from_step`` no longer counts."""

    schema: int
    from_step: int
    pid: int
    host: str
    device: str  # "NVIDIA H100", "CPU, 2 threads"
    precision: str
    kernel: str = ""  # computes the recurrence: "reference", "native", "torch"; none in older runs
    kernel_note: str = ""  # a clause on how exact it is, or why there is no faster one
    versions: dict[str, str]
    parameters: int
    train_size: int
    steps_per_epoch: int
    total_steps: int
    protocol: str = ""
    notes: list[str] = []
    settings: dict[str, Any] = {}  # every value of the spec by its dotted key; none in older runs

    @property
    def kernel_words(self) -> str:
        """The kernel and the clause on it, for whoever shows a run; empty in older runs."""
        return f"{self.kernel} ({self.kernel_note})" if self.kernel_note else self.kernel


class Baseline(_Event, frozen=True, kw_only=True, tag="baseline"):
    """Baselines on the same rows: ``{split: {method: metrics}}``."""

    methods: dict[str, dict[str, Metrics]]


class Step(_Event, frozen=True, kw_only=True, tag="step", gc=False):
    """Progress, at most about four times a second. ``loss`` is the mean since the last one."""

    step: int
    epoch: float
    loss: float | None
    grad_norm: float | None  # the largest since the last event, before clipping
    lr: float
    examples_per_s: float | None
    eta_s: float | None
    memory_mb: float  # resident, or allocated on the GPU


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """The best evaluation so far by the task's own metric."""

    step: int
    metric: str
    value: float | None


class Eval(_Event, frozen=True, kw_only=True, tag="eval"):
    """An evaluation on the validation split, and on a fixed sample of the training split."""

    step: int
    epoch: float
    metrics: Metrics
    views: list[View] = []
    best: Best
    train: Metrics = {}  # of the training sample; none in older runs and where ``train.eval_train`` is 0
    train_s: float = 0.0  # seconds that measuring the training sample took


class Probe(_Event, frozen=True, kw_only=True, tag="probe"):
    """The gradient through time at an evaluation: ‖∂L/∂state‖ by distance to each sequence's end."""

    step: int
    examples: int  # of the validation split, always the same
    distances: list[int]  # every one, or at most ``workbench.engine.probe.MOST_DISTANCES`` evenly spaced
    counts: list[int]  # examples that are so long
    cells: list[ProbedCell]  # by layer, then direction
    seconds: float = 0.0  # that the measurement took


class Sample(_Event, frozen=True, kw_only=True, tag="sample"):
    """A sample that the network generated."""

    step: int
    view: View


class Checkpoint(_Event, frozen=True, kw_only=True, tag="checkpoint"):
    """``last.pt`` is written: the run can be resumed from this step."""

    step: int


class Alarm(_Event, frozen=True, kw_only=True, tag="alarm"):
    """Warning in plain words; the run goes on."""

    step: int
    message: str


class Finished(_Event, frozen=True, kw_only=True, tag="finished"):
    """The training is complete, and its best weights are tested."""

    step: int
    epochs: float
    reason: str
    reached: bool = False  # it ended at ``train.target``
    best: Best
    test: Metrics
    views: list[View] = []
    kept: list[View] = []  # further ones that pictures can show; none in older runs
    correctness: Correctness | None = None  # of the test rows; none in older runs and where nothing is classified
    wall_s: float
    examples_per_s: float


class Stopped(_Event, frozen=True, kw_only=True, tag="stopped"):
    """The training ended on request, with a checkpoint to resume from."""

    step: int
    epochs: float
    wall_s: float
    examples_per_s: float


class Failed(_Event, frozen=True, kw_only=True, tag="failed"):
    """The training ended by an error; the message says in one sentence what happened, where, and what to do."""

    step: int
    message: str


Event = Started | Baseline | Step | Eval | Probe | Sample | Checkpoint | Alarm | Finished | Stopped | Failed
Ended = Finished | Stopped | Failed

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """Return an event as a line of ``events.jsonl``, with its line feed."""
    return msgspec.json.encode(event) + b"\n"


def decode_all(lines: bytes) -> list[Event]:
    """Return the events on whole lines; a line without an event that this version knows is left out."""
    try:
        return _decoder.decode_lines(lines)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [event for event in map(decode, lines.split(b"\n")) if event is not None]


def decode(line: bytes) -> Event | None:
    """Return the event on a line; ``None`` where the line holds none that this version knows."""
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def finite(value: float | None) -> float | None:
    """Return a number that JSON can hold; ``None`` for one that is not finite."""
    return value if value is not None and math.isfinite(value) else None


def all_finite(metrics: Metrics) -> Metrics:
    """Return metrics that JSON can hold."""
    return {name: finite(value) for name, value in metrics.items()}
