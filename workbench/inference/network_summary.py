"""A network that nobody trained yet: what it would consist of, told without making its weights."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

import cells
import tasks
from cells._base import Cell
from cells._recurrent import Recurrent
from tasks.base import AnyTask, DataError
from tasks.shared.datasets import cache, locations
from workbench.config import spec
from workbench.config.spec import RunSpec
from workbench.engine import network
from workbench.inference.protocol import Part, Sketch, Sketched

_COMMON_PARTS = {"pool": "pooling", "head": "output layer"}  # where the task does not name them


def sketch(asked: Sketch) -> Sketched:
    """The parts and the parameters of a described run's network.

    Raises:
        SpecError: it cannot be described or built so.
        DataError: the data that shape it cannot be read.
    """
    described = spec.from_json(bytes(asked.spec))
    task, note = _task(described, Path(asked.data) if asked.data else None)
    parts = list(_parts(_built(described, task), described, {**_COMMON_PARTS, **task.part_names}))
    return Sketched(id=asked.id, parameters=sum(part.parameters for part in parts), parts=parts, note=note)


def _task(described: RunSpec, named: Path | None) -> tuple[AnyTask, str]:
    """The task as its data shape it, and a note where these are not the run's own.

    A dataset of which no encoding is cached is not encoded for a figure's sake: the starter set stands in for it.
    """
    kind, settings = tasks.load(described.task), described.settings
    try:
        source = locations.find(described.task, named, settings)
    except DataError:
        if settings.own_data:
            raise
        source = None  # the screen says so where it tells of the data
    if source is not None:
        if settings.own_data or not locations.starter(described.task).is_dir():
            return kind(settings, _state(described.task, settings, source.folder)), ""
        with suppress(FileNotFoundError), cache.kept_only():
            return kind(settings, _state(described.task, settings, source.folder)), ""
    state = _state(described.task, settings, locations.starter(described.task))
    return kind(settings, state), "with the starter data's vocabulary" if "vocabulary" in state else ""


@functools.lru_cache(maxsize=8)
def _state(task: str, settings: Any, folder: Path) -> Mapping[str, Any]:
    """What the data in ``folder`` tell of the network: read once for as long as the task's settings stay."""
    state: Mapping[str, Any] = tasks.load(task).load(settings, folder).state
    return state


def _built(described: RunSpec, task: AnyTask) -> nn.Module:
    """The network with shapes alone, however large it is."""
    try:
        with _Shapes():
            return network.build(described, task)
    except (NotImplementedError, RuntimeError):  # a cell or task of the user's own looks at its values
        return network.build(described, task)


class _Shapes(TorchFunctionMode):
    """Parameters without memory. What would fill them by chance is left out: torch would import its compiler for it."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "normal_":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **{**kwargs, "device": "meta"} if name == "empty" else kwargs)


def _parts(model: nn.Module, described: RunSpec, words: Mapping[str, str]) -> Iterator[Part]:
    """The network's pieces in their order; those that hold nothing and only carry on are left out."""
    held: dict[int, str] = {}  # the parts' names by the parameters that they hold
    for name, module in _pieces("its own", model):
        if isinstance(module, Recurrent):
            about = cells.about(described.cell).title
            for layer, weights in _layers(module).items():
                yield _part(layer, about, weights, held)
            continue
        weights = dict(module.named_parameters(recurse=not _holds_recurrence(module)))
        own = not type(module).__module__.startswith("torch.") and not _holds_recurrence(module)
        if weights or own:
            yield _part(_label(name, module, words), _about(module) if own else "", weights, held)


def _pieces(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules that a person would name: a network itself, its children, and theirs where a recurrence is deeper."""
    yield name, module
    if _holds_recurrence(module):
        for inner, child in module.named_children():
            yield from _pieces(inner, child)


def _holds_recurrence(module: nn.Module) -> bool:
    """Whether a recurrence is inside; one itself holds none."""
    return not isinstance(module, Recurrent) and any(isinstance(inner, Recurrent) for inner in module.modules())


def _layers(recurrent: Recurrent) -> dict[str, dict[str, Tensor]]:
    """A recurrence's weights by layer and direction, under the names that torch gives them."""
    found: dict[str, dict[str, Tensor]] = {}
    for number, cell in enumerate(recurrent.cells):
        assert isinstance(cell, Cell)
        layer, backward = divmod(number, recurrent.directions)
        direction = "" if recurrent.directions == 1 else " backward" if backward else " forward"
        own: dict[str, Tensor] = dict(cell.named_parameters())
        named = cell.torch_parameters()
        found[f"layer {layer + 1}{direction}"] = named if len(named) == len(own) else own
    return found


def _part(name: str, about: str, weights: Mapping[str, Tensor], held: dict[int, str]) -> Part:
    shapes, parameters = {}, 0
    for weight, tensor in weights.items():
        if id(tensor) in held:
            weight = f"{weight}, shared with {held[id(tensor)]}"
        else:
            held[id(tensor)] = name
            parameters += tensor.numel()
        shapes[weight] = list(tensor.shape)
    return Part(name=name, about=about, weights=shapes, parameters=parameters)


def _label(name: str, module: nn.Module, words: Mapping[str, str]) -> str:
    if isinstance(module, nn.Embedding) and name not in words:
        return "embedding"
    return words.get(name, name.replace("_", " "))


def _about(module: nn.Module) -> str:
    """The first line of what a task's own module says of itself, without its shapes."""
    return (inspect.getdoc(type(module)) or "").partition("\n")[0].partition(": (")[0].rstrip(".:")
