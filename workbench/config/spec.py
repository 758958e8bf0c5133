"""RunSpec: one frozen, validated description of a training, read from and written to JSON. No torch.

Every value has a dotted key (``cell.hidden``, ``train.lr``, ``task.input``): the command line's ``--set``,
the presets and the screen's form use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

import cells
import tasks
from cells import CellError
from tasks import TaskError
from tasks.base import DataError, Settings, UsageError, Value
from workbench.config.fields import Field, describe
from workbench.config.options import CellOptions, TrainOptions
from workbench.config.suggestions import did_you_mean

SCHEMA = 1
_MEASURED = "train.eval_train"
_EPOCHS, _LEAST = "train.epochs", "train.min_steps"
_UNKNOWN = object()  # the default of an option whose cell is gone


class SpecError(UsageError, ValueError):
    """A run cannot be described in this way. The message is one plain sentence."""


class Parent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The run and the step that another run was branched from."""

    run: str  # its id; the folder's path where it lay in another folder than the branch
    step: Annotated[int, Meta(ge=0)]
    weights_only: bool = False  # no optimiser's state was taken, nor the random generators'
    before: Mapping[str, Value] = {}  # the parent's values of the settings that the branch changed


class RunSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Description of one training; written once as ``spec.json``, before the worker starts."""

    schema: int = SCHEMA
    task: str
    cell: str
    options: CellOptions
    cell_options: Mapping[str, Value] = {}  # values of the cell's own Options
    train: TrainOptions
    settings: Any  # the task's Settings
    preset: str = ""
    data: Literal["full", "starter"] = "full"
    data_dir: str = ""  # the task's data folder where data is full
    parent: Parent | None = None  # none of a run that began with new weights

    def to_json(self) -> bytes:
        """Return the content of ``spec.json``, without options and parent where there are none, as in older files."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        for name in ("cell_options", "parent"):
            if not fields[name]:
                del fields[name]
        return msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n"


def from_json(text: bytes) -> RunSpec:
    """Read a ``spec.json``.

    Raises:
        SpecError: it is damaged, from a newer version, or names an unknown task.
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
    settings = task_settings(str(raw.get("task")))
    if isinstance(train := raw.get("train"), dict) and (usual := settings.defaults.get(_MEASURED)) is not None:
        train.setdefault(_MEASURED.removeprefix("train."), usual)  # older files lack it, and it changes no training
    try:
        spec = msgspec.convert(raw, RunSpec)
        return msgspec.structs.replace(spec, settings=msgspec.convert(spec.settings, settings))
    except msgspec.ValidationError as error:
        raise SpecError(f"spec.json cannot be read: {error}.") from None


def make(
    task: str,
    cell: str,
    values: Mapping[str, object] | None = None,
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
    settings = task_settings(task)
    own = _cell_options(cell)
    layers: list[Mapping[str, object]] = [settings.defaults]
    if preset:
        chosen = settings.presets[_known("preset", preset, list(settings.presets))]
        layers += [chosen.values, chosen.by_cell.get(cell, {})]
    layers.append(values or {})
    parts: dict[str, dict[str, Any]] = {"cell": {}, "train": {}, "task": {}}
    known = {field.key: field for field in fields(task, cell)}
    for field, given in _layered(layers, known):
        section, _, name = field.key.partition(".")
        try:
            parts[section][name] = field.read(given)
        except ValueError as error:
            raise SpecError(str(error)) from None
        if section == "task" and name in settings.paths and given:
            parts[section][name] = str(_whole_path(field.key, str(given)))  # the worker has another working folder
    try:
        parts["task"] = {**settings.guess(parts["task"]), **parts["task"]}
    except DataError as error:
        raise SpecError(str(error)) from None
    own_names = own.__struct_fields__ if own else ()
    chosen_options = {name: parts["cell"].pop(name) for name in own_names if name in parts["cell"]}
    spec = RunSpec(
        task=task,
        cell=cell,
        options=CellOptions(**parts["cell"]),
        cell_options=_whole_options(own, chosen_options),
        train=TrainOptions(**parts["train"]),
        settings=settings(**parts["task"]),
        preset=preset,
        data=data,
        data_dir=data_dir,
    )
    check(spec)
    return spec


def _layered(layers: Iterable[Mapping[str, object]], known: Mapping[str, Field]) -> Iterator[tuple[Field, object]]:
    """Yield each value with its field, later layers later; epochs that one asks for are not lengthened by earlier ones.

    Raises:
        SpecError: there is no such setting.
    """
    for layer in layers:
        found = {(field := _find(key, known)).key: (field, given) for key, given in layer.items()}
        if _EPOCHS in found:
            found.setdefault(_LEAST, (known[_LEAST], 0))
        yield from found.values()


def _whole_path(key: str, given: str) -> Path:
    try:
        return Path(given).expanduser().absolute()
    except RuntimeError:
        raise SpecError(f"{key}: {given} names the home folder of nobody here: write the whole path.") from None


def fields(task: str, cell: str = "") -> Sequence[Field]:
    """Return every setting of a task's runs: the cell's, the training's, the task's.

    Args:
        cell: whose own options are among them; empty, or no cell that can be read: none.
    """
    own = _options_of(cell)
    if own is None:
        return _fields(task)
    shared = [field for field in _fields(task) if field.key.startswith("cell.")]
    return [*shared, *describe("cell", own), *_fields(task)[len(shared) :]]


@cache
def _fields(task: str) -> Sequence[Field]:
    structs = (("cell", CellOptions), ("train", TrainOptions), ("task", tasks.settings(task)))
    return [field for section, struct in structs for field in describe(section, struct)]


def keys(described: RunSpec) -> list[str]:
    """Return the dotted key of every value that a run has, also where its cell is no longer here."""
    shared = [field.key for field in _fields(described.task)]
    at = len(CellOptions.__struct_fields__)
    return [*shared[:at], *(f"cell.{name}" for name in described.cell_options), *shared[at:]]


def full_key(task: str, cell: str, key: str) -> str:
    """Return the dotted key of a setting of which the last part alone may be given.

    Raises:
        SpecError: there is no such task, cell or setting.
    """
    task_settings(task)
    _cell_options(cell)
    return _find(key, {field.key: field for field in fields(task, cell)}).key


def value(described: RunSpec, key: str) -> Any:
    """Return the value that a run has for a dotted key.

    Raises:
        AttributeError: there is no such setting of this run.
    """
    section, _, name = key.partition(".")
    if section == "cell" and name in described.cell_options:
        return described.cell_options[name]
    return getattr({"cell": described.options, "train": described.train, "task": described.settings}[section], name)


def values(described: RunSpec) -> dict[str, object]:
    """Return every value of a run by its dotted key."""
    return {key: value(described, key) for key in keys(described)}


def changed(described: RunSpec) -> dict[str, object]:
    """Return the settings in which a run differs from its task's defaults, and the options of a cell that is gone.

    Those that were seen in the user's own data are among them, whatever they are: their defaults are others there.
    """
    every = fields(described.task, described.cell if described.cell_options else "")
    usual = {field.key: field.default for field in every}
    usual |= described.settings.defaults
    if described.settings.own_data:
        usual = {key: v for key, v in usual.items() if key.removeprefix("task.") not in described.settings.guessed}
    return {key: own for key in keys(described) if (own := value(described, key)) != usual.get(key, _UNKNOWN)}


def task_settings(task: str) -> type[Settings]:
    """Return a task's settings class.

    Raises:
        SpecError: there is no such task, or it cannot be read.
    """
    try:
        return tasks.settings(task)
    except KeyError:
        raise SpecError(_unknown("task", task, tasks.available())) from None
    except TaskError as error:
        raise SpecError(str(error)) from None


def _cell_options(cell: str) -> type[msgspec.Struct] | None:
    """Raises: SpecError: there is no such cell, or it cannot be read."""
    try:
        return cells.options(cell)
    except KeyError:
        raise SpecError(_unknown("cell", cell, cells.available())) from None
    except CellError as error:
        raise SpecError(str(error)) from None


def _options_of(cell: str) -> type[msgspec.Struct] | None:
    """Return a cell's own options; ``None`` where it has none or cannot be read."""
    with suppress(KeyError, CellError):
        return cells.options(cell)
    return None


def _whole_options(own: type[msgspec.Struct] | None, chosen: Mapping[str, object]) -> dict[str, Value]:
    """Return every option of a cell with its value: the chosen ones, and the others' defaults.

    Raises:
        SpecError: they do not fit together, as the struct's own ``__post_init__`` says.
    """
    if own is None:
        return {}
    try:
        return msgspec.structs.asdict(own(**chosen))
    except (ValueError, TypeError) as error:
        raise SpecError(str(error)) from None


def _find(key: str, known: Mapping[str, Field]) -> Field:
    """Find the field of a key; the last part of the key is enough where only one setting has that name."""
    short = [full for full in known if full.partition(".")[2] == key]
    return known[_known("setting", short[0] if len(short) == 1 else key, known)]


def check(spec: RunSpec) -> None:
    """Check that values which are fine alone fit together.

    Raises:
        SpecError: they do not; one sentence says why.
    """
    if not spec.train.epochs and not spec.train.max_steps:
        raise SpecError("The run would never end: set train.epochs or train.max_steps above 0.")
    if spec.settings.causal and (spec.options.bidirectional or _always_both_ways(spec.cell)):
        raise SpecError(
            f"{spec.task} writes from left to right, so a bidirectional network ({spec.cell}) would see "
            "what it must guess: choose a cell that reads one way."
        )
    try:
        spec.settings.check()
    except ValueError as error:
        raise SpecError(str(error)) from None


def _always_both_ways(cell: str) -> bool:
    try:
        return cells.reads_both_ways(cell)
    except KeyError:
        raise SpecError(_unknown("cell", cell, cells.available())) from None
    except CellError as error:
        raise SpecError(str(error)) from None


def _known(kind: str, name: str, options: Iterable[str]) -> str:
    options = list(options)
    if name not in options:
        raise SpecError(_unknown(kind, name, options))
    return name


def _unknown(kind: str, name: str, options: Sequence[str]) -> str:
    return f"There is no {kind} {name!r}{did_you_mean(name, options)}"
