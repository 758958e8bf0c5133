"""Summary of a network that is not trained yet: its parts, shapes and parameters, without allocating its weights."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import Tensor, nn

import cells
import tasks
from cells._base import Cell
from cells._recurrent import Recurrent
from tasks.base import AnyTask, DataError
from tasks.shared.datasets import cache, locations
from workbench.config import spec
from workbench.config.spec import RunSpec
from workbench.engine import network
from workbench.inference.protocol import NetworkSummary, NetworkSummaryRequest, Part

_COMMON_PARTS = {"pool": "pooling", "head": "output layer"}  # where the task does not name them


def summarise(request: NetworkSummaryRequest) -> NetworkSummary:
    """Return the parts and the parameters of the network that a run's description asks for.

    Raises:
        SpecError: the description is damaged, or no network can be built so.
        DataError: the data that shape it cannot be read.
    """
    described = spec.from_json(bytes(request.spec))
    task, note = find_task(described, Path(request.data) if request.data else None)
    parts = list(_parts(network.build_on_meta(described, task), described, {**_COMMON_PARTS, **task.part_names}))
    return NetworkSummary(id=request.id, parameters=sum(part.parameters for part in parts), parts=parts, note=note)


_ALIKE = "alike"  # the name under which ``_modules`` yields networks that are built as the one before
# fields of a state that give a network some of its size
_SIZED = {"vocabulary": "vocabulary", "letter_ngrams": "letter n-grams", "word_ngrams": "word n-grams"}


def find_task(described: RunSpec, named: Path | None) -> tuple[AnyTask, str]:
    """Return the task with its data's state, and a note where the data is not the run's own.

    A dataset without a cached encoding is too slow to read here: the starter set stands in for it.

    Args:
        named: the data folder that the user named.

    Raises:
        DataError: the user's own data cannot be read.
    """
    kind, settings = tasks.load(described.task), described.settings
    try:
        source = locations.find(described.task, named, settings)
    except DataError:
        if settings.own_data:
            raise
        source = None  # the Lab's dataset line says so
    if source is not None:
        if settings.own_data or not locations.starter(described.task).is_dir():
            return kind(settings, _state(described.task, settings, source.folder)), ""
        with suppress(FileNotFoundError), cache.kept_only():
            return kind(settings, _state(described.task, settings, source.folder)), ""
    state = _state(described.task, settings, locations.starter(described.task))
    sized = [words for field, words in _SIZED.items() if field in state]
    return kind(settings, state), f"with the starter data's {sized[0]}" if sized else ""


@functools.lru_cache(maxsize=8)
def _state(task: str, settings: Any, folder: Path) -> Mapping[str, object]:
    """State of a task (vocabulary, labels) by the data in ``folder``; read once for the same settings."""
    state: Mapping[str, object] = tasks.load(task).load(settings, folder).state
    return state


def _parts(model: nn.Module, described: RunSpec, words: Mapping[str, str]) -> Iterator[Part]:
    """Yield the parts in the network's order, without torch's modules that hold no parameters."""
    held: dict[int, str] = {}  # id of a parameter → name of the first part that holds it
    for name, module in _modules("its own", model):
        if name == _ALIKE:
            label = f"{len(list(module.children()))} more of the same form"
            yield Part(name=label, about="", weights={}, parameters=network.parameter_count(module))
            continue
        if isinstance(module, Recurrent):
            about = cells.about(described.cell).title
            for layer, weights in _layers(module).items():
                yield _part(layer, about, weights, held)
            continue
        weights = dict(module.named_parameters(recurse=not _holds_recurrence(module)))
        own = not type(module).__module__.startswith("torch.") and not _holds_recurrence(module)
        if weights or own:
            yield _part(_label(name, module, words), _first_line(module) if own else "", weights, held)


def _modules(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield a module, and its children as long as a recurrence is among their descendants."""
    yield name, module
    if not _holds_recurrence(module):
        return
    children = dict(module.named_children())
    if isinstance(module, nn.ModuleList) and len(children) > 1:  # networks of one form: the first stands for all
        first, *others = module
        yield from _modules("0", first)
        yield _ALIKE, nn.ModuleList(others)
        return
    for inner, child in children.items():
        yield from _modules(inner, child)


def _holds_recurrence(module: nn.Module) -> bool:
    """True if a recurrence is among a module's descendants."""
    return not isinstance(module, Recurrent) and any(isinstance(inner, Recurrent) for inner in module.modules())


def _layers(recurrent: Recurrent) -> dict[str, dict[str, Tensor]]:
    """Weights of a recurrence by layer and direction, under torch's names where the cell has them."""
    layers: dict[str, dict[str, Tensor]] = {}
    for number, cell in enumerate(recurrent.cells):
        assert isinstance(cell, Cell)
        layer, backward = divmod(number, recurrent.directions)
        direction = "" if recurrent.directions == 1 else " backward" if backward else " forward"
        own: dict[str, Tensor] = dict(cell.named_parameters())
        named = cell.torch_parameters()
        layers[f"layer {layer + 1}{direction}"] = named if len(named) == len(own) else own
    return layers


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


def _first_line(module: nn.Module) -> str:
    """Return the first line of a module's docstring, without its shapes."""
    return (inspect.getdoc(type(module)) or "").partition("\n")[0].partition(": (")[0].rstrip(".:")
