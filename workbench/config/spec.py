"""RunSpec: one frozen, validated description of a training, JSON both ways. No torch.

Every value has a dotted key (``cell.hidden``, ``train.lr``, ``task.input``): the command line's ``--set``,
the presets and the screen's form all speak it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

import cells
import tasks
from tasks.base import PlainError, Settings
from workbench.config.fields import Field, describe
from workbench.config.generation import SEEDS
from workbench.config.suggestions import did_you_mean

SCHEMA = 1


class SpecError(PlainError, ValueError):
    """A run cannot be described so. The message is one plain sentence."""


class CellOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The recurrent network's size and shape."""

    hidden: Annotated[int, Meta(ge=1, le=8192, description="hidden size: width of the state")] = 128
    layers: Annotated[int, Meta(ge=1, le=16, description="cells stacked on one another")] = 1
    bidirectional: Annotated[bool, Meta(description="read each sequence both ways")] = False
    dropout: Annotated[float, Meta(ge=0, lt=1, description="share of outputs dropped between layers")] = 0.0
    output_size: Annotated[
        int, Meta(ge=0, le=65536, description="output width of cells that have one of their own; 0: the hidden size")
    ] = 0


class TrainOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the network is trained, whatever the task."""

    optimizer: Annotated[Literal["adamw", "adam", "rmsprop", "sgd"], Meta(description="optimiser")] = "adamw"
    lr: Annotated[float, Meta(gt=0, le=100, description="learning rate (its peak, where the schedule moves it)")] = 1e-3
    weight_decay: Annotated[float, Meta(ge=0, le=10, description="weight decay")] = 0.0
    momentum: Annotated[float, Meta(ge=0, lt=1, description="momentum of sgd and rmsprop")] = 0.0
    schedule: Annotated[
        Literal["constant", "one-cycle", "cosine"], Meta(description="how the learning rate moves over the run")
    ] = "constant"
    warmup: Annotated[
        float, Meta(gt=0, lt=1, description="share of the steps in which one-cycle's learning rate rises")
    ] = 0.3
    average: Annotated[
        float,
        Meta(ge=0, lt=1, description="decay of a running mean of the weights, evaluated and kept as best; 0: none"),
    ] = 0.0
    clip: Annotated[float, Meta(ge=0, le=1e6, description="largest gradient norm; 0: not clipped")] = 1.0
    batch_size: Annotated[int, Meta(ge=1, le=65536, description="examples a step")] = 128
    epochs: Annotated[int, Meta(ge=0, le=100_000, description="passes over the training split; 0: until max_steps")] = (
        10
    )
    max_steps: Annotated[int, Meta(ge=0, le=10**9, description="steps at most; 0: until epochs are done")] = 0
    eval_every: Annotated[int, Meta(ge=0, le=10**9, description="steps between evaluations; 0: each epoch")] = 0
    patience: Annotated[
        int, Meta(ge=0, le=100_000, description="stop after so many evaluations without a better one; 0: never")
    ] = 0
    checkpoint_seconds: Annotated[float, Meta(ge=0, le=86400, description="seconds between checkpoints")] = 10.0
    seed: Annotated[int, Meta(ge=0, lt=SEEDS, description="seed of every random draw")] = 0
    device: Annotated[
        str,
        Meta(pattern=r"^(auto|cpu|cuda(:[0-9]+)?)\Z", description="auto (CUDA if there is one), cpu, cuda or cuda:1"),
    ] = "auto"
    threads: Annotated[int, Meta(ge=0, le=1024, description="CPU threads; 0: one a core")] = 0
    precision: Annotated[
        Literal["auto", "fp32", "bf16", "fp16"],
        Meta(description="arithmetic of the network; auto: bf16 or fp16 on CUDA, fp32 on the CPU"),
    ] = "auto"


class RunSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One training, whole: written once as ``spec.json`` before the worker starts."""

    schema: int = SCHEMA
    task: str
    cell: str
    options: CellOptions
    train: TrainOptions
    settings: Any  # the task's Settings
    preset: str = ""
    data: Literal["full", "starter"] = "full"
    data_dir: str = ""  # the task's data folder where data is full

    def to_json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def from_json(text: bytes) -> RunSpec:
    """Read a ``spec.json``.

    Raises:
        SpecError: it is damaged, from a newer version, or names a task that is not here.
    """
    try:
        raw = msgspec.json.decode(text)
        schema = raw["schema"]
    except (msgspec.MsgspecError, KeyError, TypeError, UnicodeDecodeError, RecursionError):
        raise SpecError("spec.json is damaged: it is not a run's description.") from None
    if not isinstance(schema, int) or schema > SCHEMA:
        raise SpecError(
            f"This run was described by a newer Workbench (schema {schema}, here {SCHEMA}): update Workbench to open it"
            "."
        )
    try:
        settings = tasks.settings(str(raw.get("task")))
    except KeyError as error:
        raise SpecError(_unknown("task", error.args[0], tasks.available())) from None
    try:
        spec = msgspec.convert(raw, RunSpec)
        return msgspec.structs.replace(spec, settings=msgspec.convert(spec.settings, settings))
    except msgspec.ValidationError as error:
        raise SpecError(f"spec.json cannot be read: {error}.") from None


def make(
    task: str,
    cell: str,
    values: Mapping[str, Any] | None = None,
    *,
    preset: str = "",
    data: Literal["full", "starter"] = "full",
    data_dir: str = "",
) -> RunSpec:
    """Describe a training: engine defaults, then the task's, then the preset's, then ``values``.

    Args:
        values: dotted keys to values; text is read as the key's type.

    Raises:
        SpecError: an unknown name, a value out of bounds, or values that do not fit together.
    """
    settings = tasks.settings(_known("task", task, tasks.available()))
    _known("cell", cell, cells.available())
    layers: list[Mapping[str, Any]] = [settings.defaults]
    if preset:
        chosen = settings.presets[_known("preset", preset, list(settings.presets))]
        layers += [chosen.values, chosen.by_cell.get(cell, {})]
    layers.append(values or {})
    parts: dict[str, dict[str, Any]] = {"cell": {}, "train": {}, "task": {}}
    known = {field.key: field for field in fields(task)}
    for key, given in ((k, v) for layer in layers for k, v in layer.items()):
        field = _find(key, known)
        section, _, name = field.key.partition(".")
        try:
            parts[section][name] = field.read(given)
        except ValueError as error:
            raise SpecError(str(error)) from None
        if section == "task" and name in settings.paths and given:
            parts[section][name] = str(_whole_path(field.key, str(given)))  # the worker stands elsewhere
    spec = RunSpec(
        task=task,
        cell=cell,
        options=CellOptions(**parts["cell"]),
        train=TrainOptions(**parts["train"]),
        settings=settings(**parts["task"]),
        preset=preset,
        data=data,
        data_dir=data_dir,
    )
    _check(spec, settings)
    return spec


def _whole_path(key: str, given: str) -> Path:
    try:
        return Path(given).expanduser().absolute()
    except RuntimeError:
        raise SpecError(f"{key}: {given} names the home folder of nobody here: write the whole path.") from None


@cache
def fields(task: str) -> Sequence[Field]:
    """Every setting of a task's runs: the cell's, the training's, the task's own."""
    return [field for section, struct in _sections(task).items() for field in describe(section, struct)]


def value(described: RunSpec, key: str) -> Any:
    """The value that a run has for a dotted key."""
    section, _, name = key.partition(".")
    return getattr({"cell": described.options, "train": described.train, "task": described.settings}[section], name)


def changed(described: RunSpec) -> dict[str, Any]:
    """The settings in which a run differs from its task's defaults."""
    usual = {field.key: field.default for field in fields(described.task)} | dict(described.settings.defaults)
    return {key: value(described, key) for key, common in usual.items() if value(described, key) != common}


def _sections(task: str) -> dict[str, type[msgspec.Struct]]:
    return {"cell": CellOptions, "train": TrainOptions, "task": tasks.settings(task)}


def _find(key: str, known: Mapping[str, Field]) -> Field:
    """The field of a key; its last part alone is enough where only one setting has that name."""
    short = [full for full in known if full.partition(".")[2] == key]
    return known[_known("setting", short[0] if len(short) == 1 else key, known)]


def _check(spec: RunSpec, settings: type[Settings]) -> None:
    if not spec.train.epochs and not spec.train.max_steps:
        raise SpecError("The run would never end: set train.epochs or train.max_steps above 0.")
    both_ways = spec.options.bidirectional or cells.about(spec.cell).bidirectional
    if settings.causal and both_ways:
        raise SpecError(
            f"{spec.task} writes from left to right, so a bidirectional network ({spec.cell}) would see "
            "what it must guess: choose a cell that reads one way."
        )
    try:
        spec.settings.check()
    except ValueError as error:
        raise SpecError(str(error)) from None


def _known(kind: str, name: str, options: Iterable[str]) -> str:
    options = list(options)
    if name not in options:
        raise SpecError(_unknown(kind, name, options))
    return name


def _unknown(kind: str, name: str, options: Sequence[str]) -> str:
    return f"There is no {kind} {name!r}{did_you_mean(name, options)}"
